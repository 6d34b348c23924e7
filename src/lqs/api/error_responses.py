"""The only place where an error gets its HTTP status, and the shape every error is told in (RFC 9457)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from fastapi.responses import Response
from pydantic_core import to_json

from lqs.api.schemas.bounds import MAX_FINDINGS, MAX_MESSAGE_CHARACTERS
from lqs.domain import errors
from lqs.domain.errors import LqsError

MEDIA_TYPE = "application/problem+json"
_MOST_PATH_CHARACTERS = 500

STATUS: Mapping[type[LqsError], int] = MappingProxyType(
    {
        errors.BodyMalformed: 400,
        errors.ParameterUnknown: 400,
        errors.CursorMismatch: 400,
        errors.IdempotencyKeyMalformed: 400,
        errors.NotAuthenticated: 401,
        errors.ScopeMissing: 403,
        errors.NotFound: 404,
        errors.NothingMatches: 404,
        errors.MethodNotAllowed: 405,
        errors.NotDone: 409,
        errors.GenerationRequestPinned: 409,
        errors.PriorityFixed: 409,
        errors.NothingToRetry: 409,
        errors.BudgetSpent: 409,
        errors.DeadLetterResolved: 409,
        errors.IdempotencyKeyExpired: 410,
        errors.GenerationRequestPurged: 410,
        errors.VersionMismatch: 412,
        errors.BodyTooSlow: 408,
        errors.BodyTooLarge: 413,
        errors.MediaTypeUnsupported: 415,
        errors.BodyRefused: 422,
        errors.IdempotencyKeyReused: 422,
        errors.ParameterRefused: 422,
        errors.StatisticsTooLarge: 422,
        errors.DailyBudgetExhausted: 429,
        errors.RateLimited: 429,
        errors.ActiveQuotaExceeded: 429,
        errors.InternalError: 500,
        errors.ServiceUnavailable: 503,
        errors.QueueFull: 503,
    }
)
"""Why an error has its status: 4xx, the caller can mend it; 5xx, only time or we can."""

_HEADERS: Mapping[type[LqsError], Mapping[str, str]] = MappingProxyType(
    {
        errors.NotAuthenticated: {"WWW-Authenticate": 'Bearer realm="lqs"'},
        errors.BodyTooSlow: {"Connection": "close"},
        errors.ServiceUnavailable: {"Retry-After": "1"},
        errors.ActiveQuotaExceeded: {"Retry-After": "5"},
        errors.QueueFull: {"Retry-After": "5"},
        errors.InternalError: {"Retry-After": "5"},
    }
)


def error_response(error: LqsError, *, path: str, trace_id: str) -> Response:
    """The answer that tells an error; `path` is the address that was called."""
    kind = type(error)
    body: dict[str, Any] = {
        "type": f"/errors/{error.code.replace('_', '-')}",
        "title": error.title,
        "status": STATUS[kind],
        "detail": _told(error.detail),
        "instance": quote(path[:_MOST_PATH_CHARACTERS], errors="replace"),
        "code": error.code,
        "retryable": error.retryable,
        "trace_id": trace_id,
    }
    headers = dict(_HEADERS.get(kind, {}))
    match error:
        case errors.BodyRefused(findings=findings):
            body["errors"] = [
                {"pointer": f.pointer, "code": f.code, "detail": _told(f.detail), **f.limits}
                for f in findings[:MAX_FINDINGS]
            ]
        case errors.IdempotencyKeyReused():
            body["existing_request_id"] = str(error.existing_request_id)
            body["differing_fields"] = list(error.differing_fields)[:MAX_FINDINGS]
        case errors.NothingMatches():
            body["generate"] = error.generate
        case errors.ScopeMissing():
            body["scopes"] = list(error.scopes)
        case errors.IdempotencyKeyExpired():
            body["existing_request_id"] = str(error.existing_request_id)
        case errors.VersionMismatch():
            body["current_version"] = error.current
        case errors.GenerationRequestPurged():
            body |= {"purged_at": error.purged_at, "status_at_end": error.status, "counts": error.counts}
        case errors.DailyBudgetExhausted() | errors.RateLimited():
            headers["Retry-After"] = str(error.retry_after_seconds)
        case errors.ParameterRefused():
            body["parameter"] = error.name
        case _:
            pass
    return Response(to_json(body), status_code=STATUS[kind], media_type=MEDIA_TYPE, headers=headers)


def _told(text: str) -> str:
    """A text that may repeat a word of the caller's, short enough and without what no text may contain."""
    if len(text) > MAX_MESSAGE_CHARACTERS:
        text = f"{text[: MAX_MESSAGE_CHARACTERS - 2].rpartition(' ')[0] or text[: MAX_MESSAGE_CHARACTERS - 2]} …"
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
