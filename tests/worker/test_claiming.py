"""Claims whose answer was lost, queue heads that are not for this worker, and a worker that was taken for dead."""

from dataclasses import replace

import pytest

from house import House
from lqs.domain.generation_request import Status
from lqs.generators.catalog import entity_types
from lqs.wiring import migrate_all
from shift import Hand, at_work
from wire import wire

PROVERB = replace(entity_types()["problem"], name="proverb", plural="proverbs")


WINNING = ("claims.claim", "events.append")
"""What runs in a claim that wins something; one that wins nothing tells no event."""


async def done(house, request_id) -> bool:
    return (await house.read(request_id)).status.done


async def test_slots_whose_claim_was_never_answered_are_handed_back_and_run_at_once(house, eventually):
    """The worker does not know of them, so without this they would wait for their hard deadline."""
    request_id = await house.submit(3)
    async with wire(house.url) as line:
        line.swallow_the_next_answer_to_a_commit_after(*WINNING)
        async with at_work(line.url, Hand.opened()) as shift:
            await eventually(lambda: done(house, request_id), seconds=30)
            assert line.swallowed == 1
    view = await house.read(request_id)
    assert (view.status, [slot.attempts for slot in view.slots]) == (Status.COMPLETED, [1, 1, 1])
    assert "slots_handed_back" in await house.told(request_id)
    [returned] = shift.heard("worker.returned_unknown")
    assert returned.fields["slots"] == 3
    assert {slot["fence"] for slot in await house.rows("SELECT fence FROM slots")} == {3}


async def test_slots_that_the_worker_knows_of_are_kept_when_a_later_claim_loses_its_answer(house, eventually):
    known_id = await house.submit(2)
    hand = Hand()
    async with wire(house.url) as line, at_work(line.url, hand) as shift:

        async def begun() -> int:
            return len(hand.orders)

        async def swallowed() -> bool:
            return line.swallowed == 1 and bool(shift.heard("worker.returned_unknown"))

        await eventually(begun, equals=2)
        line.swallow_the_next_answer_to_a_commit_after(*WINNING)
        unknown_id = await house.submit(2)
        await eventually(swallowed)
        await eventually(begun, equals=4)
        hand.open.set()
        await eventually(lambda: done(house, known_id))
        await eventually(lambda: done(house, unknown_id))
    assert [fields["fence"] for fields in await house.rows(FENCES, known_id)] == [1, 1]
    assert "slots_handed_back" not in await house.told(known_id)
    assert await house.rows("SELECT request_id FROM slot_attempts WHERE outcome = 'late_result'") == []
    assert (await house.read(known_id)).model_calls == (await house.read(unknown_id)).model_calls == 2


FENCES = "SELECT fence FROM slots WHERE request_id = $1 ORDER BY index"


async def test_a_queue_head_of_an_unknown_type_stays_pending_and_holds_nobody_up(house, eventually):
    """A worker of another version leaves what it does not know to those who do, however much of it there is."""
    strange = replace(house.submission(10), entity_type="proverb")
    async with house.submitter() as submitter:
        strange_id = (await submitter.submit(strange)).request_id
    own_id = await house.submit(2)
    async with wire(house.url) as line, at_work(line.url, Hand.opened(), claim_batch_slots=3) as shift:
        await eventually(lambda: done(house, own_id), seconds=30)
        await _claims_are_few(line, shift, eventually)
    view = await house.read(strange_id)
    assert (view.status, view.counts.pending) == (Status.PENDING, 10)
    assert {slot.attempts for slot in view.slots} == {0}


async def _claims_are_few(line, shift, eventually):
    """Over ten heartbeats, of which each takes as long as a poll, a worker claims about once a poll."""

    async def beats() -> bool:
        return line.ran["workers.beat"] >= before["workers.beat"] + 10

    before = line.ran.copy()
    await eventually(beats)
    assert line.ran["claims.claim"] - before["claims.claim"] <= 60


async def test_what_one_worker_does_not_know_another_one_does(database, database_url, home, eventually):
    types = {"problem": entity_types()["problem"], "proverb": PROVERB}
    await migrate_all(database, types)
    async with home.submitter() as submitter:
        request_id = (await submitter.submit(replace(home.submission(2), entity_type="proverb"))).request_id
    async with (
        at_work(database_url, Hand.opened(), claim_batch_slots=1),
        at_work(database_url, Hand.opened(), types=types),
    ):
        await eventually(lambda: done(home, request_id), seconds=30)
    assert (await home.read(request_id)).status is Status.COMPLETED


@pytest.mark.parametrize("passes", [House.deadline_passes, House.start_deadline_passes])
async def test_a_queue_head_past_its_deadline_holds_nobody_up_and_makes_nobody_spin(house, eventually, passes):
    """Though nobody ends it: its lock is held by somebody else, so that no duty gets to it."""
    late_id = await house.submit(10)
    await passes(house, late_id)
    own_id = await house.submit(2)
    async with (
        house.locked(late_id),
        wire(house.url) as line,
        at_work(line.url, Hand.opened(), claim_batch_slots=3) as shift,
    ):
        await eventually(lambda: done(house, own_id), seconds=30)
        await _claims_are_few(line, shift, eventually)
        assert (await house.read(late_id)).counts.pending == 10


async def test_a_worker_taken_for_dead_goes_on_under_another_id(house, eventually):
    """What it brings of its old life is late; what it begins in its new one counts."""
    request_id = await house.submit(2)
    hand = Hand()
    async with at_work(house.url, hand) as shift:

        async def begun() -> int:
            return len(hand.orders)

        await eventually(begun, equals=2)
        [old] = await house.rows("SELECT id FROM workers")
        await house.kill(old["id"])
        await eventually(begun, equals=4)
        hand.open.set()
        await eventually(lambda: done(house, request_id))
        after_id = await house.submit(1)
        await eventually(lambda: done(house, after_id))

        async def late() -> int:
            return len(await house.rows("SELECT index FROM slot_attempts WHERE outcome = 'late_result'"))

        await eventually(late, equals=2)
        assert shift.names["worker.taken_for_dead"] == 1
        living = await house.rows("SELECT id FROM workers WHERE dead_at IS NULL")
        assert [row["id"] for row in living] != [old["id"]]
        assert len(living) == 1
    view = await house.read(request_id)
    assert (view.status, view.model_calls, {slot.attempts for slot in view.slots}) == (Status.COMPLETED, 2, {1})
    by = await house.rows("SELECT DISTINCT worker_id FROM slot_attempts WHERE outcome = 'generated'")
    assert [row["worker_id"] for row in by] == [row["id"] for row in living]
