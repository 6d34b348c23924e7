"""The steps of the lifecycle as tests speak of them, on a real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from lqs.domain.api_key import Scope
from lqs.domain.entity_type import Usage
from lqs.domain.generation_request import CancelMode
from lqs.domain.ids import new_id
from lqs.domain.retry_policy import RetryPolicy
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.domain.terms import Terms
from lqs.lifecycle.cancel import Wish, cancel, sweep
from lqs.lifecycle.claim import Won, claim, end_without_money
from lqs.lifecycle.duties import Booked
from lqs.lifecycle.expire import expire, give_up
from lqs.lifecycle.keys import create_key
from lqs.lifecycle.promote import promote
from lqs.lifecycle.purge import Purged, purge_expired, purge_one
from lqs.lifecycle.register import register
from lqs.lifecycle.rescue import hand_back, rescue, time_out
from lqs.lifecycle.retry import Choice, Done, Retry, retry
from lqs.lifecycle.run import Result
from lqs.lifecycle.settle import Settled, settle
from lqs.lifecycle.submission import Defaults, Submission
from lqs.lifecycle.submit import Submitter
from lqs.lifecycle.tidy import Kept, tidy
from lqs.observability.telemetry import Happening, Telemetry
from lqs.storage import api_keys, generation_requests, views
from lqs.storage.claims import Claimed, Report
from lqs.storage.database import Connection, Database
from lqs.storage.invariants import violations
from lqs.storage.views import GenerationRequestView

LEASE_SECONDS = 10.0
GRACE_SECONDS = 15.0
TOMBSTONE_SECONDS = 30 * 86_400
USAGE = Usage(model="test", provider_request_id="p-1", input_tokens=7, output_tokens=3, cost_microusd=11)


@dataclass(frozen=True)
class House:
    """One database, one owner, and everything that can happen."""

    database: Database
    url: str
    owner_id: UUID
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    max_attempts: int = 3

    @classmethod
    async def furnish(cls, database: Database, url: str) -> "House":
        """An emptied house with its first owner."""
        house = cls(database, url, new_id())
        await house.clear()
        await house.owner(house.owner_id)
        return house

    async def clear(self) -> None:
        """Throw everything out."""
        await self.rows(
            "TRUNCATE owners, api_keys, key_days, generation_requests, runs, idempotency_keys, tombstones, flows,"
            " workers, slots, announcements, slot_attempts, dead_letters, bulk_operations, entities, pool,"
            " generation_events, unpublished_events"
        )
        await self.rows("UPDATE publication SET wanted_until = NULL, publisher = NULL, leads_until = NULL")

    async def owner(self, owner_id: UUID | None = None) -> UUID:
        """Another owner."""
        owner_id = owner_id or new_id()
        async with self.database.transaction() as connection:
            await api_keys.insert_owner(connection, owner_id, name=str(owner_id))
        return owner_id

    async def key(self, *, daily_budget_microusd: int | None = None) -> str:
        """The id of a further key of the first owner."""
        key, _ = await create_key(
            self.database,
            owner_id=self.owner_id,
            name="k",
            scopes=[Scope.WRITE],
            daily_budget_microusd=daily_budget_microusd,
        )
        return key.key_id

    def submission(
        self,
        count: int = 1,
        *,
        key: str | None = None,
        owner_id: UUID | None = None,
        constraints: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
        call_price_microusd: int = 0,
        requested_by: str | None = None,
        **terms: Any,
    ) -> Submission:
        return Submission(
            owner_id=owner_id or self.owner_id,
            operation="POST /problems/generate",
            entity_type="problem",
            count=count,
            constraints=constraints or {},
            metadata=metadata or {},
            idempotency_key=key,
            terms=Terms(**terms),
            requested_by=requested_by,
            call_price_microusd=call_price_microusd,
        )

    @asynccontextmanager
    async def submitter(self, *, heard: list[Happening] | None = None, most: int = 500) -> AsyncIterator[Submitter]:
        """A submitter at work; `heard` collects what it tells."""
        submitter = Submitter(
            self.database,
            Telemetry(*([heard.append] if heard is not None else [])),
            Defaults(max_attempts=self.max_attempts),
            most=most,
        )
        running = asyncio.create_task(submitter.run())
        try:
            yield submitter
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def submit(self, count: int = 1, **how: Any) -> UUID:
        """One accepted generation request."""
        async with self.submitter() as submitter:
            return (await submitter.submit(self.submission(count, **how))).request_id

    async def worker(self, *, capacity: int = 10) -> UUID:
        """A registered worker."""
        worker_id = new_id()
        await register(self.database, worker_id, host="here", pid=1, capacity=capacity, version="test")
        return worker_id

    async def claim(self, worker_id: UUID, batch: int | Sequence[tuple[UUID, int]] = 500) -> Won:
        """A claim as a worker makes it: then it ends what it found to have no money."""
        won = await claim(
            self.database, worker_id=worker_id, entity_types=["problem"], batch=batch, grace_seconds=GRACE_SECONDS
        )
        await end_without_money(self.database, won.out_of_money)
        return won

    async def claimed(self, count: int = 1, **how: Any) -> tuple[UUID, UUID, Sequence[Claimed]]:
        """A generation request whose every slot one worker holds: (request, worker, slots)."""
        request_id, worker_id = await self.submit(count, **how), await self.worker()
        slots = [slot for slot in (await self.claim(worker_id)).slots if slot.request_id == request_id]
        assert len(slots) == count
        return request_id, worker_id, slots

    async def settle(self, worker_id: UUID, *results: Result) -> Settled:
        return await settle(self.database, results, worker_id=worker_id)

    async def promote(self, batch: int = 500) -> Booked:
        return await promote(self.database, policy=self.policy, batch=batch)

    async def rescue(self, *, lease_seconds: float = LEASE_SECONDS, max_crashes: int = 3, batch: int = 500) -> Booked:
        return await rescue(self.database, lease_seconds=lease_seconds, max_crashes=max_crashes, batch=batch)

    async def hand_back(self, worker_id: UUID, batch: int = 500) -> Booked:
        return await hand_back(self.database, worker_id=worker_id, batch=batch)

    async def time_out(self, batch: int = 500) -> Booked:
        return await time_out(self.database, policy=self.policy, batch=batch)

    async def expire(self, batch: int = 500) -> Booked:
        return await expire(self.database, batch=batch)

    async def give_up(self, batch: int = 500) -> Booked:
        return await give_up(self.database, batch=batch)

    async def cancel(
        self,
        request_id: UUID,
        *,
        reason: str | None = None,
        if_version: int | None = None,
        owner_id: UUID | None = None,
    ) -> GenerationRequestView:
        """Gracefully."""
        return await cancel(
            self.database, request_id, Wish(reason=reason), owner_id=owner_id or self.owner_id, if_version=if_version
        )

    async def abort(self, request_id: UUID, *, reason: str | None = None) -> GenerationRequestView:
        return await cancel(self.database, request_id, Wish(CancelMode.ABORT, reason), owner_id=self.owner_id)

    async def sweep(self, batch: int = 500, *, ahead_seconds: float = 0) -> Booked:
        return await sweep(self.database, batch=batch, ahead_seconds=ahead_seconds)

    async def ended(self, **how: Any) -> UUID:
        """A generation request that is completed."""
        request_id, worker_id = await self.submit(**how), await self.worker()
        [slot] = [slot for slot in (await self.claim(worker_id)).slots if slot.request_id == request_id]
        await self.settle(worker_id, generated(slot))
        return request_id

    async def purge(self, batch: int = 500) -> Purged:
        return await purge_expired(self.database, tombstone_seconds=TOMBSTONE_SECONDS, batch=batch)

    async def purge_one(self, request_id: UUID, *, owner_id: UUID | None = None) -> None:
        await purge_one(
            self.database, request_id, owner_id=owner_id or self.owner_id, tombstone_seconds=TOMBSTONE_SECONDS
        )

    async def tidy(self) -> None:
        await tidy(self.database, Telemetry(), Kept())

    async def retry(self, request_id: UUID, slots: Choice | Sequence[int] = Choice.FAILED, **how: Any) -> Done:
        """A further run."""
        wish = Retry(how.pop("owner_id", self.owner_id), request_id, slots, **how)
        return await retry(self.database, wish, Defaults())

    async def read(self, request_id: UUID) -> GenerationRequestView:
        """A generation request as its owner sees it."""
        async with self.database.acquire() as connection:
            owner_id = await connection.fetchval("SELECT owner_id FROM generation_requests WHERE id = $1", request_id)
            view = await views.read(connection, request_id, owner_id=owner_id)
        assert view is not None
        return view

    async def told(self, request_id: UUID) -> list[str]:
        """The types of its events in order, without their common beginning."""
        rows = await self.rows("SELECT type FROM generation_events WHERE request_id = $1 ORDER BY seq", request_id)
        return [row["type"].removeprefix("generation_request.") for row in rows]

    async def slot(self, request_id: UUID, index: int = 0) -> dict[str, Any]:
        """One slot as it is stored."""
        [row] = await self.rows("SELECT * FROM slots WHERE request_id = $1 AND index = $2", request_id, index)
        return row

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        async with self.database.acquire() as connection:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]

    async def kill(self, worker_id: UUID) -> None:
        """The worker is taken for dead."""
        await self.rows("UPDATE workers SET dead_at = lqs_now() WHERE id = $1", worker_id)

    async def silence(self, worker_id: UUID) -> None:
        """The worker's last heartbeat was three days ago."""
        await self.rows("UPDATE workers SET heartbeat_at = heartbeat_at - interval '3 days' WHERE id = $1", worker_id)

    async def wait_is_over(self, request_id: UUID) -> None:
        """The time of its waiting retries has come."""
        await self.rows(
            "UPDATE slots SET available_at = lqs_now() WHERE request_id = $1 AND status = 'retrying'", request_id
        )

    async def deadline_passes(self, request_id: UUID) -> None:
        """Its deadline was a moment ago."""
        await self.rows(
            "UPDATE generation_requests SET deadline_at = lqs_now() - interval '1 millisecond',"
            " requested_at = requested_at - interval '1 hour' WHERE id = $1",
            request_id,
        )

    async def start_deadline_passes(self, request_id: UUID) -> None:
        """It should have started a moment ago."""
        await self.rows(
            "UPDATE generation_requests SET start_deadline_at = lqs_now() - interval '1 millisecond' WHERE id = $1",
            request_id,
        )

    async def settling_time_passes(self, request_id: UUID) -> None:
        """Its cancellation should have taken effect a moment ago."""
        await self.rows(
            "UPDATE generation_requests SET settles_by = lqs_now() - interval '1 millisecond' WHERE id = $1", request_id
        )

    async def recalls(self, worker_id: UUID) -> int:
        """How often this worker was told that slots were taken from it."""
        [row] = await self.rows("SELECT recalls FROM workers WHERE id = $1", worker_id)
        return int(row["recalls"])

    async def retention_passes(self, request_id: UUID, *, ago: str = "1 millisecond") -> None:
        """The time its record is kept for ended so long ago."""
        await self.rows(
            "UPDATE generation_requests SET expires_at = lqs_now() - $2::text::interval WHERE id = $1", request_id, ago
        )

    async def hold_is_over(self, request_id: UUID) -> None:
        """The hard deadline of its attempts has come."""
        await self.rows(
            "UPDATE slots SET deadline_at = lqs_now() WHERE request_id = $1 AND status = 'processing'", request_id
        )

    @asynccontextmanager
    async def at(self, offset: str) -> AsyncIterator["House"]:
        """The same house with its clock moved by an interval such as `-1 hour`, for new connections."""
        name = urlsplit(self.url).path.removeprefix("/")
        await self.rows(f"ALTER DATABASE {name} SET lqs.clock_offset = '{offset}'")
        database = await Database.open(
            self.url, application_name="lqs-moved", pool_size=4, statement_timeout_seconds=30, lock_timeout_seconds=5
        )
        try:
            yield House(database, self.url, self.owner_id, self.policy)
        finally:
            await database.close()
            await self.rows(f"ALTER DATABASE {name} RESET lqs.clock_offset")

    @asynccontextmanager
    async def through(self, url: str) -> AsyncIterator["House"]:
        """The same house, reached another way."""
        database = await Database.open(
            url, application_name="lqs-through", pool_size=4, statement_timeout_seconds=30, lock_timeout_seconds=5
        )
        try:
            yield House(database, url, self.owner_id, self.policy)
        finally:
            await database.close()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of its own; what it has not committed in the end is undone."""
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    @asynccontextmanager
    async def locked(self, request_id: UUID) -> AsyncIterator[Connection]:
        """Somebody else has the lock on a generation request for as long as this lasts."""
        async with self.database.transaction() as connection:
            await generation_requests.lock(connection, [request_id])
            yield connection


def generated(slot: Claimed, *, content: str | None = None, usage: Usage = USAGE) -> Result:
    """The slot's attempt made an entity."""
    report = _report(slot, SlotStatus.GENERATED, None, None, usage)
    return Result(slot, report, new_id(), content or json.dumps({"of": str(slot.request_id)}))


