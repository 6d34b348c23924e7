"""Workers that are killed, frozen and stopped as processes: every generation request ends, and once."""

import signal
import time

from house import generated
from lqs.domain.generation_request import Status
from lqs.storage.database import DatabaseUnavailable

UNFINISHED = "completed_at IS NULL"


async def all_done(count) -> bool:
    return await count("generation_requests", UNFINISHED) == 0


HERE = "application_name = 'lqs worker' AND datname = current_database()"


async def test_a_hundred_generation_requests_end_although_their_worker_is_killed_midway(
    home, processes, count, eventually
):
    ids = [await home.submit(1 + n % 3) for n in range(100)]
    total = await count("slots")
    first = processes.worker(worker_capacity="40")

    async def midway() -> bool:
        return await count("entities") >= 30 and await count("slots", "status = 'processing'") >= 10

    await eventually(midway)
    first.kill()
    first.wait()
    # The server may still carry out what the dead worker sent last.
    await eventually(lambda: count("pg_stat_activity", HERE), equals=0)
    lost = await count("slots", "status = 'processing'")
    assert lost > 0
    assert not await all_done(count)
    processes.worker()
    await eventually(lambda: all_done(count))
    assert await count("generation_requests", "status = 'completed'") == len(ids)
    assert await count("entities") == await count("slots", "status = 'generated'") == total
    assert await count("slots", "crashes = 1") == lost
    assert (await home.rows("SELECT max(attempts) AS most FROM slots"))[0]["most"] == 1  # a crash costs no attempt


async def test_what_a_frozen_worker_brings_after_its_lease_is_paid_for_and_not_counted(
    home, processes, count, eventually
):
    request_id = await home.submit(10)
    frozen = processes.worker(simulated_latency_seconds="3", simulated_latency_sigma="0", slot_timeout_seconds="30")
    await eventually(lambda: count("slots", "status = 'processing'"), equals=10)
    frozen.send_signal(signal.SIGSTOP)
    assert await count("entities") == 0
    quick = processes.worker(simulated_latency_seconds="0.01")
    await eventually(lambda: all_done(count))
    before = await home.read(request_id)
    assert before.status is Status.COMPLETED
    frozen.send_signal(signal.SIGCONT)
    await eventually(lambda: count("slot_attempts", "outcome = 'late_result'"), equals=10)
    after = await home.read(request_id)
    assert (after.version, after.model_calls) == (before.version + 10, 10), "each late result is told, and none counts"
    assert await count("entities") == 10
    # It comes back under a new name, and works.
    await eventually(lambda: count("workers", "dead_at IS NULL"), equals=2)
    assert await processes.end(quick) == 0
    other_id = await home.submit(2)
    await eventually(lambda: all_done(count))
    assert (await home.read(other_id)).status is Status.COMPLETED
    assert await processes.end(frozen) == 0
    assert await count("workers", "dead_at IS NULL") == 0


async def test_a_process_frozen_inside_settle_holds_nobody_up_for_long(home, processes, count, eventually):
    """It is stopped while it waits for a lock that it gets while it is stopped: it holds it and does nothing."""
    request_id = await home.submit(10)
    here = await home.worker()
    mine = (await home.claim(here, batch=5)).slots
    victim = processes.worker(lease_seconds="60")
    await eventually(lambda: count("slots", "status = 'processing'"), equals=10)
    in_settle = "application_name = 'lqs worker' AND query LIKE '-- generation_requests.lock\n%'"
    async with home.locked(request_id):
        waiting = f"{in_settle} AND wait_event_type = 'Lock' AND xact_start IS NOT NULL"
        await eventually(lambda: count("pg_stat_activity", waiting))
        victim.send_signal(signal.SIGSTOP)
    await eventually(lambda: count("pg_stat_activity", f"{in_settle} AND state = 'idle in transaction'"))
    began = time.monotonic()

    # Strangers do not even notice.
    other_id = await home.submit(1)
    [other] = (await home.claim(here)).slots
    await home.settle(here, generated(other))
    assert (await home.read(other_id)).status is Status.COMPLETED
    assert time.monotonic() - began < 5

    # Who needs the same generation request waits until the server throws the frozen session out.
    while True:
        try:
            await home.settle(here, *map(generated, mine))
            break
        except DatabaseUnavailable:
            assert time.monotonic() - began < 10
    assert time.monotonic() - began < 10
    assert (await home.read(request_id)).counts.generated == 5

    victim.send_signal(signal.SIGCONT)
    await eventually(lambda: all_done(count))
    assert (await home.read(request_id)).counts.generated == 10
    assert "settle.waits" in processes.said(victim)
    assert await processes.end(victim) == 0


