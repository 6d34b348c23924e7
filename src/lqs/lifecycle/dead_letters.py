"""Dead letters: an operator requeues what failed for good, one by one or by filter, or discards it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lqs.domain.errors import BodyRefused, BudgetSpent, DeadLetterResolved, Finding, NotDone, NotFound, NothingToRetry
from lqs.domain.generation_request import Standing
from lqs.domain.ids import new_id
from lqs.domain.terms import terms_from
from lqs.lifecycle import idempotency
from lqs.lifecycle.retry import Done, Retry, begin_again
from lqs.lifecycle.submission import Defaults, Submission, new_request
from lqs.storage import dead_letters, generation_requests, views
from lqs.storage.database import Connection, Database
from lqs.storage.dead_letters import Filter, Requeue, Requeueable, State, WholeLetter
from lqs.storage.idempotency_keys import Key

MOST_AT_ONCE = 100
"""Generation requests that one requeue by filter works on: they share a transaction, which must stay short."""

_UNKNOWN = "You have no dead letter with this id. `lqs dead-letters list` shows the open ones."


@dataclass(frozen=True, slots=True)
class Operator:
    """Who deals with dead letters: for an owner, with an API key, and with an idempotency key if they sent one."""

    owner_id: UUID
    key_id: str | None = None
    idempotency_key: str | None = None

    def key(self, operation: str) -> Key | None:
        """The idempotency key in the scope of an operation."""
        return Key(self.owner_id, operation, self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True)
class Order:
    """A requeue by filter. `told` is the filter as the caller wrote it, as JSON values."""

    wanted: Filter
    told: Mapping[str, Any]
    id: UUID = field(default_factory=new_id)


async def requeue(database: Database, letter_id: UUID, operator: Operator, defaults: Defaults) -> Done:
    """Try the slot of a dead letter again: in a further run of its generation request, or, if that was purged, in a
    new one with the same wish for one entity.

    Raises `NotFound`, `DeadLetterResolved` unless it is open, `NotDone` while another run is under way,
    `BudgetSpent`, `BodyRefused` where a budget could not be kept, and what `idempotency.take` raises.
    """
    async with database.transaction() as connection:
        whole = await dead_letters.read(connection, letter_id, owner_id=operator.owner_id)
        if whole is None:
            raise NotFound(_UNKNOWN)
        one = await _only(connection, whole, operator)
        subject_id = new_id() if one.purged else one.request_id
        key = operator.key(f"POST /dead-letters/{letter_id}/requeue")
        use = await idempotency.take(connection, key, {}, subject_id)
        if use is not None:
            return Done(use.subject_id, True, use.used_at)
        _refuse_resolved(whole)
        await generation_requests.lock_flows_of(connection, operator.owner_id)
        if one.purged:
            await _make_again(connection, one, subject_id, operator, defaults)
        else:
            standings = await generation_requests.lock(connection, [one.request_id])
            if one.request_id not in standings:
                raise DeadLetterResolved("It has just changed. Look at it again.")
            await _begin_again(connection, standings[one.request_id], one, operator, defaults)
    return Done(subject_id)


async def requeue_matching(database: Database, order: Order, operator: Operator, defaults: Defaults) -> Requeue:
    """Requeue what matches, of at most `MOST_AT_ONCE` generation requests, the oldest first, in one commit.

    What is neither requeued nor passed over waits for the next call. Raises what `idempotency.take` raises.
    """
    async with database.transaction() as connection:
        use = await idempotency.take(
            connection, operator.key("POST /dead-letters/requeue"), {"filter": dict(order.told)}, order.id
        )
        if use is not None:
            before = await dead_letters.recorded(connection, use.subject_id, owner_id=operator.owner_id)
            if before is None:
                raise NotFound("What this key did is no longer known.")
            return before
        matched, found = await dead_letters.matching(
            connection, owner_id=operator.owner_id, wanted=order.wanted, most=MOST_AT_ONCE
        )
        requeued = await _requeue_all(connection, found, operator, defaults)
        chosen = sum(len(one.indexes) for one in found)
        done = Requeue(order.id, json.dumps(order.told), requeued, chosen - requeued, matched - chosen)
        await dead_letters.record(connection, done, owner_id=operator.owner_id, requested_by=operator.key_id)
    return done


async def count_matching(database: Database, wanted: Filter, *, owner_id: UUID) -> int:
    """How many dead letters a requeue by this filter would find now."""
    async with database.acquire() as connection:
        matched, _ = await dead_letters.matching(connection, owner_id=owner_id, wanted=wanted, most=1)
    return matched


async def discard(database: Database, letter_id: UUID, operator: Operator) -> None:
    """Put a dead letter away for good; doing it twice is the same as once.

    Raises `NotFound`, `DeadLetterResolved` when it was requeued.
    """
    async with database.transaction() as connection:
        if await dead_letters.discard(connection, letter_id, owner_id=operator.owner_id, resolved_by=operator.key_id):
            return
        whole = await dead_letters.read(connection, letter_id, owner_id=operator.owner_id)
        if whole is None:
            raise NotFound(_UNKNOWN)
        if whole.letter.state is not State.DISCARDED:
            _refuse_resolved(whole)


async def _requeue_all(
    connection: Connection, found: Sequence[Requeueable], operator: Operator, defaults: Defaults
) -> int:
    await generation_requests.lock_flows_of(connection, operator.owner_id)
    requeued = 0
    for one in found:
        if one.purged:
            with suppress(BodyRefused, DeadLetterResolved):
                requeued += await _make_again(connection, one, new_id(), operator, defaults)
    standings = await generation_requests.lock(connection, [one.request_id for one in found if not one.purged])
    for one in found:
        standing = standings.get(one.request_id)
        if standing is not None:
            with suppress(DeadLetterResolved, NotDone, NothingToRetry, BudgetSpent):
                requeued += await _begin_again(connection, standing, one, operator, defaults)
    return requeued


async def _begin_again(
    connection: Connection, standing: Standing, one: Requeueable, operator: Operator, defaults: Defaults
) -> int:
    """A further run for those of these slots whose dead letters are still open; how many that resolved."""
    indexes = await _lock_open(connection, one)
    wish = Retry(operator.owner_id, one.request_id, indexes, requested_by=operator.key_id)
    return await begin_again(connection, standing, wish, defaults)


async def _make_again(
    connection: Connection, one: Requeueable, fresh_id: UUID, operator: Operator, defaults: Defaults
) -> int:
    """A new generation request for those of these slots whose dead letters are still open, in place of one that is
    gone; how many that resolved.

    Raises `BodyRefused`, before anything is written, when it had a budget and nobody knows any more what a call costs.
    """
    terms, price = terms_from(json.loads(one.options)), defaults.call_prices.get(one.entity_type)
    if price is None and terms.max_cost_microusd is not None:
        detail = "What a call costs is unknown here, so the budget it had cannot be kept. Generate anew, without one."
        raise BodyRefused([Finding("", "price_unknown", detail)])
    indexes = await _lock_open(connection, one)
    submission = Submission(
        owner_id=operator.owner_id,
        operation="",
        entity_type=one.entity_type,
        count=len(indexes),
        constraints=json.loads(one.constraints),
        metadata=json.loads(one.metadata),
        idempotency_key=None,
        terms=terms,
        requested_by=operator.key_id,
        call_price_microusd=price or 0,
        origin=one.request_id,
        id=fresh_id,
    )
    await generation_requests.insert(connection, [new_request(submission, defaults)])
    return await dead_letters.resolve(
        connection, one.request_id, indexes, requeued_as=fresh_id, resolved_by=operator.key_id
    )


async def _lock_open(connection: Connection, one: Requeueable) -> Sequence[int]:
    """Which are still open, now that nobody else can change that. Raises `DeadLetterResolved` if none is; nothing is
    written then.
    """
    indexes = await dead_letters.lock_open(connection, one.request_id, one.indexes)
    if not indexes:
        raise DeadLetterResolved("Somebody else has just requeued or discarded it. Look again.")
    return indexes


async def _only(connection: Connection, whole: WholeLetter, operator: Operator) -> Requeueable:
    letter = whole.letter
    there = await views.progress(connection, letter.request_id, owner_id=operator.owner_id)
    return Requeueable(
        request_id=letter.request_id,
        entity_type=letter.entity_type,
        purged=there is None,
        indexes=[letter.slot_index],
        constraints=whole.constraints,
        metadata=whole.metadata,
        options=whole.options,
    )


def _refuse_resolved(whole: WholeLetter) -> None:
    letter = whole.letter
    if letter.state is State.OPEN:
        return
    what = f"It was {letter.state} at {letter.resolved_at:%Y-%m-%dT%H:%M:%SZ}"
    where = f" and is tried again in generation request {letter.requeued_as}" if letter.requeued_as else ""
    raise DeadLetterResolved(f"{what}{where}.")
