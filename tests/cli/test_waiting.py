"""Waiting on the command line, through everything that can go wrong on the way; the API answers from a script."""

from pathlib import Path

import pytest
from tests.cli.calling import Caller, interrupt, until
from tests.client.scripted_api import KEY, Answer, Cut, scripted_api, state

ID = state()["request_id"]
OTHER = ID.replace("0199", "0200")
ACCEPTED = Answer(202, {"request_id": ID, "status": "pending", "count": 2, "done": False})
AT_ONCE = {"Retry-After": "0"}


@pytest.mark.parametrize(
    ("end", "options", "code", "verdict", "next_step"),
    [
        (("completed", 2), [], 0, "Completed: 2 of 2 problems", f"lqs generation get {ID} --json"),
        (("partial", 1), [], 6, "Partial: 1 of 2 problems", f"lqs generation retry {ID} --wait"),
        (("partial", 1), ["--partial-ok"], 0, "Partial: 1 of 2 problems", f"lqs generation retry {ID} --wait"),
        (("failed", 0), ["--partial-ok"], 5, "Failed: 0 of 2 problems", f"lqs generation get {ID}"),
        (("cancelled", 1), [], 7, "Cancelled: 1 of 2 problems", f"lqs generation get {ID}"),
    ],
)
def test_each_outcome_has_its_verdict_its_code_and_a_next_step(
    home: Path, end: tuple[str, int], options: list[str], code: int, verdict: str, next_step: str
) -> None:
    status, generated = end
    body = state(status, generated=generated) | {"error_summary": [{"code": "provider_timeout", "count": 1}]}
    with scripted_api(Answer(200, body)) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, *options)
    assert ended.code == code
    assert verdict in ended.err
    assert ended.err.splitlines()[-1].startswith(f"  Next: {next_step}")
    assert ("provider_timeout x1" in ended.err) == (status in ("partial", "failed"))


def test_what_still_runs_at_the_timeout_is_code_8_and_says_how_to_go_on(home: Path) -> None:
    with scripted_api(Answer(200, state(generated=1))) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, "--timeout", "0.2s", "--partial-ok")
    assert ended.code == 8
    assert "Still processing after 0." in ended.err
    assert "1 of 2 generated" in ended.err
    assert ended.err.splitlines()[-1] == f"  Next: lqs generation wait {ID}"


def test_an_end_with_an_unknown_word_is_no_success(home: Path) -> None:
    with scripted_api(Answer(200, state("hibernated") | {"done": True})) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID)
    assert ended.code == 1
    assert "'hibernated', a word newer than this program" in ended.err


def test_trouble_on_the_way_is_shown_and_does_not_end_the_waiting(home: Path) -> None:
    script = (Answer(500, {"retryable": False}), Cut(), Answer(200, state()), Answer(429, headers=AT_ONCE))
    with scripted_api(*script, Answer(200, state("completed", generated=2))) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID)
    assert ended.code == 0
    assert ended.err.count("reconnecting in") == 3


@pytest.mark.parametrize("words", [("generation", "wait", ID), ("problems", "generate", "--count", "2", "--wait")])
def test_when_no_worker_lives_this_is_said_once_with_what_to_run(home: Path, words: tuple[str, ...]) -> None:
    looks = (Answer(200, state()), Answer(200, state(version=2)), Answer(200, state("completed", generated=2)))
    script = looks if "wait" in words else (ACCEPTED, *looks)
    said = "no worker is alive; start `lqs worker`"
    with scripted_api(*script, workers_alive=0) as api:
        assert Caller(home, api.url, KEY).piped(*words).err.count(said) == 1
    with scripted_api(*script, workers_alive=2) as api:
        assert said not in Caller(home, api.url, KEY).piped(*words).err


def test_a_server_that_is_down_is_told_at_the_second_try_with_what_to_run(keyed: Caller) -> None:
    short = keyed.piped("generation", "wait", ID, "--timeout", "0s").err
    lines = keyed.piped("generation", "wait", ID, "--timeout", "3s").err.splitlines()
    advice = [number for number, line in enumerate(lines) if "start it with `lqs up`" in line]
    assert [line for line in lines[: advice[0]] if "reconnecting in" in line] == lines[:2]
    assert len(advice) == 1
    assert "start it with" not in short


def test_an_unknown_id_is_no_success(home: Path) -> None:
    with scripted_api(Answer(404, {"title": "Not found", "detail": "No such.", "code": "not_found"})) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID)
    assert (ended.code, ended.out) == (3, "")
    assert "Not found" in ended.err