async def test_a_worker_told_to_stop_finishes_what_it_has_begun(home, processes, count, eventually):
    for _ in range(5):
        await home.submit(4)
    worker = processes.worker(
        worker_capacity="8", simulated_latency_seconds="0.5", simulated_latency_sigma="0.1", lease_seconds="60"
    )
    await eventually(lambda: count("slots", "status = 'processing'"), equals=8)
    assert await processes.end(worker) == 0
    assert await count("slots", "status = 'generated'") >= 8
    assert await count("slots", "status = 'processing'") == 0
    assert await count("slots", "crashes > 0") == 0
    assert await count("workers", "dead_at IS NULL") == 0


async def test_a_worker_told_to_stop_hands_back_what_takes_too_long(home, processes, count, eventually):
    request_id = await home.submit(6)
    slow = processes.worker(simulated_latency_seconds="100", graceful_stop_seconds="0.2", slot_timeout_seconds="200")
    await eventually(lambda: count("slots", "status = 'processing'"), equals=6)
    assert await processes.end(slow) == 0
    assert await count("slots", "status = 'pending' AND attempts = 0 AND crashes = 0") == 6
    assert (await home.told(request_id))[-1] == "slots_handed_back"
    processes.worker()
    await eventually(lambda: all_done(count))


async def test_the_second_signal_ends_a_worker_at_once(home, processes, count, eventually):
    request_id = await home.submit(3)
    slow = processes.worker(simulated_latency_seconds="100", graceful_stop_seconds="60", slot_timeout_seconds="200")
    await eventually(lambda: count("slots", "status = 'processing'"), equals=3)
    slow.send_signal(signal.SIGTERM)

    async def stopping() -> bool:
        return "worker.stopping" in processes.said(slow)

    await eventually(stopping)
    assert await processes.end(slow) == 128 + signal.SIGTERM
    processes.worker()
    await eventually(lambda: all_done(count))
    assert (await home.read(request_id)).status is Status.COMPLETED
    assert await count("slots", "crashes = 1") == 3


async def test_a_worker_whose_database_sessions_are_cut_carries_on(home, processes, count, eventually):
    """Every session of the worker is ended, three times, while it works."""
    for _ in range(20):
        await home.submit(3)
    processes.worker(worker_capacity="20", simulated_latency_seconds="0.2")
    for entities in (3, 15, 30):

        async def enough(entities: int = entities) -> bool:
            return await count("entities") >= entities

        await eventually(enough)
        await home.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lqs worker'")
    await eventually(lambda: all_done(count))
    assert await count("generation_requests", "status = 'completed'") == 20


async def test_attempts_that_fail_are_tried_again_by_whoever_has_room(home, processes, count, eventually):
    """A third of all attempts fails in ways that pass, some in one that does not: every slot ends by the book."""
    for _ in range(15):
        await home.submit(4)
    failures = '{"provider_timeout": 0.3, "content_refused": 0.3}'
    for _ in range(3):
        processes.worker(simulated_failures=failures, simulated_latency_seconds="0.05", retry_base_seconds="0.05")
    await eventually(lambda: all_done(count))
    assert await count("slots", "error_code = 'content_refused'") > 0
    assert await count("slots", "status = 'generated' AND attempts > 1") > 0
    assert await count("slots", "error_code = 'content_refused' AND attempts > 3") == 0
    assert await count("slots", "error_code = 'provider_timeout' AND attempts <> 3") == 0
