"""The pool in PostgreSQL: finding, serving and counting an owner's entities by their facets.

Its rows are stored by the statement that stores the entities (`claims.settle`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from lqs.domain.entity_type import EntityType
from lqs.domain.facets import ORIGIN, Filters, term, terms
from lqs.storage.database import Connection
from lqs.storage.entities import EntityView
from lqs.storage.queries import queries

SQL = queries("pool")

WINDOW = 200
"""How many of the next rows are looked at before everything that matches is gathered."""

_NEWEST = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))
_FILLED_AT_ONCE = 1000

Place = tuple[datetime, UUID]
"""The time and the id that a list is sorted by."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entities are meant: those of an owner and a type that match the filters."""

    owner_id: UUID
    entity_type: str
    filters: Filters

    @property
    def arguments(self) -> dict[str, object]:
        """What every statement about them takes."""
        return {"owner_id": self.owner_id, "entity_type": self.entity_type, "query": _query(self.filters)}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entities there are, and how many of them were served at least once."""

    total: int
    served: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The pool in numbers: altogether; by facet and value, the most frequent first; by combination of values.

    An entity that has several values of a facet counts for each of them. In `groups` it counts once, with all of them.
    """

    tally: Tally
    by_facet: Mapping[str, Mapping[str, Tally]]
    groups: Sequence[tuple[Mapping[str, Sequence[str]], Tally]]


async def page(connection: Connection, wanted: Wanted, *, before: Place | None, most: int) -> list[EntityView]:
    """Up to `most` entities, the newest first; `before` is the place of the last one of the page before."""
    before_time, before_id = before or _NEWEST
    rows = await SQL["page"].fetch(
        connection, before_time=before_time, before_id=before_id, window=WINDOW, most=most, **wanted.arguments
    )
    return [EntityView(**row) for row in rows]


async def draw(connection: Connection, wanted: Wanted) -> EntityView | None:
    """Take and mark the least recently served entity that nobody else is taking; None if there is none."""
    row = await SQL["draw"].fetchrow(connection, window=WINDOW, **wanted.arguments)
    return EntityView(**row) if row else None


async def hold_next(connection: Connection, wanted: Wanted) -> bool:
    """Wait for the entity whose turn it is and hold it until the transaction ends; False if nothing matches."""
    return await SQL["hold_next"].fetchrow(connection, **wanted.arguments) is not None


async def statistics(
    connection: Connection, wanted: Wanted, *, names: Sequence[str], group_by: Sequence[str]
) -> Statistics:
    """Count what matches: by each of the facets `names`, and by every combination of values of those of `group_by`.

    `connection` should be in a REPEATABLE READ transaction, so that all numbers are of one moment.
    """
    totals = await SQL["totals"].fetchrow(connection, **wanted.arguments)
    assert totals is not None
    by_facet: dict[str, dict[str, Tally]] = {name: {} for name in names}
    for row in await SQL["counts"].fetch(connection, names=names, **wanted.arguments):
        by_facet[row["facet"]][row["value"]] = Tally(row["total"], row["served"])
    grouped = await SQL["groups"].fetch(connection, names=group_by, **wanted.arguments) if group_by else []
    groups = [(_by_name(row["words"], group_by), Tally(row["total"], row["served"])) for row in grouped]
    return Statistics(Tally(totals["total"], totals["served"]), by_facet, groups)


async def fill(connection: Connection, kind: EntityType) -> int:
    """Give every entity of a type that lacks it its row; all of them anew if the facets are declared otherwise now.

    Returns how many rows were written. What was served stays so. Commits as it goes: stopped half-way it is repeated.
    """
    declared = " ".join(f"{facet.name}:{facet.path}" for facet in kind.facets)
    whole = await SQL["declared"].fetchval(connection, entity_type=kind.name) != declared
    after, written = UUID(int=0), 0
    while rows := await SQL["unfilled"].fetch(
        connection, entity_type=kind.name, after=after, whole=whole, batch=_FILLED_AT_ONCE
    ):
        await SQL["fill"].execute(
            connection,
            entity_type=kind.name,
            ids=[row["id"] for row in rows],
            owner_ids=[row["owner_id"] for row in rows],
            created_at=[row["created_at"] for row in rows],
            facets=[vector(terms(kind.facets, row["content"]), row["generation_request_id"]) for row in rows],
        )
        after, written = rows[-1]["id"], written + len(rows)
    if whole:
        await SQL["declare"].execute(connection, entity_type=kind.name, declared=declared)
    return written


def vector(words: Sequence[str], request_id: UUID | None) -> str:
    """The `facets` of an entity with these terms that this generation request made, as PostgreSQL writes them."""
    every = (*words, term(ORIGIN, str(request_id))) if request_id else words
    # No word has a zero character, so that all can be quoted at once.
    return _quoted("\0".join(every)).replace("\0", "' '") if every else ""


def _query(filters: Filters) -> str:
    """For each facet one of the values, and that for all of them."""
    alternatives = ([_quoted(term(name, value)) for value in values] for name, values in filters.items())
    return " & ".join(f"({' | '.join(words)})" for words in alternatives)


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _by_name(words: Sequence[str], names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        name, _, value = word.partition("=")
        found[name].append(value)
    return {name: found[name] for name in names}
