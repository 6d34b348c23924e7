"""Bodies are read with tolerance: what is new is kept in `raw`, what is missing does no harm."""

import dataclasses

import pytest
from tests.client.playing import answer
from tests.client.scripted_api import state

from lqs.domain.api_key import make_key
from lqs_client import (
    ConnectionFailed,
    Entity,
    GenerationFailed,
    GenerationPartial,
    LqsError,
    Problem,
    UnexpectedAnswer,
    WaitTimeout,
    looks_like_key,
)
from lqs_client._api_keys import parse_new_api_key
from lqs_client._entities import parse_entity
from lqs_client._parsing import parse_generation_request
from lqs_client._wire import Order, body_of, cancel, generation_request, submit


def test_what_the_library_does_not_know_is_kept_in_raw() -> None:
    body = state("sleeping") | {"novelty": {"a": 1}, "slots": [{"index": 0, "status": "dreaming", "attempts": 2}]}
    request = parse_generation_request(body)
    assert (request.status, request.slots[0].status, request.raw) == ("sleeping", "dreaming", body)


def test_members_of_a_wrong_type_count_as_missing() -> None:
    body = state() | {"requested_at": "yesterday", "requested_count": "2", "entities": None, "slots": [7], "usage": 1}
    request = parse_generation_request(body)
    assert (request.requested_at, request.requested_count, request.entities, request.slots) == (None, 0, (), ())


@pytest.mark.parametrize("member", ["request_id", "status", "done"])
def test_a_body_without_what_makes_a_generation_request_is_none(member: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=member):
        parse_generation_request({name: value for name, value in state().items() if name != member})


@pytest.mark.parametrize("content", [b"<html>Log in</html>", b"[]", b"null", b"[" * 100_000, b"\xff"])
def test_a_good_status_with_a_body_of_something_else_is_unexpected(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        body_of(answer(200, content))


def test_a_redirect_names_the_address_to_use() -> None:
    with pytest.raises(UnexpectedAnswer, match=r"https://api\.example/x"):
        body_of(answer(301, b"", {"location": "https://api.example/x"}))


def test_a_problem_has_its_statements_and_another_type_its_raw_body() -> None:
    statement = {"key": "a", "text": "Elle est née.", "is_correct": True, "translation": "She was born."}
    wrong = {"key": "b", "text": "Elle a née.", "error": {"code": "aux.choice"}, "explanation": "être"}
    problem = parse_entity({"id": "1", "entity_type": "problem", "statements": [statement, wrong], "correct_index": 0})
    assert isinstance(problem, Problem)
    assert [(one.text, one.is_correct, one.error) for one in problem.statements] == [
        ("Elle est née.", True, None),
        ("Elle a née.", False, "aux.choice"),
    ]
    poem = parse_entity({"id": "2", "entity_type": "poem", "verse": "…"})
    assert (type(poem), poem.raw["verse"]) == (Entity, "…")


def test_states_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse_generation_request(state()).status = "completed"  # type: ignore[misc]


def test_a_complete_outcome_is_returned_and_every_other_raised_with_what_was_made() -> None:
    completed = parse_generation_request(state("completed", generated=2))
    assert completed.raise_for_outcome() is completed
    partial = parse_generation_request(state("partial", generated=1) | {"error_summary": [{"code": "x", "count": 1}]})
    with pytest.raises(GenerationPartial, match=r"1 of 2 generated \(x x1\)") as caught:
        partial.raise_for_outcome()
    assert caught.value.generation_request is partial
    for status in ("failed", "cancelled", "of the future"):
        with pytest.raises(GenerationFailed):
            parse_generation_request(state(status) | {"done": True}).raise_for_outcome()
    with pytest.raises(ValueError, match="no outcome yet"):
        parse_generation_request(state()).raise_for_outcome()


def test_every_error_of_the_library_is_one_branch_of_its_tree() -> None:
    for error in (WaitTimeout("1", None, None), ConnectionFailed("x", sent=True), UnexpectedAnswer("x")):
        assert isinstance(error, LqsError)


@pytest.mark.parametrize("key", ["", "é", "a b", "a\nb", "x" * 256])
def test_an_idempotency_key_that_no_header_carries_is_refused_before_any_call(key: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        submit(Order("problems", 1, None, None), key)


def test_what_is_not_json_is_refused_before_any_call() -> None:
    with pytest.raises(ValueError, match="JSON"):
        submit(Order("problems", 1, {"x": float("nan")}, None), "k")


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    assert generation_request("../api-keys?x=1#y").path == "/generation-requests/..%2Fapi-keys%3Fx%3D1%23y"
    asked = cancel("../x", mode="abort", reason=None, if_version=None)
    assert asked.path == "/generation-requests/..%2Fx/cancel"


def test_a_key_of_the_service_looks_like_one_and_a_mistyped_one_does_not() -> None:
    key = make_key().text
    assert looks_like_key(key)
    for place in (9, 15, 25, len(key) - 1):
        other = "A" if key[place] != "A" else "B"
        assert not looks_like_key(key[:place] + other + key[place + 1 :])
    for wrong in ("", "lqs_live_", key[:-1], key + "0", f" {key}", key.upper(), key.replace("_", "-")):
        assert not looks_like_key(wrong)


def test_no_repr_shows_a_secret() -> None:
    key = parse_new_api_key({"key_id": "k", "secret": "lqs_live_s3cret"})
    assert "s3cret" not in repr(key)
