"""The event log in PostgreSQL."""

from collections.abc import Sequence

from pydantic_core import to_json

from lqs.domain.generation_request import Event
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("events")


async def append(connection: Connection, events: Sequence[Event]) -> None:
    """Append events, in the transaction that made them true."""
    await SQL["append"].execute(
        connection,
        request_ids=[e.request_id for e in events],
        seqs=[e.seq for e in events],
        types=[e.type for e in events],
        slot_indexes=[e.slot_index for e in events],
        bodies=[_body(e) for e in events],
    )


def _body(event: Event) -> str:
    body: dict[str, object] = {"status": event.status, "run": event.run, "counts": event.counts.by_status()}
    if event.error_code:
        body["error_code"] = event.error_code
    return to_json(body).decode()
