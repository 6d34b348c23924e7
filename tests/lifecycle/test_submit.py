"""Submit: what is accepted is whole, once, and nobody's fault is anybody else's."""

import asyncio
from uuid import UUID

import pytest

from house import House
from lqs.domain.errors import IdempotencyKeyReused, InternalError, ServiceUnavailable
from lqs.domain.generation_request import Counts, Status
from lqs.lifecycle.submission import Accepted, Defaults, Submission, new_request
from lqs.storage import generation_requests, idempotency_keys
from lqs.storage.database import Database
from lqs.storage.idempotency_keys import Use


async def together(house: House, submissions: list[Submission], **how: object) -> list[Accepted | BaseException]:
    """All at once: they go into one commit."""
    async with house.submitter(**how) as submitter:
        return await asyncio.gather(*map(submitter.submit, submissions), return_exceptions=True)


async def test_an_accepted_generation_request_is_whole(house):
    request_id = await house.submit(3, metadata={"class": "7b"}, constraints={"seed": 1})
    view = await house.read(request_id)
    assert (view.status, view.run, view.version, view.end_reason) == (Status.PENDING, 1, 1, None)
    assert view.counts == Counts(pending=3)
    assert [slot.index for slot in view.slots] == [0, 1, 2]
    assert (view.constraints, view.metadata) == ('{"seed": 1}', '{"class": "7b"}')
    assert await house.told(request_id) == ["accepted"]


@pytest.mark.parametrize("count", [1, 7, 10])
async def test_the_deadline_is_the_time_of_every_attempt_and_the_overhead(house, count):
    view = await house.read(await house.submit(count))
    assert (view.deadline_at - view.requested_at).total_seconds() == pytest.approx(count * 90 + 120)


async def test_a_chosen_wait_for_the_start_leaves_the_run_its_own_time(house):
    view = await house.read(await house.submit(2, start_within_seconds=1800))
    assert (view.start_deadline_at - view.requested_at).total_seconds() == pytest.approx(1800)
    assert (view.deadline_at - view.requested_at).total_seconds() == pytest.approx(1800 + 2 * 90 + 120)
    longest = await house.read(await house.submit(2, start_within_seconds=3600))
    assert (longest.deadline_at - longest.requested_at).total_seconds() == pytest.approx(3600)


async def test_many_owners_share_one_commit(house):
    owners = [await house.owner() for _ in range(5)]
    wishes = [house.submission(1 + n % 10, owner_id=owners[n % 5]) for n in range(40)]
    answers = await together(house, wishes)
    assert [answer.request_id for answer in answers] == [wish.id for wish in wishes]
    assert not any(answer.replayed for answer in answers)
    [commits] = await house.rows("SELECT count(DISTINCT xmin::text) AS n FROM generation_requests")
    assert commits["n"] <= 2  # the first one may go alone
    [slots] = await house.rows("SELECT count(*) AS n FROM slots")
    assert slots["n"] == sum(wish.count for wish in wishes)


async def test_a_full_batch_leaves_the_rest_to_the_next(house):
    answers = await together(house, [house.submission() for _ in range(25)], most=10)
    assert len({answer.request_id for answer in answers}) == 25


async def test_the_same_key_and_body_is_answered_with_the_first_generation_request(house):
    first = await house.submit(2, key="k")
    [second] = await together(house, [house.submission(2, key="k")])
    assert (second.request_id, second.replayed, second.stored) == (first, True, None)
    assert len(await house.rows("SELECT id FROM generation_requests")) == 1


async def test_without_a_key_the_same_body_twice_is_two_generation_requests(house):
    assert await house.submit() != await house.submit()


async def test_a_key_belongs_to_its_owner(house):
    other = await house.owner()
    assert await house.submit(1, key="k") != await house.submit(1, key="k", owner_id=other)


