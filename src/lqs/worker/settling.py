"""Results on their way into the truth: gathered for a moment, committed together, never dropped."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from lqs.domain.entity_type import Usage
from lqs.domain.generation_request import IllegalMove
from lqs.lifecycle.run import Result
from lqs.lifecycle.settle import settle
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import Database, DatabaseUnavailable, refuses_value

_RETRY_SECONDS = 0.5
_SET_ASIDE_SECONDS = 1.0
_MOST_TRIES = 5


class SettleBuffer:
    """Gathers results for `buffer_seconds` and commits up to `batch` of them in one transaction.

    `on_committed` hears which results left the buffer. A result stays until it is committed, however long the
    database is away: its slot's fence makes a repeated settle harmless. What the database will never take is settled
    as what `without_content` makes of it. If it refuses even that, the generation request itself is broken: that is
    tried a few times more and then given up, and `lqs admin verify` names it. What meets an error that nobody thought
    of is set aside and tried again.
    """

    def __init__(
        self,
        database: Database,
        telemetry: Telemetry,
        *,
        batch: int,
        buffer_seconds: float,
        on_committed: Callable[[Sequence[Result]], None],
        without_content: Callable[[Result], Result],
    ) -> None:
        self._database = database
        self._telemetry = telemetry
        self._batch = batch
        self._buffer_seconds = buffer_seconds
        self._on_committed = on_committed
        self._without_content = without_content
        self._results: list[tuple[UUID, Result]] = []
        self._tries: Counter[tuple[UUID, int, int]] = Counter()
        self._arrived = asyncio.Event()

    def put(self, worker_id: UUID, result: Result) -> None:
        """Take a result that `worker_id` holds the slot of."""
        self._results.append((worker_id, result))
        self._arrived.set()

    async def run(self) -> None:
        """Commit what comes, until cancelled. Several of these may run side by side."""
        while True:
            await self._arrived.wait()
            if len(self._results) < self._batch:
                await asyncio.sleep(self._buffer_seconds)
            taken, self._results = self._results[: self._batch], self._results[self._batch :]
            if not self._results:
                self._arrived.clear()
            if taken:
                await self._commit(taken)

    async def _commit(self, taken: Sequence[tuple[UUID, Result]]) -> None:
        by_worker: dict[UUID, list[Result]] = {}
        for worker_id, result in taken:
            by_worker.setdefault(worker_id, []).append(result)
        for worker_id, results in by_worker.items():
            await self._settle(results, worker_id)

    async def _settle(self, results: Sequence[Result], worker_id: UUID) -> None:
        while True:
            try:
                with self._telemetry.step("slots.settled", links=[result.trace for result in results]) as step:
                    settled = await settle(self._database, results, worker_id=worker_id)
                    step.came(booked=settled.booked, late=settled.late, replayed=settled.replayed)
            except DatabaseUnavailable as error:
                self._telemetry.emit("settle.waits", results=len(results), reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception as error:
                await self._settle_apart(results, worker_id, error)
                return
            else:
                self._on_committed(results)
                return

    async def _settle_apart(self, results: Sequence[Result], worker_id: UUID, error: Exception) -> None:
        """Halve a refused batch until what is refused stands alone, so that it holds nobody else up."""
        if len(results) > 1:
            middle = len(results) // 2
            await self._settle(results[:middle], worker_id)
            await self._settle(results[middle:], worker_id)
            return
        [result] = results
        refused = refuses_value(error) or isinstance(error, IllegalMove)
        if refused and not _bare(result):
            self._tell("settle.refused", error, result)
            await self._settle([self._without_content(result)], worker_id)
        elif refused and self._tried(result) > _MOST_TRIES:
            self._tell("settle.given_up", error, result)
            self._on_committed(results)
        else:
            # Nobody knows whether this passes, so it has its turn again, behind the others.
            self._tell("settle.broke", error, result)
            asyncio.get_running_loop().call_later(_SET_ASIDE_SECONDS, self.put, worker_id, result)

    def _tried(self, result: Result) -> int:
        key = (result.report.request_id, result.report.index, result.report.fence)
        self._tries[key] += 1
        return self._tries[key] if self._tries[key] <= _MOST_TRIES else self._tries.pop(key)

    def _tell(self, name: str, error: Exception, result: Result) -> None:
        report = result.report
        self._telemetry.fault(name, error, request_id=str(report.request_id), index=report.index)


def _bare(result: Result) -> bool:
    """Nothing is in it that a database could refuse; what is refused then is something else."""
    return result.content is None and result.report.usage == Usage()
