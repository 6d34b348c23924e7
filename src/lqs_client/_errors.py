"""What can go wrong, as one small tree, which the docstring of `lqs_client` draws; catch a branch, not a list.

`WaitTimeout` and the outcome errors carry a generation request and live beside it in `_generation.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lqs_client._fields import boolean, objects, text


class LqsError(Exception):
    """Anything this library raises on its own account."""


class CredentialsInvalid(LqsError):
    """Yours: there is no API key, or it has characters no header can carry. Nothing was sent."""


class ConnectionFailed(LqsError):
    """The way to the API: no connection, or it was cut.

    `sent` says whether the API may have received the call; False is certain, True is not.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Timeout(LqsError):
    """No answer in time. The API may have done what was asked: repeat a POST only with its idempotency key."""


class UnexpectedAnswer(LqsError):
    """What answered does not speak this API: a wrong address, or a proxy that answers in its place."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of a body; `pointer` is a JSON pointer such as `/count`, `raw` has every further member."""

    pointer: str
    code: str
    detail: str
    raw: Mapping[str, Any]


class ApiError(LqsError):
    """The API answered with an error.

    `status` is the HTTP status, `code` the stable word to switch on, `detail` the sentence for people, `retryable`
    the API's own word (None if it said nothing), `retry_after` the pause it asks for in seconds, `trace_id` what
    support needs, `raw` the whole body.
    """

    def __init__(
        self,
        status: int,
        raw: Mapping[str, Any],
        *,
        trace_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.raw = raw
        self.retry_after = retry_after
        self.code = text(raw, "code") or f"http_{status}"
        self.title = text(raw, "title") or f"HTTP status {status}"
        self.detail = text(raw, "detail") or self.title
        self.retryable = boolean(raw, "retryable")
        self.trace_id = text(raw, "trace_id") or trace_id
        self.errors = tuple(
            FieldError(text(one, "pointer") or "", text(one, "code") or "", text(one, "detail") or "", one)
            for one in objects(raw, "errors")
        )
        super().__init__(f"{self.detail} ({status} {self.code})")


class Invalid(ApiError):
    """Yours: the body, the headers or the parameters are wrong; `errors` names the fields."""


class Authentication(ApiError):
    """Yours: the API key is unknown, revoked or expired."""


class Forbidden(ApiError):
    """Yours: the key is known but lacks the scope this call needs."""


class NotFound(ApiError):
    """Yours: there is no such thing, or it belongs to somebody else; the API does not tell which."""


class Conflict(ApiError):
    """Yours: the thing is not in a state that allows this, or no longer has the version you named."""


class Gone(ApiError):
    """Yours: it was there, and its record has been purged; its entities are still there."""


class RateLimited(ApiError):
    """Yours: too many calls; the retries honoured `Retry-After` and it was still too many."""


class ServerError(ApiError):
    """Ours: the API failed or is overloaded, and the retries did not help."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: Invalid,
    401: Authentication,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: RateLimited,
}


def api_error(status: int, raw: Mapping[str, Any], *, trace_id: str | None, retry_after: float | None) -> ApiError:
    """The error of the right branch for an answer of 400 or above."""
    kind = ServerError if status >= 500 else _BY_STATUS.get(status, ApiError)
    return kind(status, raw, trace_id=trace_id, retry_after=retry_after)
