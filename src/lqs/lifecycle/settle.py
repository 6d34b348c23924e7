"""Settle: results become the truth, many in one short transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.domain.generation_request import Standing
from lqs.lifecycle.booking import book
from lqs.lifecycle.run import Result
from lqs.storage import entities, generation_requests, slots
from lqs.storage.database import Connection, Database
from lqs.storage.entities import NewEntity


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settle did: results it booked, results that came too late, replays of its own."""

    booked: int
    late: int
    replayed: int


async def settle(database: Database, results: Sequence[Result], *, worker_id: UUID) -> Settled:
    """Book results in one transaction: lock, move under the fences, store entities and attempts, write the counts.

    A result whose slot has moved on is late: its cost is recorded, nothing else. Raises what the database raises;
    then nothing was booked, or everything was and its answer got lost: settling the same results again is safe.
    """
    unique = list({_key(result): result for result in reversed(results)}.values())
    reports = [result.report for result in unique]
    async with database.transaction() as connection:
        ids = sorted({report.request_id for report in reports})
        standings = await generation_requests.lock(connection, ids)
        rows = await slots.settle(connection, reports)
        moved = {(row["request_id"], row["index"], row["fence"]) for row in rows}
        accepted = [result for result in unique if _key(result) in moved]
        await _store_entities(connection, accepted, standings)
        accepted_reports = [result.report for result in accepted]
        await slots.record_attempts(connection, accepted_reports, worker_id=worker_id)
        late = await _record_late(connection, [r for r in unique if _key(r) not in moved], worker_id)
        await book(connection, standings, slots.moves_from(rows), reports=accepted_reports)
    return Settled(len(accepted), late, len(results) - len(accepted) - late)


async def _store_entities(connection: Connection, accepted: Sequence[Result], standings: dict[UUID, Standing]) -> None:
    new = [
        NewEntity(
            id=result.entity_id,
            entity_type=result.entity_type,
            owner_id=standings[result.report.request_id].owner_id,
            request_id=result.report.request_id,
            slot_index=result.report.index,
            content=result.content,
        )
        for result in accepted
        if result.content is not None
    ]
    if new:
        await entities.insert(connection, new)


async def _record_late(connection: Connection, refused: Sequence[Result], worker_id: UUID) -> int:
    if not refused:
        return 0
    late = await slots.late(connection, [result.report for result in refused])
    reports = [result.report for result in refused if _key(result) in late]
    await slots.record_attempts(connection, reports, worker_id=worker_id, late_result=True)
    return len(reports)


def _key(result: Result) -> tuple[UUID, int, int]:
    return result.report.request_id, result.report.index, result.report.fence
