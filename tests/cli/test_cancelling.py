"""`lqs generation cancel`: several at once, each told what became of it; the API answers from a script."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.calling import Caller
from tests.client.scripted_api import KEY, Answer, Cut, scripted_api, state

from running import Service

ID = state()["request_id"]
OTHER = ID.replace("0199", "0200")
ASKED = {"mode": "graceful", "reason": None, "requested_at": "2030-01-31T12:00:00Z"}


def cancelling() -> dict[str, Any]:
    cancel = ASKED | {"settles_by": "2030-01-31T12:01:45Z", "outcome": "pending"}
    return state("cancelling", generated=0) | {"cancel": cancel, "counts": {"processing": 2}}


def test_what_is_in_flight_is_told_with_its_end_and_how_to_end_it_at_once(home: Path) -> None:
    with scripted_api(Answer(202, cancelling())) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "cancel", ID, "--reason", "wrong lesson")
    assert (ended.code, ended.out) == (0, "")
    [call] = api.calls
    assert (call.method, call.path) == ("POST", f"/generation-requests/{ID}/cancel")
    assert json.loads(call.body) == {"mode": "graceful", "reason": "wrong lesson"}
    assert ended.err.splitlines() == [
        f"{ID}  cancelling: 2 in flight may finish and be kept, until 2030-01-31T12:01:45Z",
        f"  Next: lqs generation wait {ID}, or end it at once: lqs generation cancel {ID} --abort",
    ]


@pytest.mark.parametrize(
    ("status", "made", "told"),
    [
        ("cancelled", 1, "cancelled: 1 of 2 problems were generated before"),
        ("completed", 2, "too late: it had ended before as completed, 2 of 2 problems generated"),
        ("hibernated", 0, "too late: it had ended before as hibernated, 0 of 2 problems generated"),
    ],
)
def test_what_is_done_says_how_it_ended_and_that_is_no_failure(home: Path, status: str, made: int, told: str) -> None:
    with scripted_api(Answer(200, state(status, generated=made) | {"done": True})) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "cancel", ID, "--abort")
    assert (ended.code, json.loads(api.calls[0].body)) == (0, {"mode": "abort"})
    assert ended.err.splitlines()[0] == f"{ID}  {told}"
    assert ended.err.splitlines()[1].startswith(f"  Next: lqs generation get {ID}")


def test_of_several_one_that_is_not_there_keeps_no_other_from_being_cancelled(home: Path) -> None:
    unknown = Answer(404, {"title": "Not found", "code": "not_found", "retryable": False})
    with scripted_api(unknown, Answer(202, cancelling())) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "cancel", OTHER, ID, OTHER)
    assert ended.code == 3
    assert [call.path.split("/")[2] for call in api.calls] == [OTHER, ID]
    assert "Not found" in ended.err
    assert f"{ID}  cancelling" in ended.err


def test_json_is_one_body_of_the_api_a_line(home: Path) -> None:
    bodies = [cancelling(), state("cancelled") | {"request_id": OTHER}]
    with scripted_api(*(Answer(202, body) for body in bodies)) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "cancel", ID, OTHER, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert [json.loads(line) for line in ended.out.splitlines()] == bodies


def test_waiting_for_a_cancellation_ends_well_whatever_was_made(home: Path) -> None:
    script = (Answer(202, cancelling()), Answer(200, cancelling()), Answer(200, state("cancelled", generated=1)))
    with scripted_api(*script) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "cancel", ID, "--wait")
    assert ended.code == 0
    assert "Cancelled: 1 of 2 problems were generated before." in ended.err
    with scripted_api(Answer(202, cancelling())) as api:
        late = Caller(home, api.url, KEY).piped("generation", "cancel", ID, "--wait", "--timeout", "0.1s")
    assert late.code == 8
    assert "Still cancelling after" in late.err


def test_a_cancellation_that_was_cut_off_is_asked_for_again(home: Path) -> None:
    with scripted_api(Cut(), Answer(200, state("cancelled"))) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "cancel", ID)
    assert (ended.code, len(api.calls)) == (0, 2)


def test_the_terms_go_to_the_api_by_its_names_and_come_back_by_those_of_the_options(home: Path) -> None:
    finding = {"pointer": "/slot_timeout_seconds", "code": "out_of_range", "detail": "At most 5."}
    refused = Answer(422, {"title": "No", "code": "body_refused", "retryable": False, "errors": [finding]})
    terms = ["--finish-within", "10m", "--start-within", "30s", "--attempt-timeout", "45", "--max-attempts", "2"]
    with scripted_api(refused) as api:
        ended = Caller(home, api.url, KEY).piped("problems", "generate", *terms, "--retention", "2d")
    assert json.loads(api.calls[0].body) == {
        "count": 1, "timeout_seconds": 600, "start_within_seconds": 30, "slot_timeout_seconds": 45, "max_attempts": 2,
        "retention_seconds": 172_800,
    }  # fmt: skip
    assert ended.code == 2
    assert "--attempt-timeout (/slot_timeout_seconds): At most 5." in ended.err


def test_what_nobody_started_in_time_is_told_as_such(home: Path) -> None:
    body = state("failed") | {"end_reason": "start_deadline_exceeded"}
    body |= {"error_summary": [{"code": "deadline_exceeded", "count": 2}]}
    with scripted_api(Answer(200, body)) as api:
        ended = Caller(home, api.url, KEY).piped("generation", "wait", ID)
    assert (ended.code, "no worker started it in time, so it cost nothing" in ended.err) == (5, True)


def test_get_shows_a_cancellation_and_by_when_it_ends(home: Path) -> None:
    asked = cancelling() | {"start_deadline_at": "2030-01-31T12:09:00Z"}
    asked["cancel"]["reason"] = "wrong\x1b lesson"
    done = asked | {"done": True, "status": "completed", "cancel": asked["cancel"] | {"outcome": "too_late"}}
    with scripted_api(Answer(200, asked), Answer(200, done)) as api:
        caller = Caller(home, api.url, KEY)
        open_one, ended = (caller.piped("generation", "get", ID).out for _ in range(2))
    assert "start by   2030-01-31T12:09:00Z" in open_one
    words = "cancel     graceful, asked for at 2030-01-31T12:00:00Z (wrong lesson); "
    assert f"{words}ends by 2030-01-31T12:01:45Z" in open_one
    assert f"{words}too late" in ended


@pytest.mark.parametrize(
    ("end", "codes", "steps"),
    [
        ("cancelled", [], [f"lqs generation retry {ID} --slots all --wait (has it made after all)"]),
        ("failed", [], [f"lqs generation retry {ID} --wait (tries again)"]),
        (
            "failed",
            ["deadline_exceeded"],
            [
                "lqs help errors deadline_exceeded (what it means)",
                f"lqs generation retry {ID} --wait (tries again)",
            ],
        ),
    ],
)
def test_who_has_looked_is_told_what_to_do_and_not_to_look(
    home: Path, end: str, codes: list[str], steps: list[str]
) -> None:
    summary = [{"code": code, "count": 2, "sample_index": 0} for code in codes]
    with scripted_api(Answer(200, state(end) | {"error_summary": summary})) as api:
        shown = Caller(home, api.url, KEY).piped("generation", "get", ID)
    assert shown.err == f"  Next: {', '.join(steps)}\n"


def test_the_real_service_is_asked_and_believed(service: Service, home: Path) -> None:
    lqs = Caller(home, service.url, service.key)
    ids = [lqs.piped("problems", "generate", "--count", "10").out.strip() for _ in range(2)]
    ended = lqs.piped("generation", "cancel", *ids, "--abort", "--reason", "wrong lesson", "--json")
    assert ended.code == 0
    for line, request_id in zip(ended.out.splitlines(), ids, strict=True):
        told = json.loads(line)
        assert (told["request_id"], told["done"], told["cancel"]["reason"]) == (request_id, True, "wrong lesson")
        assert lqs.piped("generation", "get", request_id, "--json").last_object["status"] == told["status"]
