"""Workers that are killed in the middle of a purge or of a bulk operation: nothing is lost, nothing done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from house import House, generated
from lqs.domain.bulk import BulkAction
from lqs.domain.generation_request import Status
from lqs.domain.selection import Filter
from lqs.lifecycle.bulk import BulkWish, begin_bulk

PURGING = "query LIKE '-- retention.purge%' AND wait_event_type = 'Lock'"
HERE = "application_name = 'lqs worker' AND datname = current_database()"


@asynccontextmanager
async def entity_held(home: House, request_id: UUID) -> AsyncIterator[None]:
    """Somebody has the lock on an entity of this generation request, so that its purge stops in the middle."""
    async with home.alone() as other:
        await other.execute("BEGIN")
        await other.fetch("SELECT FROM entities WHERE generation_request_id = $1 FOR UPDATE", request_id)
        yield
        await other.execute("ROLLBACK")


async def test_a_worker_killed_in_the_middle_of_a_purge_takes_nothing_with_it(home, processes, count, eventually):
    ids = [await home.ended() for _ in range(5)]
    for id_ in ids:
        await home.retention_passes(id_)
    async with entity_held(home, ids[2]):
        victim = processes.worker()
        await eventually(lambda: count("pg_stat_activity", PURGING), equals=1)
        victim.kill()
        victim.wait()
        assert await count("generation_requests") == await count("slots") == 5
    await eventually(lambda: count("pg_stat_activity", HERE), equals=0)
    assert await count("generation_requests") == await count("slots") == await count("slot_attempts") == 5
    assert await count("tombstones") == await count("entities", "generation_request_id IS NULL") == 0

    processes.worker()
    await eventually(lambda: count("tombstones"), equals=5)
    assert await count("entities", "generation_request_id IS NULL") == 5
    assert await count("generation_requests") == await count("slots") == 0


async def test_a_bulk_operation_goes_on_after_its_worker_was_killed_in_the_middle_of_a_batch(
    home, processes, count, eventually
):
    """The first batch of a hundred was committed, the second one is in the middle when its worker dies."""
    async with home.submitter() as submitter:
        wishes = [submitter.submit(home.submission()) for _ in range(110)]
        ids = sorted(accepted.request_id for accepted in await asyncio.gather(*wishes))
    await home.submit(owner_id=await home.owner())
    worker_id = await home.worker()
    await home.settle(worker_id, *map(generated, (await home.claim(worker_id)).slots))
    wish = BulkWish(home.owner_id, BulkAction.PURGE, Filter(status=(Status.COMPLETED,)))
    await begin_bulk(home.database, wish)
    figures = "SELECT status, matched, changed, skipped FROM bulk_operations"
    half_way = {"status": "processing", "matched": 100, "changed": 100, "skipped": 0}
    async with entity_held(home, ids[105]):
        victim = processes.worker()
        await eventually(lambda: count("pg_stat_activity", PURGING), equals=1)
        assert await home.rows(figures) == [half_way]
        victim.kill()
        victim.wait()
        await eventually(lambda: count("pg_stat_activity", HERE), equals=1)  # the server has not noticed yet
    await eventually(lambda: count("pg_stat_activity", HERE), equals=0)
    assert await home.rows(figures) == [half_way]
    assert await count("tombstones") == 100

    processes.worker()
    completed = {"status": "completed", "matched": 110, "changed": 110, "skipped": 0}
    await eventually(lambda: home.rows(figures), equals=[completed])
    assert await count("tombstones") == 110
    assert await count("generation_requests") == 1
