"""What is told about the codes a slot can fail with. Their titles are the messages that the API shows."""

from collections.abc import Mapping
from types import MappingProxyType

from lqs.domain.error_pages.page import Told
from lqs.domain.slot_errors import SlotErrorCode

_RETRY = "`lqs generation retry ID --wait` tries again what failed; what was generated stays"

SLOTS: Mapping[SlotErrorCode, Told] = MappingProxyType(
    {
        SlotErrorCode.PROVIDER_RATE_LIMITED: Told(
            "Every attempt was refused because the provider gets more calls than it allows.",
            ("other work shares the provider's limit", "the limit of the account is low"),
            f"{_RETRY}, later or with fewer entities at once",
        ),
        SlotErrorCode.PROVIDER_TIMEOUT: Told(
            "The provider took longer to answer than one attempt waits.",
            ("the provider is slow or overloaded", "the time for one attempt is short"),
            f"{_RETRY}; `lqs problems generate --attempt-timeout DURATION` gives each attempt more time",
        ),
        SlotErrorCode.PROVIDER_UNAVAILABLE: Told(
            "The provider could not be reached, or failed itself.",
            ("an outage of the provider", "the workers have no way to the network"),
            f"{_RETRY}, once the provider answers",
        ),
        SlotErrorCode.PROVIDER_AUTH: Told(
            "The provider refused the credentials of the service, so no further attempt was made.",
            ("the operator's key for the provider is wrong, revoked or unpaid",),
            "whoever runs the service corrects the credentials of the provider; then `lqs generation retry ID --wait`",
        ),
        SlotErrorCode.CONTENT_REFUSED: Told(
            "The model will not write what was asked for. Asking again would bring the same.",
            ("the constraints, such as topics, touch what the provider forbids",),
            "`lqs problems generate` anew, with other topics or constraints",
        ),
        SlotErrorCode.OUTPUT_INVALID: Told(
            "Something was generated at every attempt, and each time a check found it wrong. Nothing wrong is stored.",
            ("the constraints leave the generator little room", "the model is too weak for them"),
            f"{_RETRY}; with fewer constraints there is more to choose from",
        ),
        SlotErrorCode.SLOT_TIMEOUT: Told(
            "The attempt was ended because its time was over.",
            ("the generator was slow, or hung", "the time for one attempt is short"),
            f"{_RETRY}; `lqs problems generate --attempt-timeout DURATION` gives each attempt more time",
        ),
        SlotErrorCode.DEADLINE_EXCEEDED: Told(
            "The generation request had a time to end by, and this slot was not settled then.",
            (
                "the time was too short for the generator",
                "the queue was long",
                "attempts failed and were repeated",
                "no worker lived",
            ),
            f"{_RETRY}; `lqs problems generate --finish-within DURATION` chooses the time",
        ),
        SlotErrorCode.BUDGET_EXHAUSTED: Told(
            "Each call is paid from a budget before it is made, and no budget had room for this one.",
            ("`max_cost_microusd` of the generation request is spent", "so is the daily budget of the key"),
            "`lqs generation retry ID --max-cost DOLLARS` with more, or the next day if it was the daily budget",
        ),
        SlotErrorCode.WORKER_LOST: Told(
            "Several workers one after the other fell silent while they worked on this slot, so it was given up.",
            ("workers are killed, such as for their memory", "this entity itself makes them crash"),
            f"{_RETRY}, once workers live: `lqs doctor` counts them",
        ),
        SlotErrorCode.INTERNAL: Told(
            "A fault of the service; the log of the worker has it.",
            ("a defect in lqs or in a generator",),
            f"{_RETRY}; if it stays, report the id; operators see more with `lqs dead-letters list`",
        ),
    }
)
