"""A failed call is repeated while that can help, and not otherwise."""

import pytest
from tests.client.playing import Stage, answer

from lqs_client import ConnectionFailed, Invalid, RateLimited, ServerError, Timeout
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import HttpRequest, KeyWish, Order, cancel, create_api_key, submit

STEADY = RetryPolicy(chance=lambda: 0.0)
READ = HttpRequest("GET", "/problems/1")
REFUSED = ConnectionFailed("refused", sent=False)
CUT = ConnectionFailed("cut", sent=True)


@pytest.mark.parametrize(
    "failure",
    [REFUSED, CUT, Timeout("slow"), answer(408), answer(429), answer(500), answer(502), answer(503), answer(599)],
)
def test_a_passing_failure_is_survived_by_repeating_the_call(failure: object) -> None:
    stage = Stage()
    assert stage.play(exchange(READ, STEADY), [failure, answer(200)]).status == 200
    assert len(stage.calls) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_an_answer_that_repeating_cannot_change_is_raised_at_once(status: int) -> None:
    stage = Stage()
    with pytest.raises(Exception, match=str(status)):
        stage.play(exchange(READ, STEADY), [answer(status), answer(200)])
    assert len(stage.calls) == 1


def test_the_delay_doubles_from_half_a_second_and_two_repetitions_are_the_last() -> None:
    stage = Stage()
    with pytest.raises(ServerError):
        stage.play(exchange(READ, STEADY), [answer(500)])
    assert stage.sleeps == [0.5, 1.0]


def test_the_delay_never_grows_beyond_eight_seconds() -> None:
    assert [STEADY.backoff(failures) for failures in (1, 2, 3, 4, 5, 6, 5000)] == [0.5, 1, 2, 4, 8, 8, 8]


def test_jitter_takes_away_a_quarter_at_most() -> None:
    assert RetryPolicy(chance=lambda: 1.0).backoff(2) == 0.75


def test_a_wish_of_the_api_replaces_the_delay() -> None:
    stage = Stage()
    stage.play(exchange(READ, STEADY), [answer(429, headers={"retry-after": "7"}), answer(200)])
    assert stage.sleeps == [7.0]


def test_an_api_that_wants_more_than_two_minutes_of_patience_is_not_called_again() -> None:
    stage = Stage()
    with pytest.raises(RateLimited) as caught:
        stage.play(exchange(READ, STEADY), [answer(429, headers={"retry-after": "121"}), answer(200)])
    assert caught.value.retry_after == 121
    assert stage.sleeps == []


@pytest.mark.parametrize("wish", ["soon", "-3", "nan", "inf", "Sun, 06 Nov 1994 08:49:37 GMT", ""])
def test_a_wish_that_is_no_number_of_seconds_is_as_good_as_none(wish: str) -> None:
    stage = Stage()
    stage.play(exchange(READ, STEADY), [answer(503, headers={"retry-after": wish}), answer(200)])
    assert stage.sleeps == [0.5]


def test_the_word_of_the_body_wins_over_the_status() -> None:
    stage = Stage()
    with pytest.raises(ServerError):
        stage.play(exchange(READ, STEADY), [answer(503, {"retryable": False}), answer(200)])
    assert stage.play(exchange(READ, STEADY), [answer(409, {"retryable": True}), answer(200)]).status == 200


def test_a_repeated_submission_keeps_its_key_and_its_bytes() -> None:
    stage = Stage()
    call = submit(Order("problems", 3, {"verbs": ["être"]}, None), "my-key")
    stage.play(exchange(call, STEADY), [CUT, answer(502), answer(202)])
    assert {(sent.headers["idempotency-key"], sent.body) for sent in stage.calls} == {("my-key", call.body)}
    assert [sent.headers.get("x-retry-count") for sent in stage.calls] == [None, "1", "2"]


@pytest.mark.parametrize("failure", [CUT, Timeout("slow"), answer(500), answer(502)])
def test_a_cancellation_is_repeated_unless_its_own_effect_would_make_it_fail(failure: object) -> None:
    """The first call may have changed the version that the second one would be refused for."""
    stage = Stage()
    stage.play(exchange(cancel("1", mode="abort", reason=None, if_version=None), STEADY), [failure, answer(200)])
    assert len(stage.calls) == 2
    with pytest.raises(Exception, match=r"cut|slow|50\d"):
        stage.play(exchange(cancel("1", mode="abort", reason=None, if_version=3), STEADY), [failure, answer(200)])
    assert len(stage.calls) == 3


@pytest.mark.parametrize("failure", [CUT, Timeout("slow"), answer(500), answer(500, {"retryable": True}), answer(502)])
def test_making_an_api_key_is_not_repeated_when_it_may_have_happened(failure: object) -> None:
    stage = Stage()
    with pytest.raises(Exception, match=r"cut|slow|50\d"):
        stage.play(exchange(create_api_key(KeyWish("ci", ("read",), None, None)), STEADY), [failure, answer(201)])
    assert len(stage.calls) == 1


@pytest.mark.parametrize("failure", [REFUSED, answer(429), answer(503, {"retryable": True})])
def test_making_an_api_key_is_repeated_when_it_surely_did_not_happen(failure: object) -> None:
    stage = Stage()
    stage.play(exchange(create_api_key(KeyWish("ci", ("read",), None, None)), STEADY), [failure, answer(201)])
    assert len(stage.calls) == 2


def test_an_error_tells_code_fields_and_trace_even_if_it_grew_new_members() -> None:
    body = {
        "title": "No",
        "detail": "Count is too large.",
        "code": "body_refused",
        "retryable": False,
        "trace_id": "abc",
        "errors": [{"pointer": "/count", "code": "out_of_range", "detail": "At most 10.", "max": 10}, "strange"],
        "novelty": 1,
    }
    with pytest.raises(Invalid) as caught:
        Stage().play(exchange(READ, STEADY), [answer(422, body)])
    error = caught.value
    assert (error.status, error.code, error.trace_id, error.raw["novelty"]) == (422, "body_refused", "abc", 1)
    assert [(one.pointer, one.detail, one.raw["max"]) for one in error.errors] == [("/count", "At most 10.", 10)]


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[1]", b"[" * 100_000, b"\xff\xfe"])
def test_an_error_page_of_a_proxy_is_an_error_like_any_other(body: bytes) -> None:
    with pytest.raises(ServerError) as caught:
        Stage().play(exchange(READ, STEADY), [answer(502, body, {"x-trace-id": "t1"})])
    assert (caught.value.code, caught.value.trace_id) == ("http_502", "t1")
