"""A slot: the one place for one entity of a generation request."""

from enum import StrEnum
from types import MappingProxyType


class SlotStatus(StrEnum):
    """Where a slot stands; the six counts of a request are counts of these words."""

    PENDING = "pending"
    PROCESSING = "processing"
    RETRYING = "retrying"
    GENERATED = "generated"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def settled(self) -> bool:
        """Whether the slot reached its end within this run."""
        return not MOVES[self]


MOVES = MappingProxyType(
    {
        SlotStatus.PENDING: frozenset({SlotStatus.PROCESSING, SlotStatus.FAILED, SlotStatus.CANCELLED}),
        SlotStatus.PROCESSING: frozenset(
            {
                SlotStatus.GENERATED,
                SlotStatus.FAILED,
                SlotStatus.CANCELLED,
                SlotStatus.RETRYING,
                SlotStatus.PENDING,  # handed back, or rescued from a worker that is gone
            }
        ),
        SlotStatus.RETRYING: frozenset({SlotStatus.PENDING, SlotStatus.FAILED, SlotStatus.CANCELLED}),
        SlotStatus.GENERATED: frozenset[SlotStatus](),
        SlotStatus.FAILED: frozenset[SlotStatus](),
        SlotStatus.CANCELLED: frozenset[SlotStatus](),
    }
)
"""The legal moves of a slot within one run."""

RETRY_MOVES = MappingProxyType(
    {
        SlotStatus.FAILED: frozenset({SlotStatus.PENDING}),
        SlotStatus.CANCELLED: frozenset({SlotStatus.PENDING}),
    }
)
"""The legal moves of a slot from one run into the next."""
