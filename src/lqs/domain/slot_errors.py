"""Why a slot failed: a closed list of codes, each with its kind and whether another attempt can help."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Category(StrEnum):
    """Who has to act: nobody, it passes (transient); us (permanent); nobody, a rule was set (policy)."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    POLICY = "policy"


class SlotErrorCode(StrEnum):
    """The codes a slot can fail with."""

    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_TIMEOUT = "provider_timeout"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_AUTH = "provider_auth"
    CONTENT_REFUSED = "content_refused"
    OUTPUT_INVALID = "output_invalid"
    SLOT_TIMEOUT = "slot_timeout"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    BUDGET_EXHAUSTED = "budget_exhausted"
    WORKER_LOST = "worker_lost"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """What is known of a code before it happens; `message` is safe to show to anybody."""

    category: Category
    retryable: bool
    message: str


KINDS = MappingProxyType(
    {
        SlotErrorCode.PROVIDER_RATE_LIMITED: ErrorKind(
            Category.TRANSIENT, True, "The model provider asked us to slow down."
        ),
        SlotErrorCode.PROVIDER_TIMEOUT: ErrorKind(
            Category.TRANSIENT, True, "The model provider did not answer in time."
        ),
        SlotErrorCode.PROVIDER_UNAVAILABLE: ErrorKind(
            Category.TRANSIENT, True, "The model provider could not be reached or answered with an error."
        ),
        SlotErrorCode.PROVIDER_AUTH: ErrorKind(
            Category.PERMANENT, False, "The model provider refused our credentials."
        ),
        SlotErrorCode.CONTENT_REFUSED: ErrorKind(
            Category.POLICY, False, "The model declined to generate this content."
        ),
        SlotErrorCode.OUTPUT_INVALID: ErrorKind(
            Category.TRANSIENT, True, "What was generated did not pass verification, so it was not stored."
        ),
        SlotErrorCode.SLOT_TIMEOUT: ErrorKind(
            Category.TRANSIENT, True, "The attempt took longer than the time one attempt may take."
        ),
        SlotErrorCode.DEADLINE_EXCEEDED: ErrorKind(
            Category.POLICY, False, "The deadline of the generation request passed before this entity was generated."
        ),
        SlotErrorCode.BUDGET_EXHAUSTED: ErrorKind(
            Category.POLICY, False, "The money set aside for this generation did not suffice for another attempt."
        ),
        SlotErrorCode.WORKER_LOST: ErrorKind(
            Category.TRANSIENT, True, "The workers that tried this entity stopped answering, too many times."
        ),
        SlotErrorCode.INTERNAL: ErrorKind(
            Category.PERMANENT, True, "Generating this entity failed for a reason on our side; it was logged."
        ),
    }
)
