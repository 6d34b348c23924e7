"""The call itself is wrong: what it sends, whose it is, or its key."""

from collections.abc import Sequence
from uuid import UUID

from lqs.domain.errors.base import CallerError, Finding


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
    """A query parameter that this operation knows, or a header, has a value that it cannot use."""

    code = "parameter_refused"
    title = "A parameter has a wrong value"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name


class CursorMismatch(CallerError):
    """The cursor was made by another list, or with other filters, or is none."""

    code = "cursor_mismatch"
    title = "The cursor does not belong to this list"


class MethodNotAllowed(CallerError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    title = "Method not allowed"


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
