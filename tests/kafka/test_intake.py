"""Work by messages: what is announced is claimed and committed; what else comes on the topic harms nothing."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from tests.kafka.work import PARTITIONS, committed, everything, make_topics, messages, put, settings_for

from house import House
from lqs.dispatch.kafka.brokers import Complaints, open_admin, silent
from lqs.dispatch.kafka.intake import Intake
from lqs.dispatch.kafka.messages import encode
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.domain.generation_request import Status
from lqs.generators.catalog import entity_types
from lqs.observability.trace_context import TraceContext
from lqs.storage.announcements import Announcement
from lqs.storage.database import Database
from lqs.wiring import migrate_all
from shift import Hand, at_work
from wire import wire

NEVER = {"poll_seconds": 60}
"""Workers do not look for themselves before a minute and a half have passed."""


@pytest.fixture
async def home(database: Database, database_url: str) -> House:
    return await House.furnish(database, database_url)


@pytest.fixture
def kafka(access):
    make_topics(access)
    return settings_for(access)


async def done(home, *ids):
    return all([(await home.read(id_)).status.done for id_ in ids])


async def started(home, id_):
    return (await home.read(id_)).status is not Status.PENDING


async def begun(hand):
    return len(hand.orders)


def won(*shifts):
    return sum(happening.fields["won"] for shift in shifts for happening in shift.heard("slots.named"))


async def listening(shift):
    """How many partitions it has; none before it knows that the brokers answer: until then it looks for itself, too."""
    if not shift.names["intake.well"]:
        return 0
    had, lost = (
        sum(happening.fields["partitions"] for happening in shift.heard(name))
        for name in ("intake.assigned", "intake.revoked")
    )
    return had - lost


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_what_is_announced_is_claimed_by_name_and_its_offsets_are_committed(
    home, access, kafka, eventually, protocol
):
    ways = {**kafka, **NEVER, "kafka_group_protocol": protocol}
    async with at_work(home.url, Hand.opened(), **ways) as shift:
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        ids = [await home.submit(5) for _ in range(20)]
        await eventually(lambda: done(home, *ids))
        assert won(shift) == 100
    told = len(everything(access))
    assert told >= 100
    assert committed(access) == told
    assert {(await home.read(id_)).status for id_ in ids} == {Status.COMPLETED}


async def test_several_workers_share_the_work(home, kafka, eventually):
    """Each has room for twenty; without the other, half of it would have to wait."""
    ways = {**kafka, **NEVER, "worker_capacity": 20}
    first, second = Hand(), Hand()
    async with at_work(home.url, first, **ways) as one, at_work(home.url, second, **ways) as other:

        async def shared() -> bool:
            return await listening(one) == await listening(other) == PARTITIONS // 2

        await eventually(shared)
        ids = [await home.submit(1) for _ in range(40)]

        async def both_busy() -> bool:
            return len(first.orders) + len(second.orders) >= 30 and min(len(first.orders), len(second.orders)) >= 5

        await eventually(both_busy)
        first.open.set()
        second.open.set()
        await eventually(lambda: done(home, *ids))


async def test_repeats_shuffled_and_from_the_beginning_again_are_dropped_and_counted(home, access, kafka, eventually):
    async with at_work(home.url, Hand.opened(), **kafka, **NEVER) as shift:
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        ids = [await home.submit(5) for _ in range(10)]
        await eventually(lambda: done(home, *ids))
    told = everything(access) * 3
    random.Random(7).shuffle(told)
    put(access, told)
    admin = open_admin(access, Complaints(access, silent))
    work = topic(access.topic_prefix, TopicName.WORK)
    reset = ConsumerGroupTopicPartitions(access.group_id, [TopicPartition(work, n, 0) for n in range(PARTITIONS)])
    for future in admin.alter_consumer_group_offsets([reset]).values():
        future.result(20)
    async with at_work(home.url, Hand.opened(), **kafka) as shift:
        last_id = await home.submit(3)

        async def all_heard() -> bool:
            return sum(happening.fields["repeated"] for happening in shift.heard("slots.named")) >= 4 * 50

        await eventually(all_heard)
        await eventually(lambda: done(home, last_id))
    assert {row["fence"] for row in await home.rows("SELECT fence FROM slots")} == {1}
    assert len(await home.rows("SELECT 1 FROM slot_attempts")) == len(await home.rows("SELECT 1 FROM entities")) == 53


async def test_what_cannot_be_read_and_what_does_not_exist_keep_nobody_waiting(home, access, kafka, eventually):
    rng = random.Random(5)
    stranger = Announcement(await home.owner(), 3, 0, 1, None, 0)
    put(access, [rng.randbytes(n) for n in range(40)] + [b"x" * 900_000, b"", b"[]", b'{"v":2}', encode(stranger)])
    async with at_work(home.url, Hand.opened(), **kafka, **NEVER) as shift:
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        ids = [await home.submit(2) for _ in range(5)]
        await eventually(lambda: done(home, *ids))
        assert won(shift) == 10
    assert shift.names["message.refused"] == 44
    assert committed(access) == len(everything(access))


async def test_nothing_is_committed_before_what_stands_in_front_of_it_is_claimed(home, access, kafka, eventually):
    """The claim of a slot stands still in the database; meanwhile what comes behind it is found unreadable."""
    async with (
        home.alone() as holder,
        wire(home.url) as line,
        at_work(line.url, Hand.opened(), housekeeping_seconds=3600, **kafka, **NEVER) as shift,
    ):
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        await holder.execute("BEGIN")
        await holder.execute("LOCK TABLE announcements IN ACCESS EXCLUSIVE MODE")  # nobody but this test announces
        line.stop_before_the_next("claims.claim")
        request_id = await home.submit(1)
        put(access, [encode(Announcement(request_id, 0, 0, 1, None, 0))], partition=0)
        await eventually(_is_set(line.stopped))
        for kept in (1, 2):
            put(access, [b"rubbish"], partition=0)

            async def refused() -> int:
                return shift.names["message.refused"]

            await eventually(refused, equals=kept)
        assert committed(access) == 0
        line.go_on()
        await eventually(lambda: done(home, request_id))

        async def behind() -> int:
            return await asyncio.to_thread(committed, access)

        await eventually(behind, equals=3)
        await holder.execute("ROLLBACK")


def _is_set(event):
    async def ask() -> bool:
        return event.is_set()

    return ask


async def test_a_full_worker_takes_nothing_and_goes_on_when_it_has_room(home, access, kafka, eventually):
    """The queue on Kafka stays short: a worker with ten places and ninety slots ahead is told of thirty at most."""
    hand = Hand()
    async with at_work(home.url, hand, worker_capacity=10, **kafka, **NEVER) as shift:
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        ids = [await home.submit(10) for _ in range(9)]

        async def begun() -> int:
            return len(hand.orders)

        await eventually(begun, equals=10)
        assert len(everything(access)) <= 30
        hand.open.set()
        await eventually(lambda: done(home, *ids))
    most = max(happening.fields["in_flight"] for happening in shift.heard("slots.claimed"))
    assert most <= 10


async def test_a_flood_is_held_back_however_the_partitions_move_and_passes_in_the_end(home, access, kafka, eventually):
    """Six hundred messages come to a worker whose five places are taken, then half of its partitions go and come."""
    hand = Hand()
    ways = {**kafka, **NEVER, "worker_capacity": 5, "graceful_stop_seconds": 0.1}
    async with at_work(home.url, hand, **{**ways, "graceful_stop_seconds": 5}) as shift:
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        request_id = await home.submit(5)

        async def full() -> int:
            return len(hand.orders)

        async def paused() -> int:
            return shift.names["intake.paused"] - shift.names["intake.resumed"]

        await eventually(full, equals=5)
        for partition in range(PARTITIONS):
            flood = [encode(Announcement(request_id, n % 5, 0, 1, None, 0)) for n in range(150)]
            put(access, flood, partition=partition)
        await eventually(paused, equals=1)
        other_id, busy = await home.submit(5), Hand()
        async with at_work(home.url, busy, **{**ways, "poll_seconds": 0.1}) as other:

            async def also_full() -> int:
                return len(busy.orders)

            await eventually(also_full, equals=5)
            await eventually(lambda: listening(other), equals=PARTITIONS // 2)
            await eventually(paused, equals=1)

        await eventually(lambda: listening(shift), equals=PARTITIONS)
        await a_second_passes(home, eventually)
        intake = shift.worker._transport
        assert isinstance(intake, Intake)
        assert 20 < intake.in_hand <= 101
        assert await paused() == 1
        hand.open.set()
        await eventually(lambda: done(home, request_id, other_id))
        await eventually(paused, equals=0)
        last_id = await home.submit(1)
        await eventually(lambda: done(home, last_id))
    assert max(happening.fields["in_flight"] for happening in shift.heard("slots.claimed")) <= 5
    assert {slot["fence"] for slot in await home.rows("SELECT fence FROM slots WHERE request_id = $1", request_id)} == {
        1
    }


async def test_who_is_full_stays_full_when_it_gets_partitions_that_it_never_had(home, access, kafka, eventually):
    """Those of a worker that leaves come with a flood in them."""
    ways = {**kafka, **NEVER, "worker_capacity": 5, "graceful_stop_seconds": 0.1}
    request_id, hand = await home.submit(10), Hand()
    async with AsyncExitStack() as leaving:
        first = await leaving.enter_async_context(at_work(home.url, Hand(), **ways))
        await eventually(lambda: listening(first), equals=PARTITIONS)
        async with at_work(home.url, hand, **ways) as shift:

            async def paused() -> int:
                return shift.names["intake.paused"] - shift.names["intake.resumed"]

            await eventually(lambda: listening(shift), equals=PARTITIONS // 2)
            for partition in range(PARTITIONS):
                flood = [encode(Announcement(request_id, n % 10, 0, 1, None, 0)) for n in range(150)]
                put(access, flood, partition=partition)
            await eventually(paused)
            await leaving.aclose()
            await eventually(lambda: listening(shift), equals=PARTITIONS)
            await a_second_passes(home, eventually)
            intake = shift.worker._transport
            assert isinstance(intake, Intake)
            assert intake.in_hand <= 101
            hand.open.set()
            await eventually(lambda: done(home, request_id))


async def a_second_passes(home, eventually):
    """By the heartbeats of the workers."""
    [now] = await home.rows("SELECT lqs_now() AS at")

    async def has_passed() -> bool:
        asked = "SELECT heartbeat_at > $1::timestamptz + interval '1 s' AS so FROM workers WHERE dead_at IS NULL"
        return all(beat["so"] for beat in await home.rows(asked, now["at"]))

    await eventually(has_passed)


async def test_what_comes_while_a_claim_takes_its_time_is_claimed_together(home, access, kafka, eventually):
    async with (
        home.alone() as holder,
        wire(home.url) as line,
        at_work(line.url, Hand.opened(), housekeeping_seconds=3600, **kafka, **NEVER) as shift,
    ):
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        await holder.execute("BEGIN")
        await holder.execute("LOCK TABLE announcements IN ACCESS EXCLUSIVE MODE")  # nobody but this test announces
        line.stop_before_the_next("claims.claim")
        request_id = await home.submit(6)
        places = shift.worker._places.free

        async def taken() -> int:
            return places - shift.worker._places.free

        for index in range(6):
            put(access, [encode(Announcement(request_id, index, 0, 1, None, 0))], partition=0)
            await eventually(taken, equals=index + 1)
            await eventually(_is_set(line.stopped))
        line.go_on()
        await eventually(lambda: done(home, request_id))
        # However often one is tried again because a settle holds the row, there is not one for each of the six.
        claimed = [happening.fields["slots"] for happening in shift.heard("slots.named")]
        assert claimed in ([1, 5], [6])
        await holder.execute("ROLLBACK")


async def test_a_newcomer_takes_a_place_before_those_who_were_announced_sooner(home, kafka, eventually):
    """One owner has every place and more slots in hand: the newcomer has one of the next two places."""
    calls, make = asyncio.Semaphore(0), Hand().does

    async def when_told(order):
        await calls.acquire()
        return await make(order)

    async with at_work(home.url, hand := Hand.opened(when_told), worker_capacity=1000, **kafka, **NEVER) as shift:

        def told(name):
            return sum(happening.fields["slots"] for happening in shift.heard(name))

        async def in_hand() -> bool:
            """Whether some are, and nothing is on its way."""
            held = shift.worker._transport.in_hand  # type: ignore[attr-defined]
            return held >= 10 and held == told("slots.announced") - told("slots.named")

        async def announced() -> bool:
            return await home.rows("SELECT FROM announcements WHERE request_id = $1", small_id) != []

        async def all_done() -> bool:
            return await home.rows("SELECT 1 FROM generation_requests WHERE completed_at IS NULL LIMIT 1") == []

        await eventually(lambda: listening(shift), equals=PARTITIONS)
        for _ in range(200):
            await home.submit(10, slot_timeout_seconds=600)  # all are held until the test is through
        await eventually(lambda: begun(hand), equals=1000)
        await eventually(in_hand)
        small_id = await home.submit(1, owner_id=await home.owner())
        await eventually(announced)
        await eventually(in_hand)
        assert not await started(home, small_id)
        for _ in range(2):
            calls.release()
        await eventually(lambda: started(home, small_id))
        for _ in range(1999):
            calls.release()
        await eventually(all_done)
    assert await home.rows("SELECT 1 FROM slots WHERE fence > 1") == []


async def test_a_slot_whose_announcement_got_lost_is_announced_again(home, access, kafka, eventually):
    """Somebody marked it and died before sending: what only messages can tell comes a second time."""
    request_id = await home.submit(2)
    await home.rows(
        "INSERT INTO announcements SELECT request_id, index, fence, 1, lqs_now() + interval '2 s' FROM slots"
    )
    async with at_work(home.url, Hand.opened(), kafka_again_seconds=1, **kafka, **NEVER) as shift:
        await eventually(lambda: done(home, request_id))
    assert won(shift) + await _looked(home, shift) == 2


async def _looked(home, shift):
    """A worker that has not reached Kafka yet looks for itself."""
    claimed = sum(happening.fields["slots"] for happening in shift.heard("slots.claimed"))
    return claimed - won(shift)


async def test_a_worker_that_hears_nothing_looks_for_itself(home, kafka, eventually):
    """Somebody else leads and does nothing."""
    async with home.alone() as holder:
        assert await holder.fetchval("SELECT pg_try_advisory_lock($1)", 0x6C71735F72656C61)
        async with at_work(home.url, Hand.opened(), **kafka) as shift:
            await eventually(lambda: listening(shift), equals=PARTITIONS)
            request_id = await home.submit(3)
            await eventually(lambda: done(home, request_id))
            assert (shift.names["relay.leads"], won(shift)) == (0, 0)


async def test_what_the_leader_does_not_know_is_found_by_who_does_however_much_is_heard(
    home, database, kafka, eventually
):
    """A worker of another version leads; the slots of a type that only the other one makes are never announced."""
    proverb = replace(entity_types()["problem"], name="proverb", plural="proverbs")
    both = {"problem": entity_types()["problem"], "proverb": proverb}
    await migrate_all(database, both)
    async with at_work(home.url, Hand.opened(), **kafka) as older:

        async def leads() -> bool:
            return older.names["relay.leads"] == 1

        await eventually(leads)
        async with at_work(home.url, Hand.opened(), types=both, **{**kafka, "poll_seconds": 1}) as newer:
            await eventually(lambda: listening(newer), equals=PARTITIONS // 2)
            chatter = asyncio.ensure_future(_submit_on_and_on(home))
            async with home.submitter() as submitter:
                strange = replace(home.submission(2), entity_type="proverb")
                request_id = (await submitter.submit(strange)).request_id
            await eventually(lambda: done(home, request_id), seconds=60)
            chatter.cancel()
            await asyncio.wait([chatter])
            assert newer.names["relay.leads"] == 0

            async def all_done() -> bool:
                return await home.rows("SELECT 1 FROM generation_requests WHERE completed_at IS NULL") == []

            await eventually(all_done)


async def _submit_on_and_on(home):
    async with home.submitter() as submitter:
        while True:
            await submitter.submit(home.submission(1))


async def test_one_relay_leads_and_another_takes_over(home, kafka, eventually):
    async with at_work(home.url, Hand.opened(), **kafka, **NEVER) as second:
        async with at_work(home.url, Hand.opened(), **kafka, **NEVER) as first:

            async def leads() -> int:
                return first.names["relay.leads"] + second.names["relay.leads"]

            await eventually(leads, equals=1)
            await home.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await eventually(leads, equals=2)
        request_id = await home.submit(2)
        await eventually(lambda: done(home, request_id))


async def test_the_trace_of_a_post_comes_to_the_attempt_and_with_the_message(home, access, kafka, eventually):
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with at_work(home.url, Hand.opened(), **kafka, **NEVER) as shift:
        await eventually(lambda: listening(shift), equals=PARTITIONS)
        async with home.submitter() as submitter:
            wish = replace(home.submission(1), trace=TraceContext(f"00-{trace}-b7ad6b7169203331-01", "vendor=1"))
            request_id = (await submitter.submit(wish)).request_id
        await eventually(lambda: done(home, request_id))
    [made] = shift.heard("attempt.ended")
    assert (made.fields["trace_id"], made.fields["request_id"]) == (trace, str(request_id))
    [message] = messages(access)
    headers = dict(message.headers() or [])
    assert (headers["traceparent"], headers["tracestate"]) == (f"00-{trace}-b7ad6b7169203331-01".encode(), b"vendor=1")


async def test_closing_is_quick_even_while_much_is_heard(home, kafka, eventually):
    async with at_work(home.url, Hand(), worker_capacity=5, graceful_stop_seconds=0, **kafka) as shift:
        for _ in range(20):
            await home.submit(10)

        async def busy() -> bool:
            return shift.names["slots.claimed"] > 0

        await eventually(busy)
        shift.worker.stop()
        await asyncio.wait_for(shift.running, 15)
    assert shift.names["intake.left_hanging"] == 0
