"""Which ready slots were announced to the workers by messages: a memory of hints, never a truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.observability.trace_context import TraceContext, stored_trace_context
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("announcements")

NO_TURN = 2**63 - 1
"""Every turn comes before it."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A slot to be announced, as it stood under this fence, for the so many-th time.

    `trace` is where in a distributed trace it was asked for, None without one. `turn` is the pass of the slot: the
    smaller, the sooner it is its turn.
    """

    request_id: UUID
    index: int
    fence: int
    times: int
    trace: TraceContext | None
    turn: int


@dataclass(frozen=True, slots=True)
class Survey:
    """How many announced slots nobody has claimed yet, and the turn of the last of them, 0 without any.

    `free` and `places`: how many places the live workers have free, and in all; `ready`: whether any slot is ready.
    """

    open: int
    last_turn: int
    free: int
    places: int
    ready: bool


async def survey(connection: Connection, *, lease_seconds: float) -> Survey:
    """How much is announced and how much could be claimed now; forgets the announcements that are over."""
    row = await SQL["survey"].fetchrow(connection, lease_seconds=lease_seconds)
    assert row is not None
    return Survey(*row.values())


async def announce(
    connection: Connection,
    *,
    entity_types: Sequence[str],
    batch: int,
    again_seconds: float,
    before_turn: int = NO_TURN,
) -> list[Announcement]:
    """Mark and return the next ready slots that are not announced, in the fair order, at most `batch`.

    Only those whose turn comes before `before_turn`.

    One that nobody claims within `again_seconds` is among the next ones again, then after twice that, and so on.
    """
    rows = await SQL["announce"].fetch(
        connection,
        entity_types=list(entity_types),
        batch=batch,
        again_seconds=again_seconds,
        before_turn=before_turn,
    )
    return [
        Announcement(
            row["request_id"],
            row["index"],
            row["fence"],
            row["times"],
            stored_trace_context(row["traceparent"], row["tracestate"]),
            row["pass"],
        )
        for row in rows
    ]


async def withdraw(connection: Connection, announcements: Sequence[Announcement]) -> None:
    """Forget announcements that were never made, so that they are among the next ones."""
    await SQL["withdraw"].execute(
        connection,
        request_ids=[a.request_id for a in announcements],
        indexes=[a.index for a in announcements],
        fences=[a.fence for a in announcements],
    )