def failed(slot: Claimed, code: SlotErrorCode = SlotErrorCode.PROVIDER_AUTH, *, usage: Usage = USAGE) -> Result:
    """The slot's last attempt failed."""
    return Result(slot, _report(slot, SlotStatus.FAILED, code, None, usage), new_id(), None)


def retrying(
    slot: Claimed,
    delay_seconds: float = 30,
    code: SlotErrorCode = SlotErrorCode.PROVIDER_TIMEOUT,
    *,
    usage: Usage = USAGE,
) -> Result:
    """The slot's attempt failed and is to be tried again after a while."""
    return Result(slot, _report(slot, SlotStatus.RETRYING, code, delay_seconds, usage), new_id(), None)


def _report(
    slot: Claimed, status: SlotStatus, code: SlotErrorCode | None, delay_seconds: float | None, usage: Usage
) -> Report:
    return Report(
        request_id=slot.request_id,
        index=slot.index,
        fence=slot.fence,
        attempt=slot.attempt,
        status=status,
        error_code=code,
        retry_delay_seconds=delay_seconds,
        duration_ms=5,
        usage=usage,
    )


async def breaches(url: str) -> list[str]:
    """What is broken in the stored data, asked on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        return [str(violation) for violation in await violations(connection)]
    finally:
        await connection.close()
