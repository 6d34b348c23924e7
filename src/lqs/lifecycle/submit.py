"""Submit: accepting a generation request. Callers that arrive together share one commit."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain import limits
from lqs.domain.errors import IdempotencyKeyExpired, IdempotencyKeyReused, InternalError, LqsError, ServiceUnavailable
from lqs.domain.ids import new_id
from lqs.domain.terms import Terms
from lqs.lifecycle import idempotency
from lqs.lifecycle.quotas import Gate, Quotas
from lqs.observability.telemetry import Telemetry
from lqs.storage import generation_requests, idempotency_keys
from lqs.storage.database import Connection, Database, DatabaseUnavailable, LockTimeout
from lqs.storage.generation_requests import NewRequest, Stored
from lqs.storage.idempotency_keys import Key, Use


@dataclass(frozen=True, slots=True)
class Submission:
    """A checked wish for entities. `constraints` and `metadata` are plain JSON values; a constraint at its default is
    left out, so that a constraint added in a later version does not make an old body another one.

    `operation` is the scope of the idempotency key, such as `POST /problems/generate`; `requested_by` is the id of the
    caller's API key. `call_price_microusd` is what one call of the generator can cost at most; `traceparent` is the
    caller's place in a trace.
    """

    owner_id: UUID
    operation: str
    entity_type: str
    count: int
    constraints: Mapping[str, Any]
    metadata: Mapping[str, str]
    idempotency_key: str | None
    terms: Terms = field(default_factory=Terms)
    requested_by: str | None = None
    call_price_microusd: int = 0
    origin: UUID | None = None
    traceparent: str | None = None
    id: UUID = field(default_factory=new_id)

    @property
    def body(self) -> dict[str, Any]:
        """What a replay must repeat."""
        wish = {"count": self.count, "constraints": dict(self.constraints), "metadata": dict(self.metadata)}
        return wish | self.terms.chosen

    @property
    def fingerprint(self) -> bytes:
        """What the body is compared by."""
        return idempotency.fingerprint(self.body)

    @property
    def key(self) -> Key | None:
        """The idempotency key in its scope."""
        return Key(self.owner_id, self.operation, self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True)
class Defaults:
    """The terms of a generation request whose caller chose none. Durations are seconds.

    A run may take its count times the time of an attempt, and `overhead_seconds` more. `call_prices` tells for each
    entity type what one call costs at most, in millionths of a US dollar; None if that is unknown.
    """

    slot_timeout_seconds: float = 90.0
    overhead_seconds: float = 120.0
    max_attempts: int = 3
    retention_seconds: int = 7 * 86_400
    call_prices: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a submission. A replayed one names the generation request that its key made at `used_at`."""

    request_id: UUID
    replayed: bool
    stored: Stored | None
    used_at: datetime | None = None


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
            async with self._database.transaction() as connection:
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
        return [_answer(s, uses, stored, refused) for s in batch]


def new_request(submission: Submission, defaults: Defaults) -> NewRequest:
    """What is stored of a submission."""
    terms = submission.terms
    return NewRequest(
        id=submission.id,
        owner_id=submission.owner_id,
        entity_type=submission.entity_type,
        count=submission.count,
        max_attempts=terms.max_attempts or defaults.max_attempts,
        constraints=json.dumps(submission.constraints),
        metadata=json.dumps(submission.metadata),
        options=json.dumps(terms.chosen),
        priority=terms.priority,
        requested_by=submission.requested_by,
        deadline_seconds=_run_seconds(submission, defaults),
        start_within_seconds=terms.start_within_seconds,
        slot_timeout_seconds=terms.slot_timeout_seconds or defaults.slot_timeout_seconds,
        retention_seconds=terms.retention_seconds or defaults.retention_seconds,
        max_cost_microusd=terms.max_cost_microusd,
        call_price_microusd=submission.call_price_microusd,
        origin=submission.origin,
        traceparent=submission.traceparent,
    )


def _run_seconds(submission: Submission, defaults: Defaults) -> float:
    """How long the whole run may take, a chosen wait for its start included.

    What a caller chose of its parts does not make the whole longer than a caller could choose that.
    """
    terms = submission.terms
    if terms.timeout_seconds:
        return terms.timeout_seconds
    attempt = terms.slot_timeout_seconds or defaults.slot_timeout_seconds
    wanted = (terms.start_within_seconds or 0) + submission.count * attempt + defaults.overhead_seconds
    chosen = terms.start_within_seconds or terms.slot_timeout_seconds
    return min(wanted, limits.MAX_TIMEOUT_SECONDS) if chosen else wanted


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


def _answer(
    submission: Submission, uses: Mapping[Key, Use], stored: Mapping[UUID, Stored], refused: Mapping[UUID, LqsError]
) -> Accepted | LqsError:
    """A twin in the same batch is answered as the one whose key it shares."""
    subject_id = uses[submission.key].subject_id if submission.key else submission.id
    if subject_id in refused:
        return refused[subject_id]
    if submission.id in stored:
        return Accepted(submission.id, False, stored[submission.id])
    return _replay(submission, uses)


def _replay(submission: Submission, uses: Mapping[Key, Use]) -> Accepted | LqsError:
    assert submission.key is not None
    use = uses[submission.key]
    if use.expired:
        return IdempotencyKeyExpired(use.subject_id)
    if use.fingerprint == submission.fingerprint:
        return Accepted(use.subject_id, True, None, use.used_at)
    return IdempotencyKeyReused(use.subject_id, _differing(json.loads(use.body or "{}"), submission.body))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of the fields that differ, one level into constraints and metadata; never their values."""
    if not before:
        return []
    names = ["count"] if before["count"] != after["count"] else []
    for place in ("constraints", "metadata"):
        names += [f"{place}.{name}" for name in _unequal(before[place], after[place])]
    return names + [name for name in _unequal(before, after) if name not in ("count", "constraints", "metadata")]


def _unequal(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
