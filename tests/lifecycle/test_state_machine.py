"""Random lives of generation requests on a real server, step by step against a model of what must be.

`STATE_MACHINE_SEED` and `STATE_MACHINE_EXAMPLES` choose other and longer ones.
"""

import asyncio
import json
import os
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from house import House, breaches, failed, generated, retrying
from lqs.domain.entity_type import Usage
from lqs.domain.errors import BudgetSpent, IdempotencyKeyExpired, IdempotencyKeyReused, NotDone, NothingToRetry
from lqs.domain.retry_policy import RetryPolicy
from lqs.lifecycle.change import Changes, change
from lqs.lifecycle.retry import Choice
from lqs.lifecycle.settle import Settled
from lqs.lifecycle.submission import Submission
from lqs.storage.claims import Claimed
from lqs.storage.database import Database

SEED = int(os.environ.get("STATE_MACHINE_SEED", "2026"))
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "160"))
STEPS = 50
MAX_ATTEMPTS = 3
MAX_CRASHES = 2
MOST_REQUESTS = 7

PRICE = 10

SETTLED = ("generated", "failed", "cancelled")
WAITING = ("pending", "retrying")
T = TypeVar("T")


@dataclass
class ModelSlot:
    status: str = "pending"
    fence: int = 0
    attempts: int = 0
    crashes: int = 0
    holder: UUID | None = None
    reported: set[int] = field(default_factory=set)

    def leave(self, status: str) -> None:
        self.status, self.holder = status, None

    def take_away(self, status: str) -> None:
        self.leave(status)
        self.fence += 1