def test_of_several_each_has_its_verdict_and_the_gravest_is_the_code(home: Path) -> None:
    with scripted_api(Answer(200, state("completed", generated=2)), *[Answer(404, {"code": "not_found"})] * 2) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, OTHER, ID)
    assert ended.code == 3
    assert "Completed" in ended.err
    assert len(api.calls) == 2


def test_in_a_pipe_every_change_is_a_line_with_its_time(home: Path) -> None:
    script = (Answer(200, state()), Answer(304, b"", AT_ONCE), Answer(200, state("completed", version=2, generated=2)))
    with scripted_api(*script) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID)
    lines = [line.split() for line in ended.err.splitlines() if ID in line and "Next" not in line]
    assert [line[1:] for line in lines] == [[ID, "processing", "0/2"], [ID, "completed", "2/2"]]
    assert all(line[0].endswith("Z") for line in lines)
    assert "\x1b" not in ended.err + ended.out


def test_json_is_the_body_of_the_api_unchanged_one_object_a_change(home: Path) -> None:
    odd = {"novelty": [1e-7, 12345678901234567890, "é\u2028"], "nothing": None}
    last = state("completed", version=2, generated=2) | odd
    with scripted_api(Answer(200, state()), Cut(), Answer(200, last)) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, "--json")
    assert (ended.code, ended.last_object) == (0, last)
    assert ended.out.count("\n") == 2
    assert ended.problem["code"] == "reconnecting"


def test_json_of_a_timeout_is_the_last_state_and_a_problem_object(home: Path) -> None:
    with scripted_api(Answer(200, state())) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, "--json", "--timeout", "0")
    assert (ended.code, ended.last_object) == (8, state())
    assert (ended.problem["code"], ended.problem["next"]) == ("wait_timeout", f"lqs generation wait {ID}")


def test_ctrl_c_says_that_the_work_goes_on_and_how_to_come_back(home: Path) -> None:
    with scripted_api(ACCEPTED, Answer(200, state())) as api:
        process = Caller(home, api.url, KEY).started("problems", "generate", "--count", "2", "--wait")
        until(process, "stderr", lambda line: "processing" in line)
        ended = interrupt(process)
    assert ended.code == 130
    assert "the work goes on" in ended.err
    assert ended.err.splitlines()[-1] == f"  Next: lqs generation wait {ID}"
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("words", [("generation", "retry", ID, "--wait"), ("generation", "watch", ID)])
def test_ctrl_c_says_how_to_come_back_whatever_began_the_waiting(home: Path, words: tuple[str, ...]) -> None:
    with scripted_api(Answer(200, state())) as api:
        process = Caller(home, api.url, KEY).started(*words)
        until(process, "stderr", lambda line: "processing" in line)
        ended = interrupt(process)
    assert (ended.code, ended.err.splitlines()[-1]) == (130, f"  Next: lqs generation wait {ID}")


def test_ctrl_c_on_a_terminal_leaves_the_terminal_as_it_was(home: Path) -> None:
    with scripted_api(Answer(200, state())) as api:
        watched = Caller(home, api.url, KEY).on_terminal("generation", "wait", ID, press_ctrl_c_at="processing")
    assert watched.code == 130
    assert f"Next: lqs generation wait {ID}" in watched.text
    assert watched.raw.rindex("\x1b[?25h") > watched.raw.rindex("\x1b[?25l")


def test_on_a_terminal_there_is_a_bar_that_counts(home: Path) -> None:
    slow = state(generated=7, requested=10) | {"poll_after_ms": 300}
    slow["counts"] = {"generated": 7, "failed": 1, "processing": 2}
    with scripted_api(Answer(200, slow), Answer(200, state("partial", generated=9, requested=10))) as api:
        watched = Caller(home, api.url, KEY).on_terminal("generation", "wait", ID)
    assert watched.code == 6
    assert "7/10  failed 1" in watched.text
    assert "9/10  failed 1" in watched.text
    assert "━" in watched.text
    assert "Partial: 9 of 10 problems" in watched.text


@pytest.mark.parametrize(
    ("environment", "words"), [({"NO_COLOR": "1"}, []), ({}, ["--no-color"]), ({"TERM": "dumb"}, [])]
)
def test_who_wants_no_colour_gets_none(home: Path, environment: dict[str, str], words: list[str]) -> None:
    with scripted_api(Answer(200, state("completed", generated=2))) as api:
        caller = Caller(home, api.url, KEY)
        plain = caller.on_terminal("generation", "wait", ID, *words, environment=environment)
        assert caller.on_terminal("generation", "wait", ID).coloured
    assert plain.code == 0
    assert not plain.coloured


