"""All pairs of transitions against each other on a real server: no deadlock, nothing stuck, every count true."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from house import House, breaches, failed, generated, retrying
from lqs.domain.bulk import BulkAction
from lqs.domain.errors import (
    BudgetSpent,
    DeadLetterResolved,
    GenerationRequestPurged,
    IdempotencyKeyExpired,
    NotDone,
    NotFound,
    NothingToRetry,
    PriorityFixed,
)
from lqs.domain.generation_request import Priority
from lqs.domain.selection import Filter
from lqs.lifecycle.bulk import BulkWish, begin_bulk
from lqs.lifecycle.bulk_work import BulkRules, work
from lqs.lifecycle.change import Changes, change
from lqs.lifecycle.dead_letters import Operator, Order, requeue, requeue_matching
from lqs.lifecycle.retry import Choice
from lqs.lifecycle.submission import Defaults
from lqs.storage import dead_letters
from lqs.storage.claims import Claimed

ROUNDS = 6
SECONDS_A_PAIR = 0.5
GONE = (GenerationRequestPurged, IdempotencyKeyExpired, NotFound)


@dataclass
class Ring:
    """One house in which two transitions meet again and again over the same few generation requests."""

    house: House
    rng: random.Random
    worker_id: UUID
    held: list[Claimed] = field(default_factory=list)
    keys: int = 0

    async def submit(self) -> None:
        """Twins and strangers at once; a key whose record is gone makes nothing more."""
        self.keys += 1
        async with self.house.submitter() as submitter:

            async def one(key: str | None) -> None:
                with suppress(IdempotencyKeyExpired):
                    await submitter.submit(self.house.submission(3, key=key))

            await asyncio.gather(*map(one, ("a", f"b{self.keys % 3}", None)))

    async def claim(self) -> None:
        won = await self.house.claim(self.worker_id, batch=self.rng.choice([1, 4, 20]))
        self.held += won.slots

    async def settle(self) -> None:
        """A shuffled part of what is held, some of it for the second time."""
        some = self.rng.sample(self.held, min(len(self.held), 6))
        results = [self.rng.choice([generated, failed, lambda slot: retrying(slot, 0)])(slot) for slot in some]
        await self.house.settle(self.worker_id, *results)

    async def promote(self) -> None:
        await self.house.promote()

    async def rescue(self) -> None:
        await self.house.kill(self.worker_id)
        await self.house.rescue(max_crashes=2)
        self.worker_id = await self.house.worker()

    async def hand_back(self) -> None:
        await self.house.hand_back(self.worker_id, batch=3)

    async def time_out(self) -> None:
        await self.house.rows(
            "UPDATE slots SET deadline_at = lqs_now() WHERE (request_id, index) IN"
            " (SELECT request_id, index FROM slots WHERE status = 'processing' LIMIT 2 FOR UPDATE SKIP LOCKED)"
        )
        await self.house.time_out()

    async def expire(self) -> None:
        await self.house.rows(
            "UPDATE generation_requests SET deadline_at = lqs_now(), requested_at = requested_at - interval '1 hour'"
            " WHERE id IN (SELECT id FROM generation_requests WHERE completed_at IS NULL ORDER BY random() LIMIT 3"
            " FOR UPDATE SKIP LOCKED)"
        )
        await self.house.expire()

    async def give_up(self) -> None:
        await self.house.rows(
            "UPDATE generation_requests SET start_deadline_at = lqs_now() WHERE id IN (SELECT id FROM"
            " generation_requests WHERE started_at IS NULL AND completed_at IS NULL ORDER BY random() LIMIT 3"
            " FOR UPDATE SKIP LOCKED)"
        )
        await self.house.give_up()

    async def cancel(self) -> None:
        """Some at once, each by one call; every third of them at once and for good."""
        rows = await self.house.rows(
            "SELECT id FROM generation_requests WHERE completed_at IS NULL ORDER BY random() LIMIT 3"
        )
        asks = (self.house.cancel, self.house.cancel, self.house.abort)

        async def one(ask: Callable[[UUID], Awaitable[object]], request_id: UUID) -> None:
            with suppress(*GONE):  # ended and purged since it was looked for
                await ask(request_id)

        await asyncio.gather(*(one(ask, row["id"]) for ask, row in zip(asks, rows, strict=False)))

    async def sweep(self) -> None:
        """Whatever is left of the cancellations of others, and of one of its own."""
        await self.cancel()
        await self.house.rows(
            "UPDATE generation_requests SET settles_by = lqs_now() WHERE id IN (SELECT id FROM generation_requests"
            " WHERE status = 'cancelling' ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED)"
        )
        await self.house.sweep()

    async def purge(self) -> None:
        """Of what is done some is past its time, pinned or not, and the tombstones before it are forgotten."""
        await self.house.rows(
            "UPDATE generation_requests SET expires_at = lqs_now() WHERE id IN"
            " (SELECT id FROM generation_requests WHERE expires_at IS NOT NULL ORDER BY random() LIMIT 3"
            " FOR UPDATE SKIP LOCKED)"
        )
        await self.house.rows(
            "UPDATE tombstones SET forgotten_at = lqs_now() WHERE request_id IN"
            " (SELECT request_id FROM tombstones LIMIT 2 FOR UPDATE SKIP LOCKED)"
        )
        await self.house.tidy()

    async def change(self) -> None:
        """Whatever is there gets another place, another pin and another word, as far as it may."""
        rows = await self.house.rows("SELECT id FROM generation_requests ORDER BY random() LIMIT 3")
        for row in rows:
            wanted = Changes(
                {"n": str(self.rng.random())}, self.rng.choice([None, *Priority]), self.rng.choice([None, True, False])
            )
            with suppress(PriorityFixed, *GONE):
                await change(self.house.database, row["id"], wanted, owner_id=self.house.owner_id)

    async def bulk(self) -> None:
        """Purges, tries again or cancels some, in small batches."""
        wish = BulkWish(self.house.owner_id, self.rng.choice(list(BulkAction)), Filter(entity_type="problem"))
        begun = await begin_bulk(self.house.database, wish)
        for _ in range(3):
            await work(self.house.database, begun.bulk.id, BulkRules(), batch=2)

    async def retry(self) -> None:
        """By hand, of what is done; whoever comes first begins the further run."""
        done = await self.house.rows(
            "SELECT id FROM generation_requests WHERE status IN ('partial', 'failed', 'cancelled')"
            " ORDER BY random() LIMIT 3"
        )
        for row in done:
            with suppress(NotDone, NothingToRetry, BudgetSpent, *GONE):
                await self.house.retry(row["id"], Choice.FAILED_AND_CANCELLED)

    async def requeue(self) -> None:
        """Whatever lies among the dead letters, and one of them by its id."""
        operator = Operator(self.house.owner_id)
        letters = await self.house.rows("SELECT id FROM dead_letters WHERE state = 'open' ORDER BY random() LIMIT 1")
        for row in letters:
            with suppress(NotDone, NothingToRetry, BudgetSpent, DeadLetterResolved, *GONE):
                await requeue(self.house.database, row["id"], operator, Defaults())
        wanted = dead_letters.Filter(entity_type="problem")
        await requeue_matching(self.house.database, Order(wanted, {}), operator, Defaults())


TRANSITIONS = [
    "submit", "claim", "settle", "promote", "rescue", "hand_back", "time_out", "expire", "give_up", "cancel", "sweep",
    "retry", "requeue", "purge", "change", "bulk",
]  # fmt: skip
PAIRS = list(itertools.combinations_with_replacement(TRANSITIONS, 2))


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{one} against {other}" for one, other in PAIRS])
async def test_two_transitions_at_once_leave_everything_true(house, one, other):
    ring = Ring(house, random.Random(f"{one} {other}"), await house.worker())
    [before] = await house.rows(DEADLOCKS)
    until = time.monotonic() + SECONDS_A_PAIR
    for _ in range(ROUNDS):
        # Something in every state, so that each transition has what it moves.
        for _ in range(3):
            await house.submit(4)
        await ring.claim()
        await ring.settle()
        await ring.claim()
        for _ in range(5):
            await house.submit(4)
        await asyncio.gather(*(_repeat(getattr(ring, name), 4) for name in (one, other, one, other)))
        assert await breaches(house.url) == []
        if time.monotonic() > until:
            break
    # A pooled session reports its statistics late, so they are asked for when all of them are at rest.
    await house.rows("SELECT pg_stat_force_next_flush()")
    [after] = await house.rows(DEADLOCKS)
    assert after == before, "two transitions locked each other out"


DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def _repeat(step: Callable[[], Awaitable[None]], times: int) -> None:
    for _ in range(times):
        await step()


async def test_all_transitions_at_once_come_to_an_end(house):
    """After the storm, what is left is worked off, and every generation request ends."""
    ring = Ring(house, random.Random(7), await house.worker())
    await asyncio.gather(*(_repeat(getattr(ring, name), 12) for name in TRANSITIONS))
    until = time.monotonic() + 30
    while await house.rows("SELECT id FROM generation_requests WHERE completed_at IS NULL LIMIT 1"):
        assert time.monotonic() < until
        await house.rows("UPDATE slots SET available_at = lqs_now() WHERE status = 'retrying'")
        await house.hand_back(ring.worker_id)
        await house.promote()
        await house.expire()
        await house.rows("UPDATE generation_requests SET settles_by = lqs_now() WHERE status = 'cancelling'")
        await house.sweep()
        await house.time_out()
        worker_id = await house.worker()
        await house.settle(worker_id, *map(generated, (await house.claim(worker_id)).slots))
    assert await house.rows("SELECT index FROM slots WHERE finished_at IS NULL") == []
