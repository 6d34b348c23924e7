"""A clock that jumps: nothing lasts less than no time, and nothing waits for the clock to catch up."""

from house import failed, generated, retrying
from lqs.domain.generation_request import Counts, Status
from lqs.lifecycle.register import beat


async def test_everything_goes_on_after_the_clock_was_set_back(house):
    request_id, worker_id, held = await house.claimed(4)
    waiting_id = await house.submit()
    async with house.at("-1 hour") as earlier:
        await earlier.settle(worker_id, generated(held[0]), failed(held[1]), retrying(held[2], 0))
        assert await beat(earlier.database, worker_id, in_flight=1)
        assert (await earlier.promote()).slots == 1
        again = {slot.request_id: slot for slot in (await earlier.claim(worker_id)).slots}
        assert set(again) == {request_id, waiting_id}
        await earlier.settle(worker_id, *map(generated, again.values()), generated(held[3]))
        for id_, counts in ((request_id, Counts(generated=3, failed=1)), (waiting_id, Counts(generated=1))):
            view = await earlier.read(id_)
            assert view.counts == counts
            assert view.requested_at <= view.started_at <= view.completed_at
            assert view.requested_at <= view.last_progress_at
            for slot in view.slots:
                assert view.requested_at <= slot.started_at <= slot.finished_at


async def test_progress_never_goes_back(house):
    request_id, worker_id, held = await house.claimed(2)
    await house.settle(worker_id, generated(held[0]))
    before = (await house.read(request_id)).last_progress_at
    async with house.at("-1 hour") as earlier:
        await earlier.settle(worker_id, generated(held[1]))
    assert (await house.read(request_id)).last_progress_at >= before


async def test_every_other_end_of_a_slot_keeps_its_order_as_well(house):
    lost_id, lost_worker, _ = await house.claimed()
    wedged_id, _, _ = await house.claimed()
    late_id, _, _ = await house.claimed()
    await house.kill(lost_worker)
    async with house.at("-1 hour") as earlier:
        await earlier.rows("UPDATE slots SET deadline_at = lqs_now(), attempts = 3 WHERE request_id = $1", wedged_id)
        await earlier.rows(
            "UPDATE generation_requests SET requested_at = requested_at - interval '2 hours',"
            " deadline_at = lqs_now() WHERE id = $1",
            late_id,
        )
        await earlier.rescue(max_crashes=1)
        await earlier.time_out()
        await earlier.expire()
        for id_ in (lost_id, wedged_id, late_id):
            view = await earlier.read(id_)
            assert view.status is Status.FAILED
            assert view.started_at <= view.completed_at
            assert view.slots[0].started_at <= view.slots[0].finished_at


async def test_a_worker_that_dies_as_the_clock_is_set_back_is_dead_after_one_lease(house):
    """Its last heartbeat lies in the future; nobody may wait an hour until it is old."""
    async with house.at("2 hours") as before:
        request_id, dead, _ = await before.claimed()
        live = await before.worker()
    async with house.at("1 hour") as after:
        assert (await after.rescue()).slots == 0  # nobody can know yet which of the two is dead
    async with house.at("1 hour 11 seconds") as a_lease_later:
        await a_lease_later.rows("UPDATE workers SET heartbeat_at = lqs_now() WHERE id = $1", live)
        assert (await a_lease_later.rescue()).slots == 1
        assert (await a_lease_later.read(request_id)).counts == Counts(pending=1)
        assert not await beat(a_lease_later.database, dead, in_flight=1)
        assert await beat(a_lease_later.database, live, in_flight=0)


async def test_a_retry_put_off_before_the_clock_was_set_back_does_not_wait_until_it_comes_to_that_time_again(house):
    async with house.at("2 hours") as before:
        request_id, worker_id, [slot] = await before.claimed()
        await before.settle(worker_id, retrying(slot, 0.1))
    await house.promote()
    assert (await house.read(request_id)).counts == Counts(pending=1)


async def test_a_jump_forward_costs_leases_but_no_truth(house):
    request_id, worker_id, [slot] = await house.claimed()
    async with house.at("1 minute") as later:
        assert (await later.rescue()).slots == 1
        assert (await later.settle(worker_id, generated(slot))).late == 1
        again = await later.worker()
        await later.settle(again, *map(generated, (await later.claim(again)).slots))
        assert (await later.read(request_id)).status is Status.COMPLETED


async def test_clients_are_told_the_time_of_the_database(house):
    request_id = await house.submit()
    async with house.at("-1 hour") as earlier:
        assert (await earlier.read(request_id)).read_at < (await house.read(request_id)).requested_at
