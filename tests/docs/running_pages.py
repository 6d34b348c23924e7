"""Runs the blocks of a page in order, and says what is not as the page says."""

import re
from collections.abc import Mapping, Sequence

import asyncpg
from tests.docs.given import PLACEHOLDERS, Given
from tests.docs.pages import RUN, SHOWN, Block
from tests.docs.reading import first_json, read, same_shape, shown
from tests.docs.session import Ran, Session

_EXPECTED = re.compile(r"#.*\bexit code ([1-9]\d*)")
_PLACEHOLDER = re.compile(rf"(?<![\w$-])(?:{'|'.join(PLACEHOLDERS)})(?![\w=-])")


async def run_page(blocks: Sequence[Block], session: Session, given: Given, places: Mapping[str, str]) -> None:
    """Run, read and compare all of them. Raises `AssertionError` with the place of what is not as the page says."""
    if given.before:
        before = session.sh(given.before)
        assert not before.failures, f"what the page takes for granted:\n{before.printed}"
    last: Ran | None = None
    for block in blocks:
        text = block.text
        for word, meant in given.stands_for.items():
            text = text.replace(word, meant.format_map(places))
        try:
            if block.language in RUN:
                last = await _run(block.language, text, session)
                assert list(last.failures) == _expected(text), f"exit codes {last.failures}:\n{last.printed}"
            elif block.language == SHOWN:
                assert last is not None, "nothing was run that could show this"
                assert shown(text, last.printed), f"shown was:\n{last.printed}"
            elif block.language == "json" and last is not None and not block.about:
                assert same_shape(first_json(text), first_json(last.printed)), f"shown was:\n{last.printed}"
            else:
                read(block)
        except Exception as error:
            raise AssertionError(f"{block}: {error}") from error


async def _run(language: str, text: str, session: Session) -> Ran:
    match language:
        case "sh":
            return session.sh(_PLACEHOLDER.sub(r"$\g<0>", text))
        case "python":
            return session.python(text)
        case _:
            return Ran([], await _rows(session.environment()["LQS_DATABASE_URL"], text))


def _expected(text: str) -> list[int]:
    return [int(code) for code in _EXPECTED.findall(text)]


async def _rows(database_url: str, sql: str) -> str:
    """What the statements answer; nothing of what they do stays."""
    connection = await asyncpg.connect(database_url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        rows = [row for statement in sql.split(";\n") if statement.strip() for row in await connection.fetch(statement)]
        await transaction.rollback()
        return "\n".join(" ".join(str(value) for value in row) for row in rows)
    finally:
        await connection.close()
