"""Settle: results become the truth, many in one short transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.generation_request import Standing
from lqs.lifecycle.booking import book, book_late
from lqs.lifecycle.run import Result
from lqs.storage import claims, generation_requests, slots
from lqs.storage.claims import Report
from lqs.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settle did: results it booked, results that came too late, replays of its own."""

    booked: int
    late: int
    replayed: int


async def settle(database: Database, results: Sequence[Result], *, worker_id: UUID) -> Settled:
    """Book results in one transaction: lock; move under the fences, with attempts and entities; write the counts.

    A result whose slot has moved on is late: its cost is recorded, nothing else. Raises what the database raises;
    then nothing was booked, or everything was and its answer got lost: settling the same results again is safe.
    """
    unique = {_key(result.report): result for result in reversed(results)}
    crash_point(CrashPoint.SETTLE_BEGUN)
    async with database.transaction() as connection:
        ids = sorted({result.report.request_id for result in unique.values()})
        standings = await generation_requests.lock(connection, ids)
        rows = await claims.settle(
            connection,
            [result.report for result in unique.values()],
            worker_id=worker_id,
            entity_ids=[result.entity_id for result in unique.values()],
            contents=[result.content for result in unique.values()],
            facets=[result.facets for result in unique.values()],
        )
        crash_point(CrashPoint.SETTLE_MOVED)
        moved = {(row["request_id"], row["index"], row["fence"]) for row in rows}
        refused = [result.report for key, result in unique.items() if key not in moved]
        booked = await book(
            connection, standings, slots.moves_from(rows), reports=[unique[key].report for key in moved]
        )
        late = await _book_late(connection, standings | {s.id: s for s in booked}, refused, worker_id)
        crash_point(CrashPoint.SETTLE_BOOKED)
        crash_point_soon(CrashPoint.SETTLE_COMMITTING)
    crash_point(CrashPoint.SETTLE_COMMITTED)
    return Settled(len(moved), late, len(results) - len(moved) - late)


async def _book_late(
    connection: Connection, standings: Mapping[UUID, Standing], refused: Sequence[Report], worker_id: UUID
) -> int:
    if not refused:
        return 0
    late = await claims.late(connection, refused)
    new = await claims.record_late(
        connection, [report for report in refused if _key(report) in late], worker_id=worker_id
    )
    await book_late(connection, standings, [report for report in refused if _key(report) in new])
    return len(late)


def _key(report: Report) -> tuple[UUID, int, int]:
    return report.request_id, report.index, report.fence