def test_a_terminal_that_knows_no_marks_shows_their_numbers(home: Path) -> None:
    body = state("completed", generated=2) | {"entities": [{"entity_type": "poem", "verse": "née ✓ 🙂"}]}
    with scripted_api(Answer(200, body)) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert "n\\xe9e \\u2713" in ended.out


def test_the_right_statement_has_its_reason_too_and_the_tenth_problem_stands_in_line(home: Path) -> None:
    right = {"key": "a", "text": "Elle est née.", "is_correct": True, "translation": "She was born."}
    statements = [
        right | {"explanation": "Naître takes être."},
        {"key": "b", "text": "Elle a née.", "is_correct": False},
    ]
    tenth = {"id": "i", "entity_type": "problem", "slot_index": 9, "instructions": "Choose.", "statements": statements}
    body = state("completed", generated=2) | {"entities": [tenth | {"slot_index": 8, "cefr": "A2"}, tenth]}
    with scripted_api(Answer(200, body)) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID)
    shown = ["    a ✓ Elle est née.", "        “She was born.”", "        Naître takes être.", "    b ✗ Elle a née."]
    rest = [*shown, "    id i", ""]
    assert ended.out.splitlines() == ["9.  Choose.  level A2", *rest, "10. Choose.", *rest]


def test_a_dumb_terminal_gets_lines(home: Path) -> None:
    with scripted_api(Answer(200, state("completed", generated=2))) as api:
        watched = Caller(home, api.url, KEY).on_terminal("generation", "wait", ID, environment={"TERM": "dumb"})
    assert f"{ID}  completed  2/2" in watched.raw
    assert "\x1b" not in watched.raw


def test_a_reader_that_leaves_ends_the_command_quietly(home: Path) -> None:
    with scripted_api(Answer(200, state())) as api:
        process = Caller(home, api.url, KEY).started("generation", "wait", ID, "--json")
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.wait(timeout=100) == 141
            assert process.stderr.read() == ""


def test_a_submission_whose_answer_was_lost_says_how_to_find_out(home: Path) -> None:
    with scripted_api(Cut()) as api:
        ended = Caller(home, api.url, KEY).piped("problems", "generate", "--count", "2")
    key = api.calls[0].headers["idempotency-key"]
    assert ended.code == 1
    assert f"repeat the command with --idempotency-key {key}" in ended.err


def test_a_submission_that_was_interrupted_says_how_to_find_out(home: Path) -> None:
    with scripted_api(Answer(503, headers={"Retry-After": "60"})) as api:
        process = Caller(home, api.url, KEY).started("problems", "generate")
        api.wait_for_calls(1)
        ended = interrupt(process)
    key = api.calls[0].headers["idempotency-key"]
    assert ended.code == 130
    assert f"--idempotency-key {key}" in ended.err


def test_what_a_server_writes_cannot_steer_the_terminal(home: Path) -> None:
    statement = {"key": "a", "text": "\x1b[2J\x9b31mElle\x07", "is_correct": True, "translation": "[red]She[/red]"}
    problem = {"id": "\x1b]0;x\x07", "entity_type": "problem", "instructions": "\x1b[5m", "statements": [statement]}
    body = state("failed\x1b[2J") | {"done": True, "entities": [problem], "error_message": "\x1b[2J"}
    with scripted_api(Answer(200, body)) as api:
        caller = Caller(home, api.url, KEY)
        ended = [caller.piped("generation", verb, ID) for verb in ("wait", "get")]
    for one in ended:
        assert not any(sign in one.out + one.err for sign in ("\x1b", "\x9b", "\x07"))
        assert "[red]She[/red]" in one.out


def test_where_it_stands_is_told_in_words(home: Path) -> None:
    foreseen = {"percent": 0, "phase": "queued", "queue_position": 42, "eta_seconds": 130, "basis": None}
    queued = state("pending") | {"progress": foreseen, "health": "slow"}
    with scripted_api(Answer(200, queued), Answer(200, state("completed", generated=2))) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "watch", ID)
    assert f"{ID}  pending, place 42 in the queue, about 2m10s left, slow  0/2" in ended.err
    assert (ended.code, ended.out) == (0, "")


@pytest.mark.parametrize(("until", "code"), [("done", 0), ("completed", 5)])
def test_waiting_for_any_end_is_content_with_a_failure(home: Path, until: str, code: int) -> None:
    with scripted_api(Answer(200, state("failed"))) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, "--for", until)
    assert (ended.code, "Failed: 0 of 2 problems" in ended.err) == (code, True)


def test_an_end_that_there_is_not_is_refused(home: Path) -> None:
    with scripted_api(Answer(200, state("failed"))) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID, "--for", "success")
    assert (ended.code, "completed, done" in ended.err) == (2, True), ended.err
