"""What runs the pages finds what is wrong with one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.given import Given
from tests.docs.pages import blocks
from tests.docs.reading import same_shape, shown
from tests.docs.running_pages import run_page
from tests.docs.session import Session, session


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Session]:
    (tmp_path / "clone").mkdir()
    with session(tmp_path, {}) as running:
        yield running


@pytest.mark.parametrize(
    "text",
    [fenced("", "lqs up"), fenced("bash", "lqs up"), "Say:\n\n    lqs up\n", "```sh\nlqs up\n"],
    ids=["no language", "a language that nobody runs", "indented", "without an end"],
)
def test_code_that_would_not_be_run_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^page\.md:\d: "):
        blocks("page.md", text)


def test_a_block_within_a_list_is_taken_out_of_it() -> None:
    [block] = blocks("page.md", "1. Run:\n\n   ```sh\n   if true; then\n       ls\n   fi\n   ```\n")
    assert (block.line, block.text) == (3, "if true; then\n    ls\nfi\n")


async def test_blocks_have_what_earlier_ones_left_behind(shell: Session) -> None:
    text = (
        fenced("sh", "export WORD=one; echo two >file")
        + fenced("python", "import os\nwords = [os.environ['WORD'], open('file').read().strip()]")
        + fenced("python", "print(words, ID)\n")
        + fenced("text", "['one', 'two'] ...")
    )
    given = Given(stands_for={"ID": "'{url}'"})
    await run_page(blocks("page.md", text), shell, given, {"url": "there"})


@pytest.mark.parametrize(
    "text",
    [
        fenced("sh", "true\nfalse\ntrue"),
        fenced("sh", "(exit 5)  # exit code 6: another one"),
        fenced("sh", "true  # exit code 6: it does not fail"),
        fenced("sh", "echo $ID\n[ -n ID ] && [ ID = other ]\nls ID"),
        fenced("sh", "exit 0"),
        fenced("python", "raise SystemExit"),
        fenced("sh", "echo one") + fenced("text", "two"),
        fenced("sh", "echo one; echo two") + fenced("text", "one"),
        fenced("text", "printed by nothing"),
        fenced("sh", """echo 'It is {"a": 1}'""") + fenced("json", '{"a": "1"}'),
        fenced("json", '{"count": 1}'),
        fenced("json GenerateProblems", '{"counts": 1}'),
        fenced("json NoSuchSchema", "{}"),
        fenced("json schemas/events/generation_request.v1.json", "{}"),
        fenced("yaml", "a: [1"),
        fenced("yaml", "word"),
        fenced("toml", "a = word"),
        fenced("ini", "a = 1"),
        fenced("mermaid", "graph of something"),
        fenced("mermaid", "flowchart LR\n  a[b"),
    ],
)
async def test_what_is_not_as_the_page_says_fails(text: str, shell: Session) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:\d+: "):
        await run_page(blocks("page.md", text), shell, Given(), {})


async def test_exit_codes_that_are_told_are_expected_in_their_order(shell: Session) -> None:
    text = "true; (exit 5)  # exit code 5: so it is\n(exit 3) || true\n(exit 7)  # exit code 7: and so it goes on"
    await run_page(blocks("page.md", fenced("sh", text)), shell, Given(), {})


async def test_sql_is_run_on_the_database_and_undone(shell: Session, database_url: str) -> None:
    shell.sh(f"export LQS_DATABASE_URL={database_url}")
    text = (
        fenced("sql", "DELETE FROM owners;\nCREATE TABLE one (of_them int);\nSELECT count(*), 'owners' FROM owners;")
        + fenced("text", "0 owners")
        + fenced("sql", "SELECT to_regclass('one') IS NULL")
        + fenced("text", "True")
    )
    await run_page(blocks("page.md", text), shell, Given(), {})
    with pytest.raises(AssertionError, match="no_such_table"):
        await run_page(blocks("page.md", fenced("sql", "SELECT * FROM no_such_table")), shell, Given(), {})


def test_an_answer_has_what_the_page_shows_of_it_and_may_have_more() -> None:
    answer = {"status": "failed", "counts": {"failed": 2, "pending": 0}, "slots": [{"index": 0}, {"index": 1}]}
    assert same_shape({"counts": {"failed": 1}, "slots": [{"index": 4}]}, answer)
    assert same_shape({"slots": []}, answer)
    assert not same_shape({"counts": {"generated": 1}}, answer)
    assert not same_shape({"slots": [{"error": "internal"}]}, answer)


def test_what_was_printed_is_compared_word_for_word_but_for_ids_times_and_what_dots_stand_for() -> None:
    printed = (
        "Completed: 3 of 3 problems in 4.1 s.\n  ID  01a2072e-2c9e-7a2d-bddc-35b8ae1ebeab\n\n2026-11-23 06:50:39\n"
    )
    assert shown("Completed: 3 of 3 problems in 12 s.\nID 0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d\n...\n", printed)
    assert shown("Completed: ...\n...\n2020-01-01 00:00:00", printed)
    assert not shown("Completed: 3 of 4 problems in 12 s.\n...", printed)
    assert not shown("Completed: 3 of 3 problems in 12 s.", printed)
