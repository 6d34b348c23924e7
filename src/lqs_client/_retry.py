"""Which failed call is repeated, how often, and after how long."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from lqs_client._errors import ApiError, ConnectionFailed, Timeout
from lqs_client._wire import Exchange, HttpRequest, HttpResponse, Sleep, error_of

_WORTH_REPEATING = frozenset({408, 429})
_BROKE = 500
"""The API met a fault of its own, perhaps after it did what was asked."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff; durations in seconds. The values are those users of public API clients know.

    The delay doubles from `base` to `cap` and loses up to a quarter at random, so that clients cut off together do
    not return together. The API's own `Retry-After` replaces it, up to `retry_after_cap`; an API that asks for more
    patience than that is not called again. `chance` returns a number from 0 to 1.
    """

    max_retries: int = 2
    base: float = 0.5
    cap: float = 8.0
    retry_after_cap: float = 120.0
    chance: Callable[[], float] = random.random

    def backoff(self, failures: int) -> float:
        """The delay after this many failures in a row, counted from 1."""
        return min(self.cap, self.base * 2.0 ** min(failures - 1, 30)) * (1 - self.chance() / 4)

    def delay(self, error: ApiError, failures: int) -> float | None:
        """The delay before the call that failed with `error` is repeated; None: the API wants too long a pause."""
        if error.retry_after is None:
            return self.backoff(failures)
        return error.retry_after if error.retry_after <= self.retry_after_cap else None


def exchange(call: HttpRequest, policy: RetryPolicy) -> Exchange[HttpResponse]:
    """Make a call and repeat it while that can help; the result is an answer below 400.

    A repetition is byte for byte the same call, so an idempotency key is kept. Raises `ApiError`, `ConnectionFailed`
    or `Timeout` once repeating is over.
    """
    failures = 0
    while True:
        try:
            response = yield _counted(call, failures)
            assert response is not None
        except (ConnectionFailed, Timeout) as trouble:
            failures += 1
            if failures > policy.max_retries or not _may_repeat(call, trouble):
                raise
            yield Sleep(policy.backoff(failures))
            continue
        if response.status < 400:
            return response
        error = error_of(response)
        failures += 1
        pause = policy.delay(error, failures)
        if failures > policy.max_retries or pause is None or not _worth_repeating(call, error):
            raise error
        yield Sleep(pause)


def _counted(call: HttpRequest, failures: int) -> HttpRequest:
    return replace(call, headers={**call.headers, "x-retry-count": str(failures)}) if failures else call


def _may_repeat(call: HttpRequest, trouble: ConnectionFailed | Timeout) -> bool:
    return call.repeatable or (isinstance(trouble, ConnectionFailed) and not trouble.sent)


def _worth_repeating(call: HttpRequest, error: ApiError) -> bool:
    if error.status == _BROKE and not call.repeatable:
        return False
    if error.retryable is not None:
        return error.retryable
    return error.status in _WORTH_REPEATING or (call.repeatable and error.status >= 500)