@dataclass
class ModelRequest:
    slots: list[ModelSlot]
    begun: bool = False
    past_deadline: bool = False
    past_start: bool = False
    cancel: str | None = None
    past_settling: bool = False
    end_reason: str | None = None
    run: int = 1
    limit: int | None = None
    cost: int = 0
    estimated: int = 0

    def pay(self, told: int | None) -> None:
        """A call ended."""
        self.cost += PRICE if told is None else told
        self.estimated += PRICE if told is None else 0

    @property
    def exhausted(self) -> bool:
        """Slots wait, no money is left for them, and no call is in flight that could give some back."""
        in_flight = any(slot.status == "processing" for slot in self.slots)
        return self.limit is not None and not in_flight and not self.done and self.cost + PRICE > self.limit

    @property
    def affordable(self) -> int:
        """How many more calls may begin."""
        if self.limit is None:
            return len(self.slots)
        in_flight = sum(slot.status == "processing" for slot in self.slots)
        return max(0, (self.limit - self.cost) // PRICE - in_flight)

    def take(self, slot: ModelSlot, status: str) -> None:
        """From whoever holds it; nobody told what its call cost."""
        if slot.status == "processing":
            self.pay(None)
        slot.take_away(status)

    def end_without_money(self) -> None:
        self.take_all("failed", of=WAITING)
        self.end("budget_exhausted")

    @property
    def done(self) -> bool:
        return all(slot.status in SETTLED for slot in self.slots)

    @property
    def status(self) -> str:
        states = [slot.status for slot in self.slots]
        made = states.count("generated")
        if not self.done:
            return "cancelling" if self.cancel else "processing" if self.begun else "pending"
        if "cancelled" in states:
            return "cancelled"
        return "completed" if made == len(self.slots) else "partial" if made else "failed"

    def unfinished(self) -> list[ModelSlot]:
        return [slot for slot in self.slots if slot.status not in SETTLED]

    def take_all(self, status: str, *, of: tuple[str, ...] = (*WAITING, "processing")) -> int:
        """Take every slot in these states from whoever holds it."""
        taken = [slot for slot in self.slots if slot.status in of]
        for slot in taken:
            self.take(slot, status)
        return len(taken)

    def end(self, reason: str = "all_settled") -> None:
        """What moved is booked: nothing waits in what is cancelled or has no money; what is settled has a reason."""
        if self.cancel:
            self.take_all("cancelled", of=WAITING)
        if self.begun and self.exhausted:
            self.end_without_money()
        if self.done and self.end_reason is None:
            self.end_reason = "cancelled" if reason == "all_settled" and self.status == "cancelled" else reason

    def expected(self) -> dict[str, Any]:
        states = [slot.status for slot in self.slots]
        return {
            "status": self.status,
            "end_reason": self.end_reason,
            "cancel_mode": self.cancel,
            **{
                f"{name}_count": states.count(name)
                for name in ("processing", "retrying", "generated", "failed", "cancelled")
            },
            "run": self.run,
            "runs": self.run - 1,
            "open_letters": states.count("failed"),
            "slots": [[slot.status, slot.fence, slot.attempts, slot.crashes] for slot in self.slots],
            "entities": states.count("generated"),
            "attempts": sum(len(slot.reported) for slot in self.slots),
            "cost_microusd": self.cost,
            "estimated_microusd": self.estimated,
        }


class Life(RuleBasedStateMachine):
    """What happens to a few generation requests, their slots and their workers."""

    runner: asyncio.Runner
    house: House

    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[UUID, ModelRequest] = {}
        self.keys: dict[str, tuple[UUID, int]] = {}
        self.workers: list[UUID] = []
        self.dead: set[UUID] = set()
        self.claims: list[tuple[UUID, Claimed]] = []
        self.purged: dict[UUID, ModelRequest] = {}
        self.pinned: set[UUID] = set()
        self.steps = 0
        self.do(self.house.clear())
        self.do(self.house.owner(self.house.owner_id))
        self.start_worker()

    def do(self, step: Awaitable[T]) -> T:
        async def run() -> T:
            return await step

        return self.runner.run(run())

    def slot(self, claim: Claimed) -> ModelSlot:
        return self.requests[claim.request_id].slots[claim.index]

    def slots(self) -> list[ModelSlot]:
        return [slot for request in self.requests.values() for slot in request.slots]

    def take(self, slot: ModelSlot, status: str) -> None:
        next(r for r in self.requests.values() if any(one is slot for one in r.slots)).take(slot, status)

    def held_by(self, *workers: UUID) -> list[ModelSlot]:
        return [slot for slot in self.slots() if slot.holder in workers]

    @precondition(lambda self: len(self.requests) < MOST_REQUESTS)
    @rule(count=st.integers(1, 4), limit=st.none() | st.integers(0, 6 * PRICE))
    def submit(self, count: int, limit: int | None) -> None:
        terms = {"start_within_seconds": 3600, "max_cost_microusd": limit}
        request_id = self.do(self.house.submit(count, call_price_microusd=PRICE, **terms))
        self.requests[request_id] = ModelRequest([ModelSlot() for _ in range(count)], limit=limit)

    @precondition(lambda self: self.steps % 5 == 0 or all(r.done for r in self.requests.values()))
    @rule(key=st.sampled_from("ab"), count=st.integers(1, 3), twins=st.integers(1, 4))
    def submit_twins(self, key: str, count: int, twins: int) -> None:
        """At once over two connections: one is made or was before; the same body replays it, any other is refused."""

        def wish() -> Submission:
            return self.house.submission(count, key=key, call_price_microusd=PRICE)

        async def together() -> list[Any]:
            async with self.house.submitter() as one, self.house.submitter() as two:
                return await asyncio.gather(
                    *((one, two)[n % 2].submit(wish()) for n in range(twins)),
                    return_exceptions=True,
                )

        answers = self.do(together())
        if key not in self.keys:
            [fresh] = [answer.request_id for answer in answers if not answer.replayed]
            self.keys[key] = (fresh, count)
            self.requests[fresh] = ModelRequest([ModelSlot() for _ in range(count)])
        known_id, known_count = self.keys[key]
        for answer in answers:
            if known_id in self.purged:
                assert isinstance(answer, IdempotencyKeyExpired)
            elif count == known_count:
                assert answer.request_id == known_id
            else:
                assert isinstance(answer, IdempotencyKeyReused)
                assert answer.existing_request_id == known_id

    @precondition(lambda self: len(self.workers) < 3)
    @rule()
    def start_worker(self) -> None:
        self.workers.append(self.do(self.house.worker()))

    @precondition(lambda self: self.workers and any(s.status == "pending" for s in self.slots()))
    @rule(data=st.data(), batch=st.integers(1, 8) | st.just(100))
    def claim(self, data: st.DataObject, batch: int) -> None:
        worker_id = data.draw(st.sampled_from(self.workers))
        won = self.do(self.house.claim(worker_id, batch=batch))
        open_ = [r for r in self.requests.values() if not r.done and not r.past_deadline and not r.past_start]
        ready = [slot for slot in self.slots() if slot.status == "pending"]
        payable = sum(min(r.affordable, sum(slot.status == "pending" for slot in r.slots)) for r in open_)
        late = any((r.past_deadline or r.past_start) and not r.done for r in self.requests.values())
        limited = any(r.limit is not None for r in open_)
        assert len(won.slots) <= min(batch, payable)
        assert late or limited or len(won.slots) == min(batch, len(ready))
        assert batch < len(ready) or len(won.slots) == payable
        for request_id in won.out_of_money:
            assert self.requests[request_id].exhausted
            self.requests[request_id].end_without_money()
        for claimed in won.slots:
            request, slot = self.requests[claimed.request_id], self.slot(claimed)
            assert slot.status == "pending"
            assert not request.past_deadline
            assert request.begun or not request.past_start
            assert not request.cancel, "a slot was started after the cancellation was answered"
            slot.status, slot.holder, slot.fence, slot.attempts = (
                "processing", worker_id, slot.fence + 1, slot.attempts + 1,
            )  # fmt: skip
            assert (claimed.fence, claimed.attempt) == (slot.fence, slot.attempts)
            request.begun = True
            self.claims.append((worker_id, claimed))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """Any results of any claims ever won: in time, late, again, of workers long dead, some twice in one batch."""
        worker_id = data.draw(st.sampled_from(list(dict.fromkeys(worker for worker, _ in self.claims))))
        mine = [claim for worker, claim in self.claims if worker == worker_id]
        chosen = data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=5))
        kinds = data.draw(st.lists(st.sampled_from(["generated", "failed", "retrying"]), min_size=5, max_size=5))
        costs = data.draw(st.lists(st.sampled_from([PRICE, 4, None]), min_size=5, max_size=5))
        makers = {"generated": generated, "failed": failed, "retrying": partial(retrying, delay_seconds=3600)}
        results = [
            makers[kind](claim, usage=Usage(cost_microusd=cost))
            for claim, kind, cost in zip(chosen, kinds, costs, strict=False)
        ]
        settled = self.do(self.house.settle(worker_id, *results))
        booked = late = 0
        for claim, kind, cost in zip(chosen, kinds, costs, strict=False):
            if claim.request_id in self.purged:
                continue
            request, slot = self.requests[claim.request_id], self.slot(claim)
            if slot.status == "processing" and slot.fence == claim.fence:
                booked += 1
                slot.leave(kind)
                slot.reported.add(claim.fence)
                request.pay(cost)
            elif claim.fence not in slot.reported:
                late += 1
                slot.reported.add(claim.fence)
                if cost is not None:
                    request.cost += cost - PRICE
                    request.estimated -= PRICE
        for request in self.requests.values():
            request.end()
        assert settled == Settled(booked, late, len(results) - booked - late)

    @precondition(lambda self: self.held_by(*self.workers))
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        worker_id = data.draw(st.sampled_from(self.workers))
        self.workers.remove(worker_id)
        self.dead.add(worker_id)
        self.do(self.house.kill(worker_id))

    @precondition(lambda self: self.held_by(*self.dead))
    @rule()
    def rescue(self) -> None:
        lost = self.held_by(*self.dead)
        assert self.do(self.house.rescue(max_crashes=MAX_CRASHES)).slots == len(lost)
        for slot in lost:
            slot.crashes += 1
            slot.attempts -= 1
            self.take(slot, "failed" if slot.crashes >= MAX_CRASHES else "pending")
        for request in self.requests.values():
            request.end()

    @precondition(lambda self: self.held_by(*self.workers))
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        worker_id = data.draw(st.sampled_from(self.workers))
        held = self.held_by(worker_id)
        assert self.do(self.house.hand_back(worker_id)).slots == len(held)
        for slot in held:
            slot.attempts -= 1
            self.take(slot, "pending")
        for request in self.requests.values():
            request.end()

    @precondition(lambda self: any(s.status == "retrying" for s in self.slots()))
    @rule(data=st.data())
    def promote(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(list(self.requests)))
        waiting = [slot for slot in self.requests[request_id].slots if slot.status == "retrying"]
        self.do(self.house.wait_is_over(request_id))
        assert self.do(self.house.promote()).slots == len(waiting)
        for slot in waiting:
            slot.leave("pending")

    @precondition(lambda self: any(s.status == "processing" for s in self.slots()))
    @rule(data=st.data())
    def time_out(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(list(self.requests)))
        held = [slot for slot in self.requests[request_id].slots if slot.status == "processing"]
        self.do(self.house.hold_is_over(request_id))
        assert self.do(self.house.time_out()).slots == len(held)
        for slot in held:
            self.take(slot, "failed" if slot.attempts >= MAX_ATTEMPTS else "retrying")
        self.requests[request_id].end()

    @precondition(lambda self: any(not r.done and not r.past_deadline for r in self.requests.values()))
    @rule(data=st.data())
    def deadline(self, data: st.DataObject) -> None:
        open_ids = [id_ for id_, r in self.requests.items() if not r.done and not r.past_deadline]
        request_id = data.draw(st.sampled_from(open_ids))
        self.do(self.house.deadline_passes(request_id))
        self.requests[request_id].past_deadline = True

    @precondition(lambda self: any(r.past_deadline and not r.done for r in self.requests.values()))
    @rule()
    def expire(self) -> None:
        over = [r for r in self.requests.values() if r.past_deadline and not r.done and not r.cancel]
        self._end_all(over, "failed", "deadline_exceeded", self.do(self.house.expire()).slots)

    def _end_all(self, over: list[ModelRequest], status: str, reason: str, moved: int) -> None:
        assert moved == sum(request.take_all(status) for request in over)
        for request in over:
            request.end(reason)

    @precondition(lambda self: any(not r.begun and not r.done and not r.past_start for r in self.requests.values()))
    @rule(data=st.data())
    def start_deadline(self, data: st.DataObject) -> None:
        waiting = [id_ for id_, r in self.requests.items() if not r.begun and not r.done and not r.past_start]
        request_id = data.draw(st.sampled_from(waiting))
        self.do(self.house.start_deadline_passes(request_id))
        self.requests[request_id].past_start = True

    @precondition(lambda self: any(r.past_start for r in self.requests.values()))
    @rule()
    def give_up(self) -> None:
        over = [r for r in self.requests.values() if r.past_start and not r.begun and not r.done]
        self._end_all(over, "failed", "start_deadline_exceeded", self.do(self.house.give_up()).slots)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), mode=st.sampled_from(["graceful", "graceful", "abort"]))
    def cancel(self, data: st.DataObject, mode: str) -> None:
        """Anything, in any state: what is done, or being cancelled as strictly already, does not even notice."""
        request_id = data.draw(st.sampled_from(list(self.requests)))
        request, before = self.requests[request_id], self.do(self.house.read(request_id))
        changes = not request.done and (request.cancel is None or (request.cancel, mode) == ("graceful", "abort"))
        ask = self.house.abort if mode == "abort" else self.house.cancel
        view = self.do(ask(request_id))
        if changes:
            request.past_settling = request.past_settling or request.past_deadline
            request.cancel = mode
            request.take_all("cancelled", of=WAITING if mode == "graceful" else (*WAITING, "processing"))
            request.end()
        assert view.status == request.status
        assert (view.version > before.version) is changes

    @precondition(lambda self: any(r.status == "cancelling" for r in self.requests.values()))
    @rule(data=st.data())
    def settling_time(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from([i for i, r in self.requests.items() if r.status == "cancelling"]))
        self.do(self.house.settling_time_passes(request_id))
        self.requests[request_id].past_settling = True

    @precondition(lambda self: any(r.past_settling for r in self.requests.values()))
    @rule()
    def sweep(self) -> None:
        over = [r for r in self.requests.values() if r.past_settling and not r.done]
        self._end_all(over, "cancelled", "cancelled", self.do(self.house.sweep()).slots)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), choice=st.sampled_from([*Choice, "indexes"]))
    def retry(self, data: st.DataObject, choice: str) -> None:
        """By hand, of anything: what is not done or has nothing missing among the chosen refuses and stays as it is."""
        request_id = data.draw(st.sampled_from(list(self.requests)))
        request = self.requests[request_id]
        every = range(len(request.slots))
        indexes = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=3)) if choice == "indexes" else every
        missing = ("failed",) if choice == Choice.FAILED else ("failed", "cancelled")
        wanted = [request.slots[index] for index in set(indexes) if request.slots[index].status in missing]
        chosen = indexes if choice == "indexes" else Choice(choice)
        if not request.done or not wanted:
            with pytest.raises(NothingToRetry if request.done else NotDone):
                self.do(self.house.retry(request_id, chosen))
            return
        if request.limit is not None and request.cost + PRICE > request.limit:
            with pytest.raises(BudgetSpent):
                self.do(self.house.retry(request_id, chosen))
            return
        self.do(self.house.retry(request_id, chosen))
        for slot in wanted:
            slot.take_away("pending")
            slot.attempts = slot.crashes = 0
        request.run, request.begun, request.cancel, request.end_reason = request.run + 1, True, None, None
        request.past_deadline = request.past_start = request.past_settling = False

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def pin_or_unpin(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(list(self.requests)))
        self.pinned ^= {request_id}
        self.do(
            change(
                self.house.database, request_id, Changes(pinned=request_id in self.pinned), owner_id=self.house.owner_id
            )
        )

    @precondition(lambda self: any(r.done for r in self.requests.values()))
    @rule(by_hand=st.booleans())
    def purge(self, by_hand: bool) -> None:
        """The time of all that is done is over: what is not pinned goes, and not a moment of anything else."""
        gone = {id_ for id_, r in self.requests.items() if r.done and id_ not in self.pinned}
        if by_hand:
            for id_ in gone:
                self.do(self.house.purge_one(id_))
        else:
            self.do(
                self.house.rows("UPDATE generation_requests SET expires_at = lqs_now() WHERE expires_at IS NOT NULL")
            )
            assert set(self.do(self.house.purge()).request_ids) == gone
        for id_ in gone:
            self.purged[id_] = self.requests.pop(id_)

    @invariant()
    def what_was_purged_left_its_entities_and_a_tombstone(self) -> None:
        made = sum(request.expected()["generated_count"] for request in self.purged.values())
        [row] = self.do(self.house.rows("SELECT count(*) AS n FROM entities WHERE generation_request_id IS NULL"))
        assert row["n"] == made
        rows = self.do(self.house.rows("SELECT request_id, status FROM tombstones"))
        assert {row["request_id"]: row["status"] for row in rows} == {id_: r.status for id_, r in self.purged.items()}

    @invariant()
    def the_database_is_as_the_model_says(self) -> None:
        self.steps += 1
        rows = self.do(
            self.house.rows(
                "SELECT id, status, end_reason, run, cancel_mode, processing_count, retrying_count, generated_count,"
                " failed_count, cancelled_count, cost_microusd, estimated_microusd,"
                " (SELECT json_agg(json_build_array(status, fence, attempts, crashes) ORDER BY index)::text"
                "  FROM slots WHERE request_id = r.id) AS slots,"
                " (SELECT count(*) FROM runs WHERE request_id = r.id) AS runs,"
                " (SELECT count(*) FROM dead_letters WHERE request_id = r.id AND state = 'open') AS open_letters,"
                " (SELECT count(*) FROM entities WHERE generation_request_id = r.id) AS entities,"
                " (SELECT count(*) FROM slot_attempts WHERE request_id = r.id) AS attempts"
                " FROM generation_requests r"
            )
        )
        found = {row.pop("id"): row | {"slots": json.loads(row["slots"])} for row in rows}
        assert found == {id_: request.expected() for id_, request in self.requests.items()}

    def teardown(self) -> None:
        assert self.do(breaches(self.house.url)) == []


@pytest.mark.timeout(600)
def test_any_life_goes_as_the_model_says(reused_url):
    print(f"STATE_MACHINE_SEED={SEED} STATE_MACHINE_EXAMPLES={EXAMPLES}, {STEPS} steps each")  # noqa: T201
    with asyncio.Runner() as runner:
        database = runner.run(
            Database.open(
                reused_url, application_name="life", pool_size=6, statement_timeout_seconds=30, lock_timeout_seconds=5
            )
        )
        house = runner.run(House.furnish(database, reused_url))
        policy = RetryPolicy(base_seconds=3600, cap_seconds=3600)
        life = type(
            "Life",
            (Life,),
            {"runner": runner, "house": House(database, reused_url, house.owner_id, policy, MAX_ATTEMPTS)},
        )
        try:
            run_state_machine_as_test(
                seed(SEED)(life),
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())
