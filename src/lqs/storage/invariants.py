"""What must be true of the stored data at any moment, checked whole: after every test, and by `lqs admin verify`."""

from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("invariants")

INVARIANTS = MappingProxyType(
    {
        "slots_complete": "I2",
        "entities_kept": "I2",
        "entities_single": "I3",
        "counts_true": "I4",
        "done_means_settled": "I5",
        "ended_once": "I6",
        "status_follows_counts": "I7",
        "times_in_order": "I8",
        "deadline_kept": "I9",
        "keys_lead_somewhere": "I12",
        "events_gapless": "I15",
        "last_event_true": "I15",
        "nothing_orphaned": "I16",
        "nothing_held_by_the_dead": "I16",
        "retention_true": "retention",
        "bulk_true": "bulk",
        "attempts_true": "usage",
        "within_budget": "budget",
        "order_fair": "order",
        "runs_kept": "runs",
        "dead_letters_true": "dead letters",
    }
)
"""Every check, and the name of the promise it keeps watch over."""

GRACE_SECONDS = 60.0
"""How late housekeeping may be before lateness counts as a breach; it comes by every few seconds."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of one invariant. `sentence` says what is wrong, with `request_id` as its subject if there is one."""

    invariant: str
    sentence: str
    request_id: UUID | None

    def __str__(self) -> str:
        subject = f" generation request {self.request_id}:" if self.request_id else ""
        return f"{self.invariant}:{subject} {self.sentence}"


async def violations(connection: Connection, *, grace_seconds: float = GRACE_SECONDS) -> list[Violation]:
    """Every breach there is, all seen in one snapshot; empty when the data is sound.

    Reads whole tables: for a large database use a connection without a statement timeout. `connection` must not be
    in a transaction.
    """
    found: list[Violation] = []
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for check, invariant in INVARIANTS.items():
            statement = SQL[check]
            grace = {"grace_seconds": grace_seconds} if "grace_seconds" in statement.parameters else {}
            rows = await statement.fetch(connection, **grace)
            found += [Violation(invariant, row["sentence"], row["request_id"]) for row in rows]
    return found
