"""The table of exit codes, row by row: for each code a command that ends with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.calling import Caller, interrupt, until
from tests.client.scripted_api import KEY, Answer, Cut, scripted_api, state

from lqs.cli.exit_codes import ExitCode

ID = state()["request_id"]
WAIT = ("generation", "wait", ID)


def ended(home: Path, answer: Answer | Cut, *words: str) -> int:
    with scripted_api(answer) as api:
        return Caller(home, api.url, KEY).piped(*words).code


def outcome(status: str) -> Callable[[Path], int]:
    return lambda home: ended(home, Answer(200, state(status, generated=1)), *WAIT)


def interrupted(home: Path) -> int:
    with scripted_api(Answer(200, state())) as api:
        process = Caller(home, api.url, KEY).started(*WAIT)
        until(process, "stderr", lambda line: "processing" in line)
        return interrupt(process).code


def read_by_somebody_who_leaves(home: Path) -> int:
    """`lqs generation list --all --ids | head -1`, with pages without end."""
    page = {"results": [state() for _ in range(100)], "next_cursor": "more", "limit": 100}
    with scripted_api(Answer(200, page)) as api:
        process = Caller(home, api.url, KEY).started("generation", "list", "--all", "--ids")
        first = until(process, "stdout", bool)
        assert process.stdout is not None
        process.stdout.close()
        with process:
            code = process.wait(timeout=100)
            assert process.stderr is not None
            assert (first, process.stderr.read()) == (f"{ID}\n", "")
    return code


ROWS: dict[ExitCode, Callable[[Path], int]] = {
    ExitCode.DONE: outcome("completed"),
    ExitCode.ERROR: lambda home: ended(
        home, Answer(500, {"code": "internal_error", "retryable": False}), "keys", "list"
    ),
    ExitCode.USAGE: lambda home: ended(home, Answer(), "generation", "wait", "no-id"),
    ExitCode.NOT_FOUND: lambda home: ended(home, Answer(404, {"code": "not_found"}), *WAIT),
    ExitCode.NOT_ALLOWED: lambda home: ended(home, Answer(401), *WAIT),
    ExitCode.FAILED: outcome("failed"),
    ExitCode.PARTIAL: outcome("partial"),
    ExitCode.CANCELLED: outcome("cancelled"),
    ExitCode.STILL_RUNNING: lambda home: ended(home, Answer(200, state()), *WAIT, "--timeout", "0"),
    ExitCode.INTERRUPTED: interrupted,
    ExitCode.OUTPUT_CLOSED: read_by_somebody_who_leaves,
}


def test_every_row_of_the_table_is_tested() -> None:
    assert set(ROWS) == set(ExitCode)


@pytest.mark.parametrize(("code", "happen"), ROWS.items(), ids=[code.name for code in ROWS])
def test_the_exit_code_is_that_of_its_row(home: Path, code: ExitCode, happen: Callable[[Path], int]) -> None:
    assert happen(home) == code


@pytest.mark.parametrize("verb", ["get", "wait", "watch", "cancel", "retry"])
def test_ids_come_from_standard_input(home: Path, verb: str) -> None:
    other = ID.replace("0199", "0200")
    with scripted_api(Answer(200, state("completed", generated=2))) as api:
        caller = Caller(home, api.url, KEY)
        done = caller.piped("generation", verb, "-", "--json", typed=f"{ID}\n{other}\n{ID}\n")
        calls = {call.path.split("/")[2] for call in api.calls}
        empty = caller.piped("generation", verb, "-", typed="")
        wrong = caller.piped("generation", verb, "-", typed="foo\n")
    assert (done.code, done.out.count("\n")) == (0, 2)
    assert all(json.loads(line)["done"] for line in done.out.splitlines())
    assert calls == {ID, other}
    assert (empty.code, "there are no ids on standard input" in empty.err) == (2, True)
    assert (wrong.code, "'foo' is malformed" in wrong.err) == (2, True)
