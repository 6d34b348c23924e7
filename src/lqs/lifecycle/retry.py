"""Retry by hand: what failed or was cancelled is tried again in a further run; what was generated stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.advance import begin_run
from lqs.domain.errors import (
    BodyRefused,
    BudgetSpent,
    Finding,
    NotDone,
    NothingToRetry,
    VersionMismatch,
)
from lqs.domain.generation_request import Standing
from lqs.domain.money import money
from lqs.domain.slot import RETRY_MOVES, SlotStatus
from lqs.lifecycle import idempotency
from lqs.lifecycle.absence import absence
from lqs.lifecycle.booking import write
from lqs.lifecycle.submission import Defaults
from lqs.observability.trace_context import TraceContext
from lqs.storage import dead_letters, generation_requests, runs, slots, views
from lqs.storage.database import Connection, Database
from lqs.storage.generation_requests import Written
from lqs.storage.idempotency_keys import Key
from lqs.storage.runs import RunTerms


class Choice(StrEnum):
    """Which slots to try again, without naming each."""

    FAILED = "failed"
    FAILED_AND_CANCELLED = "failed_and_cancelled"


@dataclass(frozen=True, slots=True)
class Retry:
    """A checked wish for a further run. `slots` is a choice or the indexes themselves, of which those with an entity
    are left alone; None leaves a term to the service, or as it was.

    `max_cost_microusd` is what all runs together may cost from now on; `if_version` is the only version that the
    caller wants to change; `requested_by` is the id of their API key, `trace` where in a trace they asked.
    """

    owner_id: UUID
    request_id: UUID
    slots: Choice | Sequence[int] = Choice.FAILED
    max_attempts: int | None = None
    timeout_seconds: int | None = None
    max_cost_microusd: int | None = None
    if_version: int | None = None
    idempotency_key: str | None = None
    requested_by: str | None = None
    trace: TraceContext | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What a replay must repeat."""
        chosen = self.slots if isinstance(self.slots, Choice) else sorted(set(self.slots))
        terms = {
            "max_attempts": self.max_attempts,
            "timeout_seconds": self.timeout_seconds,
            "max_cost_microusd": self.max_cost_microusd,
            "if_version": self.if_version,
        }
        return {"slots": chosen} | {name: value for name, value in terms.items() if value is not None}

    @property
    def key(self) -> Key | None:
        """The idempotency key in its scope: this operation on this generation request."""
        operation = f"POST /generation-requests/{self.request_id}/retry"
        return Key(self.owner_id, operation, self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation with a key did: `subject_id` is what it made or changed. A replay did nothing now; its key was
    used at `used_at`.
    """

    subject_id: UUID
    replayed: bool = False
    used_at: datetime | None = None


async def retry(database: Database, wish: Retry, defaults: Defaults) -> Done:
    """Begin a further run of a generation request that is done; it has begun, durably, when this returns.

    Its time is what the wish says, or that of so many attempts and some more; a call reserves what it costs now. Raises
    `NotFound`, `GenerationRequestPurged`, `NotDone`, `NothingToRetry`, `BudgetSpent`, `VersionMismatch`, `BodyRefused`
    for an index it does not have or a budget that cannot be kept, and what `idempotency.take` raises; nothing is
    changed then, and the key stays free.
    """
    async with database.transaction() as connection:
        use = await idempotency.take(connection, wish.key, wish.body, wish.request_id)
        if use is not None:
            return Done(use.subject_id, True, use.used_at)
        if await views.progress(connection, wish.request_id, owner_id=wish.owner_id) is None:
            raise await absence(connection, wish.request_id, owner_id=wish.owner_id)
        await generation_requests.lock_flows(connection, [wish.request_id])
        standings = await generation_requests.lock(connection, [wish.request_id])
        if wish.request_id not in standings:
            raise await absence(connection, wish.request_id, owner_id=wish.owner_id)
        await begin_again(connection, standings[wish.request_id], wish, defaults)
        crash_point(CrashPoint.RETRY_BEGUN)
        crash_point_soon(CrashPoint.RETRY_COMMITTING)
    crash_point(CrashPoint.RETRY_COMMITTED)
    return Done(wish.request_id)


async def begin_again(connection: Connection, standing: Standing, wish: Retry, defaults: Defaults) -> int:
    """Begin a further run in the caller's transaction, which holds the locks on the owner's flow and on this row.

    Returns how many dead letters that resolved.
    Raises `NotDone`, `NothingToRetry`, `BudgetSpent`, `VersionMismatch`, `BodyRefused`; nothing is written then.
    """
    if wish.if_version not in (None, standing.version):
        raise VersionMismatch(wish.if_version, standing.version)
    if not standing.status.done:
        raise NotDone(f"It is {standing.status}. Wait until it is done, or cancel it, and then try again.")
    _refuse_unknown(wish.slots, standing.counts.requested)
    price = defaults.call_prices.get(await runs.entity_type(connection, standing.id))
    await _refuse_without_money(connection, standing, wish, price)
    moves = await slots.retry(connection, standing.id, *_chosen(wish.slots))
    moved = moves.get(standing.id)
    if not moved:
        raise NothingToRetry(_nothing(wish.slots, await slots.statuses(connection, standing.id)))
    await runs.archive(connection, standing.id)
    terms = RunTerms(
        wish.requested_by,
        wish.max_attempts,
        wish.timeout_seconds,
        defaults.overhead_seconds,
        wish.trace,
        wish.max_cost_microusd,
        price,
    )
    await runs.begin(connection, standing.id, terms, slots=len(moved))
    begun, events = begin_run(standing, moved)
    await write(connection, [Written(begun, progressed=False)], events)
    return await dead_letters.resolve(
        connection,
        standing.id,
        [move.index for move in moved],
        requeued_as=standing.id,
        resolved_by=wish.requested_by,
    )


async def _refuse_without_money(connection: Connection, standing: Standing, wish: Retry, price_now: int | None) -> None:
    """Before anything moves: a run that cannot pay its first call would end where the last one did.

    Where nobody knows what a call costs now, one goes on at the price it had, but no new budget could be kept.
    """
    if price_now is None and wish.max_cost_microusd is not None:
        detail = "What a call costs is unknown here, so no budget can be kept. Leave it out."
        raise BodyRefused([Finding("/max_cost_microusd", "price_unknown", detail)])
    most = standing.max_cost_microusd if wish.max_cost_microusd is None else wish.max_cost_microusd
    price = standing.call_price_microusd if price_now is None else price_now
    if most is None or standing.cost_microusd + price <= most:
        return
    befores, indexes = _chosen(wish.slots)
    statuses = await slots.statuses(connection, standing.id)
    calls = sum(status in befores and (indexes is None or index in indexes) for index, status in statuses.items())
    if calls:
        spent = standing.cost_microusd
        needed = [f"{spent + price * n} ({money(spent + price * n)}) for {n}" for n in sorted({1, calls})]
        raise BudgetSpent(
            f"It has cost {money(spent)}, all runs together may cost {money(most)}, and a call may take {money(price)}."
            f" It takes a max_cost_microusd of {', or '.join(needed)}."
        )


def _chosen(chosen: Choice | Sequence[int]) -> tuple[frozenset[SlotStatus], Sequence[int] | None]:
    if chosen is Choice.FAILED:
        return frozenset({SlotStatus.FAILED}), None
    if chosen is Choice.FAILED_AND_CANCELLED:
        return frozenset(RETRY_MOVES), None
    return frozenset(RETRY_MOVES), list(map(int, chosen))


def _refuse_unknown(chosen: Choice | Sequence[int], count: int) -> None:
    if isinstance(chosen, Choice):
        return
    findings = [
        Finding(f"/slots/{place}", "out_of_range", f"It has the slots 0 to {count - 1}.", {"min": 0, "max": count - 1})
        for place, index in enumerate(chosen)
        if index >= count
    ]
    if findings:
        raise BodyRefused(findings)


def _nothing(chosen: Choice | Sequence[int], statuses: dict[int, SlotStatus]) -> str:
    if chosen is Choice.FAILED and SlotStatus.CANCELLED in statuses.values():
        return "No slot of it failed, but some were cancelled: choose failed_and_cancelled to try these again."
    indexes = sorted(statuses if isinstance(chosen, Choice) else set(chosen))
    return f"Nothing failed there: {', '.join(f'slot {index} is {statuses[index]}' for index in indexes)}."
