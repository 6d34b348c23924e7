"""What a forecast rests on, in PostgreSQL: one typed function per statement."""

from uuid import UUID

from lqs.domain.forecast import Basis, Surroundings
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("forecasts")

_MOST_AHEAD = 10_000
_WINDOW = 100


async def surroundings(
    connection: Connection, request_id: UUID, *, lease_seconds: float, held_seconds: float
) -> Surroundings:
    """What stands around a generation request now, whose claims hold a slot for `held_seconds`."""
    row = await SQL["surroundings"].fetchrow(
        connection, id=request_id, most=_MOST_AHEAD, lease_seconds=lease_seconds, held_seconds=held_seconds
    )
    assert row is not None
    through = row["through"]
    counted = through is not None and through <= _MOST_AHEAD
    return Surroundings(
        now=row["now"],
        places=row["places"],
        taken=row["taken"],
        ahead=row["ahead"] if through is not None and row["ahead"] < _MOST_AHEAD else None,
        through=through if counted else None,
        retried_by=row["retried_by"],
        claimed_at=row["claimed_at"],
    )


async def basis(connection: Connection, entity_type: str) -> Basis:
    """How long the latest attempts of an entity type took."""
    row = await SQL["basis"].fetchrow(connection, entity_type=entity_type, window=_WINDOW)
    assert row is not None
    return Basis(row["sample_size"], row["slot_p50_ms"], row["slot_p99_ms"])
