"""The errors this service can answer with, as one tree; each class has one stable code.

LqsError
  CallerError                   the caller can mend it
    BodyMalformed               not JSON at all
    BodyRefused                 JSON, but not what was asked for; names every place
    BodyTooLarge
    BodyTooSlow                 it did not arrive in the time that a body has
    MediaTypeUnsupported
    ParameterUnknown
    ParameterRefused            a query parameter has a value that it does not take
    CursorMismatch              a cursor of another list, or none at all
    IdempotencyKeyMalformed
    IdempotencyKeyReused        the key was used for another body
    IdempotencyKeyExpired       what the key made was purged
    NotAuthenticated
    ScopeMissing
    NotFound                    unknown, or another owner's: the two are not told apart
    NothingMatches              the owner has no entity of this kind
    MethodNotAllowed
    NotDone                     only what is done can be tried again, or purged
    NothingToRetry              every entity is there, or nothing matches what was chosen
    BudgetSpent                 its own budget cannot pay another call
    VersionMismatch             it changed since the caller looked
    GenerationRequestPurged     it was there, and its record has been purged
    GenerationRequestPinned     it has to be unpinned first
    PriorityFixed               its slots have left the queue
    DeadLetterResolved          somebody has requeued or discarded it
    DailyBudgetExhausted        the key has spent what it may spend today
    RateLimited                 the owner calls more often than it may
    ActiveQuotaExceeded         the owner has as much under way as it may
    ParameterRefused            a query parameter has a value that makes no sense
    StatisticsTooLarge          too much to count in the time that counting may take
  ServiceError                  the caller can only try again later
    ServiceUnavailable          the database does not answer
    QueueFull                   more waits than is ever accepted
    InternalError               a fault of ours; logged with its trace id
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a body: where (a JSON pointer), a stable code, what to change, and the limits if any."""

    pointer: str
    code: str
    detail: str
    limits: Mapping[str, object] = field(default_factory=dict)


class LqsError(Exception):
    """Base of all. `title` is the same for every instance of a code; `detail` is about this one."""

    code: str
    title: str
    retryable = False

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CallerError(LqsError):
    """The caller can mend it."""


class BodyMalformed(CallerError):
    """The body is not JSON."""

    code = "body_malformed"
    title = "The body is not JSON"


class BodyRefused(CallerError):
    """The body is JSON, but not what this operation takes."""

    code = "body_refused"
    title = "The body is not what this operation takes"

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{first.pointer or 'The body'}: {first.detail}{more}")
        self.findings = tuple(findings)


class BodyTooLarge(CallerError):
    """The body is longer than any generation request needs."""

    code = "body_too_large"
    title = "The body is too large"


class BodyTooSlow(CallerError):
    """The body did not arrive in time; the connection is closed."""

    code = "body_too_slow"
    title = "The body did not arrive in time"
    retryable = True

    def __init__(self, seconds: float) -> None:
        super().__init__(f"A body has to arrive within {seconds:g} seconds. Nothing was done: send it again.")


class MediaTypeUnsupported(CallerError):
    """The body was not announced as JSON."""

    code = "media_type_unsupported"
    title = "The body must be sent as application/json"


class ParameterUnknown(CallerError):
    """The query has a parameter that this operation does not know."""

    code = "parameter_unknown"
    title = "Unknown query parameter"


class ParameterRefused(CallerError):
    """A query parameter that this operation knows has a value that it cannot use."""

    code = "parameter_refused"
    title = "A query parameter has a wrong value"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name


class CursorMismatch(CallerError):
    """The cursor was made by another list, or with other filters, or is none."""

    code = "cursor_mismatch"
    title = "The cursor does not belong to this list"


class IdempotencyKeyMalformed(CallerError):
    """The key is empty, too long, or has characters outside visible ASCII."""

    code = "idempotency_key_malformed"
    title = "The Idempotency-Key header is malformed"


class IdempotencyKeyReused(CallerError):
    """The key was used for another body; nothing was created."""

    code = "idempotency_key_reuse"
    title = "The Idempotency-Key was already used with another body"

    def __init__(self, existing_request_id: UUID, differing_fields: Sequence[str]) -> None:
        named = ", ".join(differing_fields) or "the body"
        super().__init__(
            f"This key stands for {existing_request_id}, whose body differs in: {named}. "
            "Use a new key for a new wish, or send the same body to get the first answer again."
        )
        self.existing_request_id = existing_request_id
        self.differing_fields = tuple(differing_fields)


class IdempotencyKeyExpired(CallerError):
    """What the key made was purged; nothing was made again."""

    code = "idempotency_key_expired"
    title = "What this Idempotency-Key made has been purged"

    def __init__(self, request_id: UUID) -> None:
        super().__init__(
            f"This key made {request_id}, whose record has been purged; its entities are still there. "
            "Use a new key to generate anew."
        )
        self.existing_request_id = request_id