async def test_twins_in_one_batch_are_one_generation_request(house):
    answers = await together(house, [house.submission(key="k") for _ in range(20)])
    assert len({answer.request_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19


async def test_fifty_twins_over_two_processes_at_once_are_one_generation_request(house):
    """Two submitters on their own connections: the keys meet in the database, not in memory."""
    async with house.submitter(most=3) as one, house.submitter(most=3) as two:
        answers = await asyncio.gather(
            *((one, two)[n % 2].submit(house.submission(2, key="the key")) for n in range(50))
        )
    assert len({answer.request_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49
    assert len(await house.rows("SELECT id FROM generation_requests")) == 1
    assert len(await house.rows("SELECT index FROM slots")) == 2


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
async def test_a_twin_waits_until_it_is_known_what_became_of_the_first(house, eventually, end):
    """The overlap is proven: the second is seen waiting for the first one's transaction."""
    first = house.submission(key="k")
    async with house.alone() as connection, house.submitter() as submitter:
        await connection.execute("BEGIN")
        await idempotency_keys.take(connection, {first.key: Use(first.fingerprint, first.id)})
        await generation_requests.insert(connection, [new_request(first, Defaults())])

        async def waits() -> bool:
            blocked = "SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
            return bool(await house.rows(blocked, connection.get_server_pid()))

        twin = house.submission(key="k")
        answer = asyncio.create_task(submitter.submit(twin))
        await eventually(waits)
        await connection.execute(end)
        accepted = await answer
    assert accepted.replayed is (end == "COMMIT")
    assert accepted.request_id == (first.id if end == "COMMIT" else twin.id)
    assert len(await house.rows("SELECT id FROM generation_requests")) == 1


async def test_another_body_under_the_same_key_is_refused_and_the_fields_are_named(house):
    first = await house.submit(2, key="k", constraints={"seed": 1, "verbs": ["aller"]}, metadata={"a": "1"})
    other = house.submission(3, key="k", constraints={"seed": 2, "verbs": ["aller"]}, metadata={"a": "1", "b": "2"})
    [refusal] = await together(house, [other])
    assert isinstance(refusal, IdempotencyKeyReused)
    assert refusal.existing_request_id == first
    assert refusal.differing_fields == ("count", "constraints.seed", "metadata.b")
    assert "aller" not in refusal.detail
    assert len(await house.rows("SELECT id FROM generation_requests")) == 1


async def test_another_body_in_the_same_batch_is_refused_and_the_first_stands(house):
    first, other = await together(house, [house.submission(1, key="k"), house.submission(2, key="k")])
    assert isinstance(first, Accepted)
    assert isinstance(other, IdempotencyKeyReused)
    assert other.existing_request_id == first.request_id
    assert other.differing_fields == ("count",)


@pytest.mark.parametrize("others", [1, 6, 31])
async def test_one_bad_row_fails_alone(house, others):
    good = [house.submission() for _ in range(others)]
    bad = house.submission(1, metadata={"a": "\x00"})
    heard = []
    answers = await together(house, [*good[: others // 2], bad, *good[others // 2 :]], heard=heard)
    assert isinstance(answers.pop(others // 2), InternalError)
    assert [answer.request_id for answer in answers] == [wish.id for wish in good]
    broke = [(one.name, one.fields["request_id"]) for one in heard if one.error is not None]
    assert broke == [("submit.broke", str(bad.id))]


async def test_the_twin_of_a_bad_row_is_bad_too_and_its_key_stays_free(house):
    bad = [house.submission(1, key="k", metadata={"a": "\x00"}) for _ in range(2)]
    answers = await together(house, [*bad, house.submission(2)])
    assert [type(answer) for answer in answers] == [InternalError, InternalError, Accepted]
    assert isinstance(await house.submit(1, key="k"), UUID)


async def test_an_unknown_owner_fails_alone(house):
    answers = await together(house, [house.submission(), house.submission(owner_id=UUID(int=1)), house.submission()])
    assert [type(answer) for answer in answers] == [Accepted, InternalError, Accepted]


async def test_a_database_that_is_away_is_told_as_such(house, reused_url):
    gone = await Database.open(
        reused_url, application_name="gone", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=5
    )
    await gone.close()
    async with House(gone, reused_url, house.owner_id).submitter() as submitter:
        with pytest.raises(ServiceUnavailable):
            await submitter.submit(house.submission())


async def test_who_still_waits_when_the_service_stops_is_told_so(house, eventually):
    """Neither the batch that is being stored nor what queues behind it may wait for ever."""

    async def storing() -> bool:
        return bool(await house.rows("SELECT pid FROM pg_locks WHERE NOT granted"))

    async with house.database.transaction() as connection:
        await connection.execute("LOCK TABLE idempotency_keys")
        async with house.submitter(most=1) as submitter:
            wishes = [house.submission(key=str(n)) for n in range(3)]
            waiting = [asyncio.create_task(submitter.submit(wish)) for wish in wishes]
            await eventually(storing)
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 4)
    assert [type(answer) for answer in answers] == [ServiceUnavailable] * 3
    with pytest.raises(ServiceUnavailable):
        await asyncio.wait_for(submitter.submit(wishes[0]), 4)
