"""Waiting ends with the outcome, with its own timeout, or with an error that looking again cannot mend."""

import pytest
from tests.client.playing import Stage, answer
from tests.client.scripted_api import state

from lqs_client import Authentication, ConnectionFailed, NotFound, RateLimited, ServerError, Timeout, WaitTimeout
from lqs_client._retry import RetryPolicy
from lqs_client._waiting import Wait, wait
from lqs_client._wire import HttpRequest, Progress, Trouble

ID = state()["request_id"]
STEADY = RetryPolicy(chance=lambda: 0.0)
CUT = ConnectionFailed("cut", sent=True)


def waiting(stage: Stage, timeout: float | None = 60.0) -> object:
    return wait(ID, Wait(timeout, stage.clock, STEADY))


def seen(stage: Stage) -> list[str]:
    return [step.state.status for step in stage.steps if isinstance(step, Progress)]


def test_what_is_returned_was_read_with_done_true() -> None:
    stage = Stage()
    end = stage.play(waiting(stage), [answer(200, state()), answer(200, state("completed", version=2, generated=2))])
    assert (end.done, end.version) == (True, 2)
    assert seen(stage) == ["processing", "completed"]


def test_a_status_word_of_the_future_ends_the_waiting_by_its_done() -> None:
    stage = Stage()
    end = stage.play(
        waiting(stage), [answer(200, state("hibernating")), answer(200, state("archived") | {"done": True})]
    )
    assert end.status == "archived"


def test_an_unchanged_state_is_asked_for_by_its_etag_and_reported_once() -> None:
    stage = Stage()
    first = answer(200, state(), {"etag": 'W/"a.1"'})
    unchanged = answer(304, b"", {"retry-after": "3"})
    stage.play(waiting(stage), [first, unchanged, unchanged, answer(200, state("completed", generated=2))])
    assert [call.headers.get("if-none-match") for call in stage.calls] == [None, *['W/"a.1"'] * 3]
    assert seen(stage) == ["processing", "completed"]


def test_the_api_says_how_long_to_pause() -> None:
    stage = Stage()
    stage.play(
        waiting(stage),
        [
            answer(200, state() | {"poll_after_ms": 1500}, {"retry-after": "9"}),
            answer(304, b"", {"retry-after": "3"}),
            answer(304, b""),
            answer(200, state() | {"poll_after_ms": 0}),
            answer(200, state() | {"poll_after_ms": 10**9}),
            answer(200, state("completed")),
        ],
    )
    assert stage.sleeps == [1.5, 3.0, 1.0, 0.05, pytest.approx(54.45)]


@pytest.mark.parametrize("trouble", [CUT, Timeout("slow"), answer(500), answer(503), answer(429), answer(408)])
def test_trouble_on_the_way_is_told_and_survived(trouble: object) -> None:
    stage = Stage()
    end = stage.play(waiting(stage), [trouble, trouble, trouble, trouble, trouble, answer(200, state("completed"))])
    assert end.status == "completed"
    assert [step.pause for step in stage.steps if isinstance(step, Trouble)] == [0.5, 1, 2, 4, 8]


def test_the_word_retryable_false_on_a_broken_server_does_not_end_the_waiting() -> None:
    stage = Stage()
    end = stage.play(waiting(stage), [answer(500, {"retryable": False}), answer(200, state("failed"))])
    assert end.status == "failed"


def test_a_pause_the_api_asks_for_when_in_trouble_is_kept() -> None:
    stage = Stage()
    stage.play(waiting(stage), [answer(429, headers={"retry-after": "11"}), answer(200, state("completed"))])
    assert stage.sleeps == [11.0]


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (401, Authentication)])
def test_an_error_that_looking_again_cannot_mend_is_raised_at_once(status: int, kind: type[Exception]) -> None:
    stage = Stage()
    with pytest.raises(kind):
        stage.play(waiting(stage), [answer(status, {"code": "told"}), answer(200, state("completed"))])
    assert stage.sleeps == []


def test_the_timeout_is_kept_to_the_second_and_the_last_look_is_at_its_end() -> None:
    stage = Stage()
    with pytest.raises(WaitTimeout) as caught:
        stage.play(waiting(stage, 10.0), [answer(200, state() | {"poll_after_ms": 4000})])
    assert stage.now == 1010.0
    assert isinstance(stage.steps[-2], HttpRequest)
    assert (caught.value.request_id, caught.value.last.status, caught.value.trouble) == (ID, "processing", None)


