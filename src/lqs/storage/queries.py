"""Named SQL statements: read from `sql/*.sql`, checked when they are loaded, run by name.

A statement starts with a line that declares its parameters, and uses each of them at least once:

    -- name: claim(worker_id, batch)
    SELECT ... WHERE worker_id = :worker_id LIMIT :batch

PostgreSQL's own colons stay what they are: casts (`::`), `:=`, and array slices, whose colon follows its operand
without a blank (`[1:2]`, `[low:high]`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asyncpg import Record

from lqs.observability.telemetry import Part, part
from lqs.storage.database import Connection

FOLDER = Path(__file__).parent / "sql"

_TOKEN = re.compile(
    r"""
      (?P<line_comment> --[^\n]* )
    | (?P<block_comment> /\* )
    | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<dollar_quote> \$(?:[^\W\d]\w*)?\$ )
    | (?P<positional> \$\d+ )
    | (?P<word> [^\W\d][\w$]* | \d\w* )
    | (?P<operator> :: | := )
    | (?<![\w\])"$]) : (?P<parameter> [^\W\d]\w* )
    | (?P<unfinished> ['"] )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_NAME_LINE = re.compile(r"--\s*name:\s*(?P<name>[a-z]\w*)\s*(?:\((?P<parameters>[\w\s,]*)\))?\s*")


class StatementInvalid(Exception):
    """A SQL file cannot be loaded; the message names the file, the statement and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with `$n` placeholders; `parameters` are their names in that order.

    `place` is where it stands, as `claims.claim`: spans of statements are called so, and the text begins with it.
    """

    name: str
    place: str
    text: str
    parameters: tuple[str, ...]

    async def fetch(self, connection: Connection, /, **arguments: object) -> list[Record]:
        """All rows. Raises `TypeError` when the argument names are not exactly the declared parameters."""
        ordered = self._ordered(arguments)
        with self._traced():
            return await connection.fetch(self.text, *ordered)

    async def fetchrow(self, connection: Connection, /, **arguments: object) -> Record | None:
        """The first row, or None. Raises `TypeError` like `fetch`."""
        ordered = self._ordered(arguments)
        with self._traced():
            return await connection.fetchrow(self.text, *ordered)

    async def fetchval(self, connection: Connection, /, **arguments: object) -> Any:
        """The first column of the first row, or None. Raises `TypeError` like `fetch`."""
        ordered = self._ordered(arguments)
        with self._traced():
            return await connection.fetchval(self.text, *ordered)

    async def execute(self, connection: Connection, /, **arguments: object) -> str:
        """Run it and return PostgreSQL's command tag, such as `UPDATE 3`. Raises `TypeError` like `fetch`."""
        ordered = self._ordered(arguments)
        with self._traced():
            return await connection.execute(self.text, *ordered)

    def _traced(self) -> Part:
        return part("statement", {"statement": self.place})

    def _ordered(self, arguments: Mapping[str, object]) -> list[object]:
        if arguments.keys() != set(self.parameters):
            missing = [name for name in self.parameters if name not in arguments]
            unknown = [name for name in arguments if name not in self.parameters]
            faults = [
                f"{kind} {', '.join(names)}"
                for kind, names in (("misses", missing), ("has no parameter", unknown))
                if names
            ]
            raise TypeError(f"statement {self.name} {' and '.join(faults)}")
        return [arguments[name] for name in self.parameters]


def queries(noun: str, folder: Path = FOLDER) -> Mapping[str, Statement]:
    """The statements of `<folder>/<noun>.sql` by name.

    Raises `StatementInvalid` when a statement is unfinished, a name is given twice, or the declared parameters are not
    exactly the used ones.
    """
    file = folder / f"{noun}.sql"
    statements: dict[str, Statement] = {}
    for draft in _drafts(file.read_text(encoding="utf-8"), file.name):
        statement = draft.finish(noun)
        if statement.name in statements:
            raise StatementInvalid(f"{draft.place} is there twice")
        statements[statement.name] = statement
    return MappingProxyType(statements)


class _Draft:
    """A statement being read: its declared parameters, the pieces of its text, the parameters seen so far."""

    def __init__(self, file: str, name: str, parameters: tuple[str, ...]) -> None:
        self.place = f"{file}: {name}" if name else f"{file}: before the first name line"
        self.name = name
        self.parameters = parameters
        self.pieces: list[str] = []
        self.used: set[str] = set()

    def placeholder(self, parameter: str) -> str:
        if parameter not in self.parameters:
            raise StatementInvalid(f"{self.place} uses :{parameter}, which its name line does not declare")
        self.used.add(parameter)
        return f"${self.parameters.index(parameter) + 1}"

    def finish(self, noun: str) -> Statement:
        text = "".join(self.pieces).strip().removesuffix(";").rstrip()
        if not text:
            raise StatementInvalid(f"{self.place} has no text")
        unused = [name for name in self.parameters if name not in self.used]
        if unused:
            raise StatementInvalid(f"{self.place} declares but never uses {', '.join(unused)}")
        if len(set(self.parameters)) < len(self.parameters):
            raise StatementInvalid(f"{self.place} declares a parameter twice")
        place = f"{noun}.{self.name}"
        return Statement(self.name, place, f"-- {place}\n{text}", self.parameters)


def _drafts(source: str, file: str) -> list[_Draft]:
    drafts = [_Draft(file, "", ())]
    position = 0
    while match := _TOKEN.search(source, position):
        drafts[-1].pieces.append(source[position : match.start()])
        position = match.end()
        if match.lastgroup == "line_comment":
            if _is_name_line(source, match):
                drafts.append(_begin(file, match.group()))
        elif match.lastgroup in ("block_comment", "dollar_quote"):
            position = _end_of_long_token(source, match, drafts[-1].place)
            drafts[-1].pieces.append(" " if match.group() == "/*" else source[match.start() : position])
        else:
            drafts[-1].pieces.append(_translated(match, drafts[-1]))
    drafts[-1].pieces.append(source[position:])
    if "".join(drafts[0].pieces).strip():
        raise StatementInvalid(f"{drafts[0].place} there is text")
    return drafts[1:]


def _translated(match: re.Match[str], draft: _Draft) -> str:
    token = match.group()
    match match.lastgroup:
        case "parameter":
            return draft.placeholder(match["parameter"])
        case "positional":
            raise StatementInvalid(f"{draft.place} uses {token}; declare a parameter with a name instead")
        case "unfinished":
            raise StatementInvalid(f"{draft.place} has a {token} that is never closed")
        case _:
            return token


def _is_name_line(source: str, comment: re.Match[str]) -> bool:
    starts_line = source.rfind("\n", 0, comment.start()) + 1 == comment.start()
    return starts_line and comment.group().removeprefix("--").lstrip().startswith("name:")


def _begin(file: str, line: str) -> _Draft:
    header = _NAME_LINE.fullmatch(line)
    declared = (header["parameters"] or "").strip() if header else ""
    names = tuple(name.strip() for name in declared.split(",")) if declared else ()
    if header is None or not all(name.isidentifier() for name in names):
        raise StatementInvalid(f"{file}: this name line is not like `-- name: claim(worker_id, batch)`: {line}")
    return _Draft(file, header["name"], names)


def _end_of_long_token(source: str, opening: re.Match[str], place: str) -> int:
    edge: re.Pattern[str] = _COMMENT_EDGE if opening.group() == "/*" else re.compile(re.escape(opening.group()))
    position, depth = opening.end(), 1
    while depth:
        found = edge.search(source, position)
        if found is None:
            raise StatementInvalid(f"{place} has a {opening.group()} that is never closed")
        position = found.end()
        depth += 1 if found.group() == "/*" else -1
    return position