class NotAuthenticated(CallerError):
    """No key, a malformed one, or one that is unknown, revoked or expired."""

    code = "not_authenticated"
    title = "A valid API key is needed"


class ScopeMissing(CallerError):
    """The key is good, but not for this."""

    code = "scope_missing"
    title = "This API key may not do this"

    def __init__(self, needed: str, scopes: Sequence[str]) -> None:
        super().__init__(f"This needs a key with the scope {needed}; this one has: {', '.join(scopes)}.")
        self.scopes = tuple(scopes)


class NotFound(CallerError):
    """Nothing of the caller's has this address."""

    code = "not_found"
    title = "Not found"


class NothingMatches(CallerError):
    """The caller has no entity that can be drawn; `generate` is what to send to have some made, if any can be.

    Each code names the entity type, such as `no_problem_matches`.
    """

    code = "no_entity_matches"
    title = "Nothing matches"

    def __init__(self, entity_type: str, detail: str, generate: Mapping[str, object] | None) -> None:
        super().__init__(detail)
        self.code = f"no_{entity_type}_matches"
        self.generate = generate


class NotDone(CallerError):
    """Its run has to end first."""

    code = "generation_request_not_done"
    title = "The generation request is not done"


class VersionMismatch(CallerError):
    """The caller named a version, and that is no longer the current one."""

    code = "version_mismatch"
    title = "It has changed since"

    def __init__(self, wanted: int, current: int) -> None:
        super().__init__(f"It has version {current}, not {wanted}. Nothing was done: look at it again, then decide.")
        self.current = current


class GenerationRequestPurged(CallerError):
    """Its record is gone; what is left of it stands here, its entities stay. `counts` are those of its last run."""

    code = "generation_request_purged"
    title = "The record of this generation request has been purged"

    def __init__(self, purged_at: datetime, status: str, counts: Mapping[str, int]) -> None:
        super().__init__(
            f"It ended as {status} and was purged at {purged_at:%Y-%m-%dT%H:%M:%SZ}; its entities are still there."
        )
        self.purged_at = purged_at
        self.status = status
        self.counts = dict(counts)


class GenerationRequestPinned(CallerError):
    """Somebody wants it kept."""

    code = "generation_request_pinned"
    title = "The generation request is pinned"

    def __init__(self) -> None:
        super().__init__('It is pinned, so it is kept. To purge it, first unpin it: PATCH it with {"pinned": false}.')


class PriorityFixed(CallerError):
    """The order of the queue no longer decides about it."""

    code = "priority_fixed"
    title = "The priority can no longer be changed"


class MethodNotAllowed(CallerError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    title = "Method not allowed"


class NothingToRetry(CallerError):
    """Nothing of what was chosen failed or was cancelled."""

    code = "nothing_to_retry"
    title = "There is nothing to try again"


class BudgetSpent(CallerError):
    """A further run has the budget of the runs before, and that has no room for another call."""

    code = "budget_spent"
    title = "The budget of this generation request is spent"


class DeadLetterResolved(CallerError):
    """A dead letter is requeued or discarded once."""

    code = "dead_letter_resolved"
    title = "This dead letter has been dealt with"


class DailyBudgetExhausted(CallerError):
    """The daily budget of the key has no room for another call; the next day begins in `retry_after_seconds`."""

    code = "daily_budget_exhausted"
    title = "This API key has spent its daily budget"
    retryable = True

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(CallerError):
    """The owner has made as many calls as a minute allows; the next is granted in `retry_after_seconds`."""

    code = "rate_limited"
    title = "Too many calls"
    retryable = True

    def __init__(self, rate: str, quota: int, *, retry_after_seconds: int) -> None:
        super().__init__(
            f"Your owner may make {quota} calls a minute of the kind {rate!r}. GET /limits tells what is left."
        )
        self.retry_after_seconds = retry_after_seconds


class ActiveQuotaExceeded(CallerError):
    """The owner has as many generation requests under way as it may; nothing was stored."""

    code = "active_quota_exceeded"
    title = "Too many generation requests under way"
    retryable = True

    def __init__(self, quota: int) -> None:
        super().__init__(
            f"Your owner may have {quota} generation requests that are not done. Wait for one of them, or cancel one."
        )


class StatisticsTooLarge(CallerError):
    """Counting was ended because it took too long; a narrower window may be counted."""

    code = "statistics_too_large"
    title = "Too much to count at once"


class ServiceError(LqsError):
    """The caller can only try again later."""

    retryable = True


class ServiceUnavailable(ServiceError):
    """The database does not answer, or not in time."""

    code = "service_unavailable"
    title = "The service cannot answer right now"


class QueueFull(ServiceError):
    """More slots wait than the operator ever wants to have waiting; nothing was stored."""

    code = "queue_full"
    title = "The queue is full"

    def __init__(self) -> None:
        super().__init__("More waits already than is accepted. Nothing of this was stored: send it again later.")


class InternalError(ServiceError):
    """A fault of ours."""

    code = "internal_error"
    title = "Something went wrong on our side"