def test_a_generation_request_that_is_done_at_the_last_look_is_no_timeout() -> None:
    stage = Stage()
    looks = [answer(200, state() | {"poll_after_ms": 60_000}), answer(200, state("completed"))]
    assert stage.play(waiting(stage, 5.0), looks).done


def test_no_time_at_all_is_still_one_look() -> None:
    stage = Stage()
    assert stage.play(waiting(stage, 0.0), [answer(200, state("completed"))]).done
    with pytest.raises(WaitTimeout):
        stage.play(waiting(stage, 0.0), [answer(200, state())])


def test_a_timeout_in_trouble_tells_the_last_state_and_the_trouble() -> None:
    stage = Stage()
    with pytest.raises(
        WaitTimeout, match=r"last seen processing, 1 of 2 generated, 0 failed\); the work goes on"
    ) as caught:
        stage.play(waiting(stage, 9.0), [answer(200, state(generated=1)), answer(503)])
    assert caught.value.last.generated_count == 1
    assert isinstance(caught.value.trouble, ServerError)


def test_a_timeout_without_any_answer_says_so() -> None:
    stage = Stage()
    with pytest.raises(WaitTimeout, match="never seen: cut") as caught:
        stage.play(waiting(stage, 3.0), [CUT])
    assert caught.value.last is None


def test_a_look_may_take_no_longer_than_the_time_left_but_always_a_second() -> None:
    stage = Stage(seconds_per_answer=2.0)
    with pytest.raises(WaitTimeout):
        stage.play(waiting(stage, 5.0), [answer(200, state() | {"poll_after_ms": 1000})])
    assert [call.timeout for call in stage.calls] == [5.0, 2.0]
    assert stage.now == 1005.0
    nearly_over = Stage()
    with pytest.raises(WaitTimeout):
        nearly_over.play(waiting(nearly_over, 0.2), [answer(429)])
    assert {call.timeout for call in nearly_over.calls} == {1.0}


def test_waiting_for_ever_outlives_any_trouble() -> None:
    stage = Stage()
    end = stage.play(waiting(stage, None), [*[CUT] * 5000, answer(200, state("completed"))])
    assert end.done
    assert {call.timeout for call in stage.calls} == {None}


def test_a_limit_on_calls_is_trouble_and_no_end() -> None:
    stage = Stage()
    with pytest.raises(WaitTimeout) as caught:
        stage.play(waiting(stage, 4.0), [answer(429, {"retryable": True})])
    assert isinstance(caught.value.trouble, RateLimited)


HELD = {"preference-applied": "wait=20", "etag": 'W/"a.1"', "retry-after": "9"}


def test_the_first_look_is_held_for_a_moment_and_the_further_ones_until_there_is_news() -> None:
    stage = Stage()
    stage.play(
        waiting(stage, None),
        [answer(200, state(), HELD), answer(304, b"", HELD), answer(200, state("completed", version=2), HELD)],
    )
    assert [call.headers.get("prefer") for call in stage.calls] == ["wait=1", "wait=20", "wait=20"]
    assert [call.hold for call in stage.calls] == [1, 20, 20]
    assert stage.sleeps == [0.2, 0.2], "the API itself has waited"


def test_an_api_that_holds_nothing_is_asked_when_it_says() -> None:
    stage = Stage()
    stage.play(
        waiting(stage), [answer(200, state() | {"poll_after_ms": 9000}, {"etag": "t"}), answer(200, state("completed"))]
    )
    assert stage.sleeps == [9.0]


@pytest.mark.parametrize(("timeout", "prefer"), [(1.5, None), (2.0, "wait=1"), (7.0, "wait=1")])
def test_no_answer_is_to_be_held_longer_than_there_is_time(timeout: float, prefer: str | None) -> None:
    stage = Stage()
    stage.play(waiting(stage, timeout), [answer(200, state("completed"))])
    assert stage.calls[0].headers.get("prefer") == prefer


def test_the_time_that_is_left_bounds_the_holding_of_the_later_looks() -> None:
    stage = Stage(seconds_per_answer=10)
    with pytest.raises(WaitTimeout):
        stage.play(waiting(stage, 15.0), [answer(200, state(), HELD)])
    assert [call.hold for call in stage.calls] == [1, 3]


def test_what_stands_between_and_takes_a_held_answer_for_silence_is_asked_for_shorter_ones() -> None:
    stage = Stage()
    cut = answer(504)
    stage.play(waiting(stage, None), [answer(200, state(), HELD), cut, cut, cut, answer(200, state("completed"))])
    assert [call.hold for call in stage.calls] == [1, 20, 10, 5, 2]
