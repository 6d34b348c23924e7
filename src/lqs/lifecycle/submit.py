"""Submit: accepting a generation request. Callers that arrive together share one commit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.errors import InternalError, LqsError, ServiceUnavailable
from lqs.lifecycle import idempotency
from lqs.lifecycle.quotas import Gate, Quotas
from lqs.lifecycle.submission import Accepted, Defaults, Submission, answer, new_request
from lqs.observability.telemetry import Telemetry, part
from lqs.storage import generation_requests, idempotency_keys
from lqs.storage.database import Connection, Database, DatabaseUnavailable, LockTimeout
from lqs.storage.idempotency_keys import Key, Use

Waiting = tuple[Submission, asyncio.Future[Accepted]]
"""A submission, and the caller that waits for its answer."""

_MOST_WAITING = 5000
"""More than this is memory that a stalled database would fill without end."""
_APART_AT_ONCE = 4
"""How many pieces of a batch that was taken apart are stored at the same time; each takes a connection."""
_UNCONFIRMED = (
    "The database did not confirm the generation request in time, so whether it exists is unknown. "
    "Send it again with the same Idempotency-Key: it is made at most once."
)


class Submitter:
    """Stores submissions. All that wait while one commit is under way go into the next one together."""

    def __init__(
        self,
        database: Database,
        telemetry: Telemetry,
        defaults: Defaults,
        gate: Gate | None = None,
        *,
        most: int = 500,
    ) -> None:
        self._database = database
        self._telemetry = telemetry
        self._defaults = defaults
        self._gate = gate or Gate(Quotas())
        self._most = most
        self._waiting: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._stopped = False

    async def submit(self, submission: Submission) -> Accepted:
        """Accept a submission: it is durable when this returns.

        Raises `IdempotencyKeyReused` when its key stands for another body, `ServiceUnavailable` when the database
        does not answer or too many wait; whether it was stored is then unknown, and sending it again with its key is
        safe.
        """
        if self._stopped:
            raise _stopping()
        if len(self._waiting) >= _MOST_WAITING:
            raise ServiceUnavailable("Too many generation requests wait to be stored. Nothing of this one was.")
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, future))
        self._arrived.set()
        with part("submit"):
            return await future

    async def run(self) -> None:
        """Commit what waits, batch after batch, until cancelled.

        Whoever has no answer by then gets `ServiceUnavailable`: those who wait, and those whose commit was cut off.
        """
        batch: list[Waiting] = []
        try:
            while True:
                await self._arrived.wait()
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if not self._waiting:
                    self._arrived.clear()
                await self._store(batch)
        finally:
            self._stopped = True
            for _, future in (*batch, *self._waiting):
                if not future.done():
                    future.set_exception(_stopping())

    async def _store(self, batch: Sequence[Waiting]) -> None:
        """One commit for all; a batch that the database refuses is taken apart until what it refuses stands alone."""
        try:
            async with self._one_commit(batch) as connection:
                answers = await self._insert(connection, [submission for submission, _ in batch])
                crash_point(CrashPoint.SUBMIT_STORED)
                crash_point_soon(CrashPoint.SUBMIT_COMMITTING)
        except LockTimeout as error:
            # Whom one owner's hanging twin keeps waiting is that owner, no stranger.
            await self._store_apart(_by_owner(batch), error)
        except DatabaseUnavailable as error:
            self._turn_away(batch, error)
        except Exception as error:
            await self._store_apart(_halves(batch), error)
        else:
            crash_point(CrashPoint.SUBMIT_COMMITTED)
            for (_, future), answer in zip(batch, answers, strict=True):
                _tell(future, answer)

    @asynccontextmanager
    async def _one_commit(self, batch: Sequence[Waiting]) -> AsyncIterator[Connection]:
        with self._telemetry.step("requests.stored", links=[submission.trace for submission, _ in batch]) as step:
            async with self._database.transaction() as connection:
                yield connection
            step.came(requests=len(batch))

    async def _store_apart(self, parts: Sequence[Sequence[Waiting]], error: Exception) -> None:
        if len(parts) > 1:
            # Side by side, or whoever stands behind would wait for the lock of each that stands before.
            room = asyncio.Semaphore(_APART_AT_ONCE)

            async def store(part: Sequence[Waiting]) -> None:
                async with room:
                    await self._store(part)

            await asyncio.gather(*map(store, parts))
        elif isinstance(error, LockTimeout):
            self._turn_away(parts[0], error)
        else:
            [(submission, future)] = parts[0]
            self._telemetry.fault("submit.broke", error, request_id=str(submission.id))
            _tell(future, InternalError("The generation request could not be stored."))

    def _turn_away(self, batch: Sequence[Waiting], error: DatabaseUnavailable) -> None:
        self._telemetry.emit("submit.unconfirmed", submissions=len(batch), reason=str(error))
        for _, future in batch:
            _tell(future, ServiceUnavailable(_UNCONFIRMED))

    async def _insert(self, connection: Connection, batch: Sequence[Submission]) -> list[Accepted | LqsError]:
        wanted: dict[Key, Use] = {}
        for submission in batch:
            if submission.key is not None:
                wanted.setdefault(
                    submission.key, Use(submission.fingerprint, submission.id, idempotency.canonical(submission.body))
                )
        uses = await idempotency.take_all(connection, wanted)
        crash_point(CrashPoint.SUBMIT_KEYS_TAKEN)
        winners = [s for s in batch if s.key is None or uses[s.key].subject_id == s.id]
        refused = await self._gate.refused(connection, [(s.id, s.owner_id) for s in winners])
        if refused:
            await idempotency_keys.release(connection, {s.key: s.id for s in winners if s.key and s.id in refused})
        let_in = [new_request(s, self._defaults) for s in winners if s.id not in refused]
        stored = await generation_requests.insert(connection, let_in)
        return [answer(s, uses, stored, refused) for s in batch]


def _stopping() -> ServiceUnavailable:
    return ServiceUnavailable("The generation request was not confirmed: the service is stopping.")


def _tell(future: asyncio.Future[Accepted], answer: Accepted | LqsError) -> None:
    if future.done():
        return
    if isinstance(answer, LqsError):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _halves(batch: Sequence[Waiting]) -> list[Sequence[Waiting]]:
    middle = len(batch) // 2
    return [half for half in (batch[:middle], batch[middle:]) if half]


def _by_owner(batch: Sequence[Waiting]) -> list[Sequence[Waiting]]:
    owned: dict[UUID, list[Waiting]] = {}
    for waiting in batch:
        owned.setdefault(waiting[0].owner_id, []).append(waiting)
    return list(owned.values())
