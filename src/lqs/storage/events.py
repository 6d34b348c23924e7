"""The event log in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from pydantic_core import to_json

from lqs.domain.generation_request import Event
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("events")


async def append(connection: Connection, events: Sequence[Event]) -> None:
    """Append the events of one commit, in the transaction that made them true."""
    await SQL["append"].execute(
        connection,
        request_ids=[e.request_id for e in events],
        seqs=[e.seq for e in events],
        types=[e.type for e in events],
        slot_indexes=[e.slot_index for e in events],
        bodies=_bodies(events),
    )


def _bodies(events: Sequence[Event]) -> list[str]:
    """The bodies in order. Those of one generation request tell of one moment, and differ by their error code alone."""
    written: dict[tuple[UUID, SlotErrorCode | None], str] = {}
    bodies = []
    for event in events:
        key = (event.request_id, event.error_code)
        if key not in written:
            written[key] = _body(event)
        bodies.append(written[key])
    return bodies


def _body(event: Event) -> str:
    body: dict[str, object] = {"status": event.status, "run": event.run, "counts": event.counts.by_status()}
    if event.error_code:
        body["error_code"] = event.error_code
    return to_json(body).decode()
