"""Submit while the database is stalled: who is not concerned is served, and nobody waits without an end."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from house import House
from lqs.domain.errors import InternalError, ServiceUnavailable
from lqs.lifecycle.submission import Accepted
from lqs.storage.database import Database

LOCK_TIMEOUT_SECONDS = 0.3
DRIVERS_WORDS = (
    "asyncpg",
    "pool",
    "closed",
    "session",
    "postgres",
    "connection",
    "lock",
    "statement",
    "timeout",
    "socket",
    "errno",
    "relation",
    "/",
)


@pytest.fixture
async def impatient(house):
    """The same house, whose sessions wait a short time for locks."""
    database = await Database.open(
        house.url,
        application_name="impatient",
        pool_size=4,
        statement_timeout_seconds=5,
        lock_timeout_seconds=LOCK_TIMEOUT_SECONDS,
    )
    yield House(database, house.url, house.owner_id)
    await database.close()


@asynccontextmanager
async def flow_of(house, owner_id):
    """Another session holds this owner's place in the fair order."""
    async with house.database.transaction() as connection:
        await connection.execute("SELECT FROM flows WHERE owner_id = $1 FOR UPDATE", owner_id)
        yield


async def timed(submitter, submission):
    """What became of a submission, and after how many seconds."""
    began = time.monotonic()
    try:
        answer = await submitter.submit(submission)
    except (ServiceUnavailable, InternalError) as error:
        answer = error
    return answer, time.monotonic() - began


def says_nothing_of_the_inside(error):
    return not any(word in error.detail.lower() for word in DRIVERS_WORDS)


async def test_an_owner_whose_place_is_held_is_turned_away_and_strangers_are_served(house, impatient):
    await house.submit(1)
    strangers = [await house.owner() for _ in range(5)]
    mine = [impatient.submission() for _ in range(3)]
    theirs = [impatient.submission(owner_id=owner) for owner in strangers]
    async with flow_of(house, house.owner_id), impatient.submitter() as submitter:
        told = await asyncio.gather(*(timed(submitter, wish) for wish in (*mine, *theirs)))
    for answer, seconds in told[:3]:
        assert isinstance(answer, ServiceUnavailable)
        assert says_nothing_of_the_inside(answer)
        assert seconds < 2 * LOCK_TIMEOUT_SECONDS + 1
    for answer, seconds in told[3:]:
        assert isinstance(answer, Accepted)
        assert seconds < 2 * LOCK_TIMEOUT_SECONDS + 1
    stored = {row["id"] for row in await house.rows("SELECT id FROM generation_requests")}
    assert {wish.id for wish in theirs} <= stored
    assert not {wish.id for wish in mine} & stored
    # As soon as the place is free, its owner is served again.
    async with impatient.submitter() as submitter:
        assert isinstance((await timed(submitter, impatient.submission()))[0], Accepted)


async def test_several_owners_whose_places_are_held_keep_a_stranger_waiting_no_longer_than_one(house, impatient):
    """Ten held places cost a stranger as much as one."""
    held = [await house.owner() for _ in range(10)]
    for owner in held:
        await house.submit(1, owner_id=owner)
    stranger = impatient.submission(owner_id=await house.owner())
    mine = [impatient.submission(owner_id=owner) for owner in held]
    async with house.database.transaction() as connection, impatient.submitter() as submitter:
        await connection.execute("SELECT FROM flows FOR UPDATE")
        told = await asyncio.gather(*(timed(submitter, wish) for wish in (*mine, stranger)))
    assert [type(answer) for answer, _ in told] == [ServiceUnavailable] * 10 + [Accepted]
    assert told[-1][1] < 2 * LOCK_TIMEOUT_SECONDS + 1


async def test_more_than_five_thousand_waiting_are_turned_away_at_once(house, eventually):
    """A batch is being stored, five thousand wait, and one more would be memory without an end."""

    async def storing() -> bool:
        return bool(await house.rows("SELECT pid FROM pg_locks WHERE NOT granted"))

    async with house.database.transaction() as connection:
        await connection.execute("LOCK TABLE flows")
        async with house.submitter(most=1) as submitter:
            first = asyncio.create_task(submitter.submit(house.submission()))
            await eventually(storing)
            waiting = [asyncio.create_task(submitter.submit(house.submission())) for _ in range(5000)]
            await asyncio.sleep(0)
            answer, seconds = await timed(submitter, house.submission())
            assert not any(task.done() for task in waiting)
        answers = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert isinstance(answer, ServiceUnavailable)
    assert says_nothing_of_the_inside(answer)
    assert seconds < 0.5
    assert {type(other) for other in answers} == {ServiceUnavailable}
    assert await house.rows("SELECT id FROM generation_requests") == []


async def test_a_database_that_is_gone_is_told_in_our_own_words(house):
    gone = await Database.open(
        house.url, application_name="gone", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=5
    )
    await gone.close()
    async with House(gone, house.url, house.owner_id).submitter() as submitter:
        answer, _ = await timed(submitter, house.submission())
    assert isinstance(answer, ServiceUnavailable)
    assert says_nothing_of_the_inside(answer)


async def test_what_the_database_refuses_is_told_in_our_own_words(house):
    async with house.submitter() as submitter:
        answer, _ = await timed(submitter, house.submission(metadata={"a": "\x00"}))
    assert isinstance(answer, InternalError)
    assert says_nothing_of_the_inside(answer)
