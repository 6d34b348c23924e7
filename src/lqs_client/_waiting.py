"""Waits for a generation request to be done, without clock or network of its own.

Three promises: trouble on the way does not end the waiting, only its own timeout does; what is returned was read from
the API with `done` true; and a timeout tells the last state seen, so nothing is lost by waiting again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lqs_client._errors import ApiError, ConnectionFailed, LqsError, RateLimited, ServerError, Timeout
from lqs_client._generation import GenerationRequest, WaitTimeout
from lqs_client._parsing import parse_generation_request
from lqs_client._retry import RetryPolicy
from lqs_client._wire import (
    Exchange,
    Flow,
    HttpResponse,
    Progress,
    Sleep,
    Trouble,
    body_of,
    error_of,
    generation_request,
    retry_after,
)

DEFAULT_PAUSE = 1.0
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 60.0
SHORTEST_LOOK = 1.0
"""Seconds. A look gets at least `SHORTEST_LOOK` for each wait on the network, however little time is left."""
_FIRST_HOLD = 1
_HOLD = 20
_HELD_PAUSE = 0.2
"""Seconds: the first look tells soon where it stands, the further ones are held until there is news; between two of
them news gathers.
"""


@dataclass(frozen=True, slots=True)
class Wait:
    """How to wait: `timeout` in seconds (None: for ever), `clock` in seconds that never go back."""

    timeout: float | None
    clock: Callable[[], float]
    policy: RetryPolicy

    def deadline(self) -> float:
        """When the waiting that begins now ends."""
        return float("inf") if self.timeout is None else self.clock() + self.timeout


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look brought: `state` is None if nothing changed since the `etag`. `pause` is the API's hint or, when it
    held the answer, next to nothing.
    """

    state: GenerationRequest | None
    etag: str | None
    pause: float


def wait(request_id: str, how: Wait) -> Flow[GenerationRequest]:
    """Look until the generation request is done.

    Raises `WaitTimeout`, and at once every error that looking again cannot mend, such as `NotFound`.
    """
    deadline = how.deadline()
    last: GenerationRequest | None = None
    etag: str | None = None
    failures, hold = 0, _HOLD
    while True:
        trouble: LqsError | None = None
        try:
            look = yield from _look(request_id, etag, deadline - how.clock(), hold)
        except (ConnectionFailed, Timeout, ApiError) as error:
            if not passing(error):
                raise
            trouble, failures = error, failures + 1
            hold //= 2  # something between may end what it takes for silence
            pause = pause_after(error, failures, how.policy)
        else:
            failures, etag, pause = 0, look.etag, look.pause
            if look.state is not None:
                last = look.state
                yield Progress(last)
                if last.done:
                    return last
        left = deadline - how.clock()
        if left <= 0:
            raise WaitTimeout(request_id, last, trouble)
        pause = min(pause, left)
        if trouble is not None:
            yield Trouble(trouble, pause)
        yield Sleep(pause)


def _look(request_id: str, etag: str | None, left: float, longest: int) -> Exchange[_Look]:
    hold = min(longest, _FIRST_HOLD if etag is None else _HOLD, max(0, int(min(left, _HOLD + 1) - SHORTEST_LOOK)))
    response = yield generation_request(request_id, etag=etag, timeout=_time_for_a_look(left), hold=hold)
    assert response is not None
    if response.status >= 400:
        raise error_of(response)
    state = None if response.status == 304 else parse_generation_request(body_of(response))
    held = "preference-applied" in response.headers
    pause = _HELD_PAUSE if held else _hint(state.poll_after_ms if state else None, response)
    return _Look(state, response.headers.get("etag", etag), pause)


def _hint(poll_after_ms: int | None, response: HttpResponse) -> float:
    asked = retry_after(response) if poll_after_ms is None else poll_after_ms / 1000
    return min(max(DEFAULT_PAUSE if asked is None else asked, SHORTEST_PAUSE), LONGEST_PAUSE)


def _time_for_a_look(left: float) -> float | None:
    return None if left == float("inf") else max(left, SHORTEST_LOOK)


def passing(error: LqsError) -> bool:
    """Whether looking again may mend it."""
    return isinstance(error, ConnectionFailed | Timeout | RateLimited | ServerError) or (
        isinstance(error, ApiError) and error.status == 408
    )


def pause_after(error: LqsError, failures: int, policy: RetryPolicy) -> float:
    """Seconds until the next look after this many failures in a row."""
    asked = error.retry_after if isinstance(error, ApiError) else None
    return policy.backoff(failures) if asked is None else min(max(asked, SHORTEST_PAUSE), LONGEST_PAUSE)
