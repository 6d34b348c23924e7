"""What others are told: every event, none passed over, those of one generation request in order."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from house import House, breaches, failed, generated
from lqs.dispatch.kafka.cloud_events import cloud_event
from lqs.dispatch.kafka.records import Sent
from lqs.dispatch.publishing import Publishing, PublishingRules, Tell
from lqs.domain.advance import note
from lqs.domain.errors import GenerationRequestPurged
from lqs.domain.generation_request import EventType
from lqs.lifecycle import booking
from lqs.lifecycle.tidy import Kept, tidy
from lqs.observability.telemetry import Telemetry
from lqs.storage import generation_requests, publication
from lqs.storage.generation_requests import Written
from lqs.storage.publication import UnpublishedEvent

WEEK = 7 * 86_400


@dataclass
class Outside:
    """Whoever is told: takes everything, but what belongs to `deaf_to`."""

    heard: list[UnpublishedEvent] = field(default_factory=list)
    deaf_to: set[UUID] = field(default_factory=set)

    @asynccontextmanager
    async def open(self, _telemetry: Telemetry) -> AsyncIterator[Tell]:
        yield self.tell

    async def tell(self, events: Sequence[UnpublishedEvent]) -> Sent:
        unsent = frozenset(place for place, event in enumerate(events) if event.request_id in self.deaf_to)
        self.heard += [event for place, event in enumerate(events) if place not in unsent]
        return Sent(unsent, "nobody is there" if unsent else None)

    def told(self, request_id: UUID) -> list[int]:
        """The numbers of the events that arrived of a generation request, as they arrived."""
        return [event.seq for event in self.heard if event.request_id == request_id]

    def ids(self) -> list[bytes | None]:
        """The ids under which others know the events."""
        return [dict(cloud_event(event, "t").headers)["ce_id"] for event in self.heard]


def publishing(house: House, outside: Outside, **rules: float) -> Publishing:
    return Publishing(house.database, Telemetry(), outside.open, PublishingRules(kept_seconds=WEEK, **rules))


async def wanted(house: House) -> None:
    """Somebody publishes, so what happens from now on is kept for it."""
    async with house.database.transaction() as connection:
        await publication.want(connection, kept_seconds=WEEK)


async def waiting(house: House) -> list[UUID]:
    return [row["request_id"] for row in await house.rows("SELECT request_id FROM unpublished_events ORDER BY id")]


async def test_while_nobody_publishes_nothing_is_written_down(house: House) -> None:
    await house.ended()
    assert await waiting(house) == []


async def test_every_event_is_told_once_and_in_order(house: House) -> None:
    await wanted(house)
    request_id, worker_id, slots = await house.claimed(3)
    for slot in slots:
        await house.settle(worker_id, generated(slot))

    outside = Outside()
    assert await publishing(house, outside).publish(outside.tell) > 0
    assert outside.told(request_id) == list(range(1, len(await house.told(request_id)) + 1))
    assert await publishing(house, outside).publish(outside.tell) == 0
    assert await waiting(house) == []


async def test_what_a_slow_transaction_appends_is_told_when_it_has_committed(house: House) -> None:
    await wanted(house)
    slow, outside = await house.submit(), Outside()
    telling = publishing(house, outside)
    await telling.publish(outside.tell)
    async with house.database.transaction() as connection:
        standings = await generation_requests.lock(connection, [slow])
        standing, told = note(standings[slow], [(EventType.CHANGED, None)])
        await booking.write(connection, [Written(standing=standing, progressed=False)], told)
        quick = await house.submit()
        await telling.publish(outside.tell)
        assert (outside.told(slow), outside.told(quick)) == ([1], [1])
    await telling.publish(outside.tell)
    assert outside.told(slow) == [1, 2]


async def test_no_transaction_is_open_while_something_is_sent(house: House) -> None:
    await wanted(house)
    await house.submit()
    open_ones: list[int] = []

    async def look(_events: Sequence[UnpublishedEvent]) -> Sent:
        async with house.alone() as connection:
            open_ones.append(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
                    " AND backend_type = 'client backend'"
                )
            )
        return Sent()

    assert await publishing(house, Outside()).publish(look) == 1
    assert open_ones == [0]


async def test_what_did_not_arrive_is_told_again_and_holds_up_no_other(house: House) -> None:
    await wanted(house)
    one, other = await house.submit(), await house.submit()
    outside = Outside(deaf_to={one})
    telling = publishing(house, outside)

    await telling.publish(outside.tell)
    assert (outside.told(one), outside.told(other)) == ([], [1])
    assert await waiting(house) == [one]
    assert telling.trouble == "Kafka did not take over events: nobody is there."

    outside.deaf_to.clear()
    await telling.publish(outside.tell)
    assert (outside.told(one), outside.told(other)) == ([1], [1])
    assert telling.trouble is None


async def test_trouble_is_told_once_when_it_begins_and_once_when_it_is_over(house: House) -> None:
    await wanted(house)
    one, heard = await house.submit(), []
    outside = Outside(deaf_to={one})
    telemetry = Telemetry(lambda happening: heard.append(happening.name))
    telling = Publishing(house.database, telemetry, outside.open, PublishingRules(kept_seconds=WEEK))
    for _ in range(3):
        await telling.publish(outside.tell)
    outside.deaf_to.clear()
    for _ in range(3):
        await telling.publish(outside.tell)
    assert [name for name in heard if name != "events.published"] == [
        "publishing.leads",
        "publishing.in_trouble",
        "publishing.well",
    ]


async def test_who_dies_between_sending_and_booking_is_repeated_with_the_same_ids(house: House) -> None:
    await wanted(house)
    await house.ended()
    outside = Outside()

    async def die_after(events: Sequence[UnpublishedEvent]) -> Sent:
        await outside.tell(events)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await publishing(house, outside, lease_seconds=0.001).publish(die_after)
    first = outside.ids()
    await publishing(house, outside).publish(outside.tell)
    assert outside.ids() == [*first, *first]
    assert len(set(first)) == len(first) > 1


async def test_small_batches_keep_the_order_of_each_generation_request(house: House) -> None:
    await wanted(house)
    one, worker_id, [slot] = await house.claimed()
    other = await house.submit()
    await house.settle(worker_id, generated(slot))
    outside = Outside()
    telling = publishing(house, outside, batch=1)
    while await telling.publish(outside.tell):
        pass
    assert (outside.told(one), outside.told(other)) == ([1, 2, 3, 4], [1])


async def test_one_publishes_and_another_when_that_one_is_silent(house: House) -> None:
    await wanted(house)
    outside = Outside()
    one, other = publishing(house, outside), publishing(house, outside)
    await one.publish(outside.tell)
    await house.submit()
    assert await other.publish(outside.tell) == 0
    await house.rows("UPDATE publication SET leads_until = lqs_now()")
    assert await other.publish(outside.tell) == 1


async def test_a_publisher_that_is_stopped_makes_room_at_once(house: House, eventually) -> None:
    await wanted(house)
    request_id, outside = await house.submit(), Outside()
    running = asyncio.create_task(publishing(house, outside).run())

    async def told() -> list[int]:
        return outside.told(request_id)

    await eventually(told, equals=[1])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    next_id = await house.submit()
    await publishing(house, outside).publish(outside.tell)
    assert outside.told(next_id) == [1]


async def test_it_goes_on_when_its_connections_were_cut(house: House, eventually) -> None:
    await wanted(house)
    outside = Outside()

    async def told() -> int:
        return len(set(outside.ids()))

    async with house.through(house.url) as other:
        running = asyncio.create_task(publishing(other, outside).run())
        await house.submit()
        await eventually(told, equals=1)
        await house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lqs-through'"
        )
        await house.submit()
        await eventually(told, equals=2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_final_event_tells_why_its_own_run_ended(house: House) -> None:
    await wanted(house)
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, failed(slot))
    await house.retry(request_id)
    await house.abort(request_id)
    outside = Outside()
    await publishing(house, outside).publish(outside.tell)
    told = [json.loads(cloud_event(event, "t").value or b"") for event in outside.heard]
    assert [(one["run"], one["status"], one["end_reason"]) for one in told if one["end_reason"]] == [
        (1, "failed", "all_settled"),
        (2, "cancelled", "cancelled"),
    ]


async def test_a_purge_waits_until_everything_was_told(house: House) -> None:
    await wanted(house)
    untold, outside = await house.ended(), Outside()
    await house.retention_passes(untold)
    assert list((await house.purge()).request_ids) == []
    await publishing(house, outside).publish(outside.tell)
    assert list((await house.purge()).request_ids) == [untold]


async def test_what_waits_for_kafka_holds_up_no_purge_of_others(house: House) -> None:
    told = await house.ended()
    await wanted(house)
    untold = await house.ended()
    await house.retention_passes(untold, ago="2 hours")
    await house.retention_passes(told, ago="1 hour")
    assert list((await house.purge(batch=1)).request_ids) == [told]


async def test_a_purge_by_hand_takes_with_it_what_was_not_told(house: House) -> None:
    await wanted(house)
    request_id, outside = await house.ended(), Outside()
    await house.purge_one(request_id)
    await publishing(house, outside).publish(outside.tell)
    assert outside.told(request_id) == []
    with pytest.raises(GenerationRequestPurged):
        await house.purge_one(request_id)


async def test_a_kafka_that_is_gone_for_good_holds_up_a_purge_for_a_week_only(house: House) -> None:
    await wanted(house)
    request_id = await house.ended()
    await house.retention_passes(request_id)
    await tidy(house.database, Telemetry(), Kept(unpublished_seconds=WEEK))
    assert await waiting(house) != []

    heard: list[str] = []
    await house.rows("UPDATE unpublished_events SET appended_at = lqs_now() - interval '7 days'")
    await tidy(house.database, Telemetry(lambda it: heard.append(it.name)), Kept(unpublished_seconds=WEEK))
    assert await waiting(house) == []
    assert heard == ["events.given_up", "requests.purged"]


async def test_when_nobody_has_published_for_a_week_nothing_more_is_written_down(house: House) -> None:
    await wanted(house)
    await house.rows("UPDATE publication SET wanted_until = lqs_now()")
    await house.ended()
    assert await waiting(house) == []


async def test_a_publisher_says_again_that_events_are_wanted_but_not_at_every_turn(house: House) -> None:
    async def until() -> object:
        return (await house.rows("SELECT wanted_until FROM publication"))[0]["wanted_until"]

    await publishing(house, Outside()).publish(Outside().tell)
    first = await until()
    await publishing(house, Outside()).publish(Outside().tell)
    assert first == await until()
    await house.rows("UPDATE publication SET wanted_until = wanted_until - interval '61 minutes'")
    await publishing(house, Outside()).publish(Outside().tell)
    assert await until() > first


async def test_also_a_short_wish_is_renewed_before_it_is_over(house: House) -> None:
    async def renewed(after: str) -> bool:
        await house.rows(f"UPDATE publication SET wanted_until = lqs_now() + interval '1 hour' - interval '{after}'")
        [before] = await house.rows("SELECT wanted_until FROM publication")
        async with house.database.transaction() as connection:
            await publication.want(connection, kept_seconds=3600)
        return await house.rows("SELECT wanted_until FROM publication") != [before]

    assert [await renewed(after) for after in ("29 minutes", "31 minutes")] == [False, True]


@pytest.mark.breaks_invariants
async def test_an_event_that_waits_and_is_not_there_is_found(house: House) -> None:
    await wanted(house)
    await house.submit()
    await house.rows("UPDATE unpublished_events SET last_seq = 2")
    assert [breach for breach in await breaches(house.url) if "event 2 waits to be published" in breach]
