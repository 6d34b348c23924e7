"""What of the event log is still to be published, in PostgreSQL: one typed function per statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lqs.observability.trace_context import TraceContext, stored_trace_context
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("publication")


@dataclass(frozen=True, slots=True)
class UnpublishedEvent:
    """An event with what it is told with.

    `commit_id` names the commit that appended it; `body` and `metadata` are JSON. `end_reason` is set for final events,
    `entity_id` for that of a generated slot, as long as the entity is there. `trace` is where in
    a distributed trace it was asked for.
    """

    commit_id: int
    request_id: UUID
    seq: int
    type: str
    slot_index: int | None
    body: str
    occurred_at: datetime
    owner_id: UUID
    entity_type: str
    requested_count: int
    metadata: str
    end_reason: str | None
    entity_id: UUID | None
    trace: TraceContext | None


async def want(connection: Connection, *, kept_seconds: float) -> None:
    """From now on and for so long, events are kept until they are published."""
    await SQL["want"].execute(connection, kept_seconds=kept_seconds)


async def lead(connection: Connection, publisher: UUID, *, lease_seconds: float) -> bool:
    """Be the one that publishes, for so long; False while another one is."""
    return await SQL["lead"].fetchval(connection, publisher=publisher, lease_seconds=lease_seconds) is not None


async def resign(connection: Connection, publisher: UUID) -> None:
    """Let another one publish at once."""
    await SQL["resign"].execute(connection, publisher=publisher)


async def next_events(connection: Connection, *, batch: int) -> list[UnpublishedEvent]:
    """The events of the oldest commits, in the order in which they are to be told."""
    rows = await SQL["next"].fetch(connection, batch=batch)
    return [_event(**row) for row in rows]


def _event(*, traceparent: str | None, tracestate: str | None, **told: Any) -> UnpublishedEvent:
    return UnpublishedEvent(**told, trace=stored_trace_context(traceparent, tracestate))


async def published(connection: Connection, commit_ids: Sequence[int]) -> None:
    """The events of these commits need not be told again."""
    await SQL["published"].execute(connection, ids=commit_ids)


async def give_up(connection: Connection, *, kept_seconds: int, batch: int) -> int:
    """Give up the events that have waited longer: nobody will be told of them; returns of how many commits."""
    return len(await SQL["give_up"].fetch(connection, kept_seconds=kept_seconds, batch=batch))
