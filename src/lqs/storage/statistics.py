"""Statistics of generation requests in PostgreSQL: counted in one snapshot, and given up when that takes too long."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg
from asyncpg import Record

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("statistics")

MOST_GROUPS = 2000
"""More rows than anybody reads; asking for fewer groups is the way out."""


class Dimension(StrEnum):
    """What generation requests can be grouped by; `model` groups their attempts."""

    ENTITY_TYPE = "entity_type"
    STATUS = "status"
    END_REASON = "end_reason"
    PRIORITY = "priority"
    MODEL = "model"


class Bucket(StrEnum):
    """A piece of the window, in UTC, that gets numbers of its own."""

    HOUR = "hour"
    DAY = "day"


class TooLarge(Exception):
    """There is more to count than fits into the time or the answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to count: what was asked for from `since` on and before `until`, by one owner or (None) by all."""

    owner_id: UUID | None
    since: datetime
    until: datetime
    group_by: Sequence[Dimension] = ()
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; None when there was nothing to measure."""

    average: float | None = None
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """Generation requests by what became of them; the rest of `total` is not done. `seconds` are from wish to end."""

    total: int
    completed: int
    partial: int
    failed: int
    cancelled: int
    seconds: Times


@dataclass(frozen=True, slots=True)
class Entities:
    """What was asked for, by what became of it; the rest of `requested` is not settled."""

    requested: int
    generated: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts that were reported, by how they ended."""

    total: int = 0
    generated: int = 0
    failed: int = 0
    late: int = 0
    seconds: Times = Times()


@dataclass(frozen=True, slots=True)
class Failure:
    """How many slots ended with a code, and how many attempts failed with it; None: not counted by model."""

    code: str
    slots: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Millionths of a US dollar; see `Written`. By model, what nobody told the cost of is not in it."""

    total: int
    wasted: int
    estimated: int | None


class GroupKey(NamedTuple):
    """What the members of a group have in common; None for what is not grouped by, and for what they lack."""

    bucket: datetime | None
    entity_type: str | None
    status: str | None
    end_reason: str | None
    priority: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """The numbers of one group. By model there are only those of attempts."""

    key: GroupKey
    requests: Requests | None
    entities: Entities | None
    attempts: Attempts
    failures: Sequence[Failure]
    cost: Cost


async def now(connection: Connection) -> datetime:
    """The database's clock, which set every time that is counted."""
    moment = await SQL["now"].fetchval(connection)
    assert isinstance(moment, datetime)
    return moment


async def count(connection: Connection, question: Question, *, timeout_seconds: float) -> list[Group]:
    """Answer a question in one snapshot, in order of the groups. `connection` must not be in a transaction.

    Raises `TooLarge` after `timeout_seconds`, because a snapshot that is held long makes every claim slower, and when
    there are more than `MOST_GROUPS`.
    """
    deadline = time.monotonic() + timeout_seconds
    arguments = {
        "owner_id": question.owner_id,
        "since": question.since,
        "until": question.until,
        "group_by": list(question.group_by),
        "bucket": question.bucket,
        "most": MOST_GROUPS + 1,
    }
    by_model = Dimension.MODEL in question.group_by
    found: dict[str, list[Record]] = {}
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for name in ("attempts", "failures") if by_model else ("requests", "attempts", "failures"):
                left = max(0.001, deadline - time.monotonic())
                await SQL["limits"].execute(connection, timeout=f"{left * 1000:.0f}ms", plans="force_custom_plan")
                found[name] = await SQL[name].fetch(connection, **arguments)
    except asyncpg.QueryCanceledError:
        raise TooLarge(f"It takes longer than {timedelta(seconds=timeout_seconds).total_seconds():g} s.") from None
    if max(map(len, found.values())) > MOST_GROUPS:
        raise TooLarge(f"There are more than {MOST_GROUPS} groups.")
    return _groups(found)


def _groups(found: Mapping[str, Sequence[Record]]) -> list[Group]:
    requests = {_key(row): row for row in found.get("requests", ())}
    attempts = {_key(row): row for row in found["attempts"]}
    failures: dict[GroupKey, list[Failure]] = {}
    for row in found["failures"]:
        slots = row["slots"] if "requests" in found else None
        failures.setdefault(_key(row), []).append(Failure(row["code"], slots, row["attempts"]))
    return [
        Group(
            key=key,
            requests=_requests(requests[key]) if key in requests else None,
            entities=_entities(requests[key]) if key in requests else None,
            attempts=_attempts(attempts[key]) if key in attempts else Attempts(),
            failures=failures.get(key, ()),
            cost=_cost(requests[key] if key in requests else attempts[key]),
        )
        for key in requests or attempts
    ]


def _key(row: Record) -> GroupKey:
    return GroupKey(*(row[name] for name in GroupKey._fields))


def _requests(row: Record) -> Requests:
    return Requests(row["total"], row["completed"], row["partial"], row["failed"], row["cancelled"], _times(row))


def _entities(row: Record) -> Entities:
    return Entities(*(row[f"entities_{name}"] for name in ("requested", "generated", "failed", "cancelled")))


def _attempts(row: Record) -> Attempts:
    return Attempts(row["total"], row["generated"], row["failed"], row["late"], _times(row))


def _times(row: Record) -> Times:
    return Times(row["average"], row["p50"], row["p95"])


def _cost(row: Record) -> Cost:
    return Cost(row["cost"], row["wasted"], row.get("estimated"))
