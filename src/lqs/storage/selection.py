"""Which generation requests match a filter, in PostgreSQL; lists and bulk operations ask the same statement."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from lqs.domain.bulk import BulkAction
from lqs.domain.selection import Filter
from lqs.storage.database import Connection, Database
from lqs.storage.queries import queries

SQL = queries("selection")

_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A generation request's place in the order of a search: when it was asked for, and its id."""

    requested_at: datetime
    id: UUID


BEGINNING = Place(datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
END = Place(datetime(9999, 12, 30, tzinfo=UTC), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: whose (None: everybody's), fit for which action (None: all), asked for until when, and from
    which end.
    """

    owner_id: UUID | None
    action: BulkAction | None
    filter: Filter
    as_of: datetime
    newest_first: bool = False

    @property
    def beginning(self) -> Place:
        """The place before the first."""
        return END if self.newest_first else BEGINNING

    @property
    def end(self) -> Place:
        """The place behind the last."""
        return BEGINNING if self.newest_first else END


@dataclass(frozen=True, slots=True)
class Found:
    """The places of what matches, in order, and the place up to which that is all; None when all was looked at."""

    places: Sequence[Place]
    up_to: Place | None


async def clock(connection: Connection) -> datetime:
    """The database's time."""
    now = await SQL["clock"].fetchval(connection)
    assert isinstance(now, datetime)
    return now


async def match(
    connection: Connection, search: Search, *, after: Place, until: Place | None = None, window: int, batch: int
) -> Found:
    """Look at up to `window` generation requests behind a place and up to another (None: the last).

    Up to `batch` of them match.
    """
    wanted, until = search.filter, until or search.end
    row = await SQL["match"].fetchrow(
        connection,
        owner_id=search.owner_id,
        after_at=after.requested_at,
        after_id=after.id,
        until_at=until.requested_at,
        until_id=until.id,
        window=window,
        batch=batch,
        as_of=search.as_of,
        newest_first=search.newest_first,
        action=search.action,
        entity_type=wanted.entity_type,
        statuses=wanted.status,
        end_reasons=wanted.end_reason,
        error_codes=wanted.error_code,
        priorities=wanted.priority,
        requested_after=wanted.requested_after,
        requested_before=wanted.requested_before,
        completed_after=wanted.completed_after,
        completed_before=wanted.completed_before,
        aged_before=wanted.aged_before,
        metadata=json.dumps(dict(wanted.metadata)),
    )
    assert row is not None
    places = [Place(at, id_) for at, id_ in zip(row["requested_at"], row["ids"], strict=True)]
    if len(places) == batch:
        return Found(places, places[-1])
    return Found(places, Place(row["last_at"], row["last_id"]) if row["looked"] == window else None)


async def page(
    database: Database, search: Search, *, after: Place | None, most: int, window: int = 2_000, looks: int = 5
) -> Found:
    """The next matches behind a place (None: from the first on), up to `most`, of `looks` times `window` rows at most.

    A time that bounds a filter is where the search begins or ends, so that nobody looks through what lies beyond. No
    connection is kept from one look to the next.
    """
    begin, end = _bounds(search)
    place: Place | None = after or begin
    places: list[Place] = []
    while place is not None and looks and len(places) < most:
        async with database.acquire() as connection:
            found = await match(connection, search, after=place, until=end, window=window, batch=most - len(places))
        places += found.places
        place = found.up_to
        looks -= 1
    return Found(places, place)


def _bounds(search: Search) -> tuple[Place, Place]:
    """Where to begin and where to end. Everybody's are looked through by their ids, which tell the time of the clock
    that made them: about that of the database, and surely within a day of it.
    """
    first, last = search.filter.requested_after, search.filter.requested_before
    if search.owner_id is None:
        lowest = Place(first, _earliest_id(first - _SKEW)) if first else BEGINNING
        highest = Place(last, _earliest_id(last + _SKEW)) if last else END
    else:
        lowest = Place(first, UUID(int=0)) if first else BEGINNING
        highest = Place(last, UUID(int=0)) if last else END
    return (highest, lowest) if search.newest_first else (lowest, highest)


def _earliest_id(when: datetime) -> UUID:
    """The first id (RFC 9562, version 7) that a clock makes at this time."""
    milliseconds = max(0, round(when.timestamp() * 1000))
    return UUID(int=(milliseconds << 80) & (2**128 - 1))
