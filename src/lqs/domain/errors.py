"""The errors this service can answer with, as one tree; each class has one stable code.

LqsError
  CallerError                   the caller can mend it
    BodyMalformed               not JSON at all
    BodyRefused                 JSON, but not what was asked for; names every place
    BodyTooLarge
    MediaTypeUnsupported
    ParameterUnknown
    IdempotencyKeyMalformed
    IdempotencyKeyReused        the key was used for another body
    NotAuthenticated
    ScopeMissing
    NotFound                    unknown, or another owner's: the two are not told apart
    VersionMismatch             it changed since the caller looked
    MethodNotAllowed
  ServiceError                  the caller can only try again later
    ServiceUnavailable          the database does not answer
    InternalError               a fault of ours; logged with its trace id
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


class MediaTypeUnsupported(CallerError):
    """The body was not announced as JSON."""

    code = "media_type_unsupported"
    title = "The body must be sent as application/json"


class ParameterUnknown(CallerError):
    """The query has a parameter that this operation does not know."""

    code = "parameter_unknown"
    title = "Unknown query parameter"


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
            f"This key stands for generation request {existing_request_id}, which differs in: {named}. "
            "Use a new key for a new generation, or send the same body to get the first answer again."
        )
        self.existing_request_id = existing_request_id
        self.differing_fields = tuple(differing_fields)


class NotAuthenticated(CallerError):
    """No key, a malformed one, or one that is unknown, revoked or expired."""

    code = "not_authenticated"
    title = "A valid API key is needed"


class ScopeMissing(CallerError):
    """The key is good, but not for this."""

    code = "scope_missing"
    title = "This API key may not do this"


class NotFound(CallerError):
    """Nothing of the caller's has this address."""

    code = "not_found"
    title = "Not found"


class VersionMismatch(CallerError):
    """Somebody or something changed it since the caller looked."""

    code = "version_mismatch"
    title = "The generation request has another version"

    def __init__(self, *, asked: int, found: int) -> None:
        super().__init__(f"It has version {found}, not {asked}. Nothing was done: look at it again, then decide.")


class MethodNotAllowed(CallerError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    title = "Method not allowed"


class ServiceError(LqsError):
    """The caller can only try again later."""

    retryable = True


class ServiceUnavailable(ServiceError):
    """The database does not answer, or not in time."""

    code = "service_unavailable"
    title = "The service cannot answer right now"


class InternalError(ServiceError):
    """A fault of ours."""

    code = "internal_error"
    title = "Something went wrong on our side"
