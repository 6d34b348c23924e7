"""Cancel: a caller wants no more of a generation request; what it has made stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.errors import VersionMismatch
from lqs.domain.generation_request import CancelMode, EndReason, EventType, Standing
from lqs.domain.limits import WEDGED_GRACE_SECONDS
from lqs.lifecycle.absence import absence
from lqs.lifecycle.booking import book
from lqs.lifecycle.duties import Booked, holders_of, move_and_book
from lqs.lifecycle.recall import recall
from lqs.storage import cancellations, generation_requests, slots, views
from lqs.storage.database import Connection, Database
from lqs.storage.slots import Moves
from lqs.storage.views import GenerationRequestView


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants generation requests cancelled, and why, in their words.

    Graceful: what is in flight finishes and is kept. Abort: nothing more is kept. `by_operator`: not by their owner.
    """

    mode: CancelMode = CancelMode.GRACEFUL
    reason: str | None = None
    by_operator: bool = False


async def cancel(
    database: Database, request_id: UUID, wish: Wish, *, owner_id: UUID, if_version: int | None = None
) -> GenerationRequestView:
    """Cancel a generation request of this owner; returns it as it stands then.

    What is done stays as it is, and so does what is being cancelled as strictly already. Raises what `absence` says,
    and `VersionMismatch` when it has another version than `if_version`; nothing has changed then.
    """
    async with database.transaction() as connection:
        if await views.progress(connection, request_id, owner_id=owner_id) is None:
            raise await absence(connection, request_id, owner_id=owner_id)
        standings = await generation_requests.lock(connection, [request_id])
        if request_id not in standings:
            raise await absence(connection, request_id, owner_id=owner_id)
        if if_version is not None and (found := standings[request_id].version) != if_version:
            raise VersionMismatch(if_version, found)
        robbed = await cancel_locked(connection, standings, wish)
        view = await views.read(connection, request_id, owner_id=owner_id)
        assert view is not None, "its row is locked"
        crash_point(CrashPoint.CANCEL_BOOKED)
        crash_point_soon(CrashPoint.CANCEL_COMMITTING)
    crash_point(CrashPoint.CANCEL_COMMITTED)
    await recall(database, robbed)
    return view


async def cancel_locked(connection: Connection, standings: Mapping[UUID, Standing], wish: Wish) -> frozenset[UUID]:
    """Cancel those of these locked generation requests that are not done; returns the workers to `recall` afterwards.

    The wish is written down in the commit that keeps its first part: what nobody holds is cancelled. An abort takes
    from its holders what is in flight, too. A second wish changes nothing unless it turns a graceful one into an abort.
    """
    open_ids = [id_ for id_, standing in standings.items() if not standing.status.done]
    before = await cancellations.modes(connection, open_ids)
    first = [id_ for id_ in open_ids if id_ not in before]
    stricter = [id_ for id_, mode in before.items() if wish.mode is CancelMode.ABORT and mode is CancelMode.GRACEFUL]
    if not first and not stricter:
        return frozenset()
    await cancellations.intend(
        connection, [*first, *stricter], mode=wish.mode, reason=wish.reason, grace_seconds=WEDGED_GRACE_SECONDS
    )
    abort = wish.mode is CancelMode.ABORT
    moves = await (slots.cancel_unfinished if abort else slots.cancel_waiting)(connection, [*first, *stricter])
    end_reason = EndReason.OPERATOR_ABORT if abort and wish.by_operator else None
    for ids, summary in ((first, EventType.CANCELLING), (stricter, EventType.SLOTS_CANCELLED)):
        concerned = {id_: standings[id_] for id_ in ids}
        moved = {id_: moves[id_] for id_ in ids if id_ in moves}
        await book(connection, concerned, moved, summary=summary, end_reason=end_reason)
    return holders_of(moves)


async def sweep(database: Database, *, batch: int, ahead_seconds: float = 0) -> Booked:
    """End up to `batch` cancellations whose time is over, whatever their workers are doing: nothing more is kept.

    Those too whose time is over in `ahead_seconds`: who comes by now and then has to be early, for `settles_by` is
    a promise. No more of it than an attempt has to spare.
    """
    ahead = min(ahead_seconds, WEDGED_GRACE_SECONDS)

    async def cancel_late(connection: Connection, ids: Sequence[UUID]) -> Moves:
        late = await cancellations.past_settling(connection, batch=len(ids), ahead_seconds=ahead, among=ids)
        return await slots.cancel_unfinished(connection, late)

    async with database.acquire() as connection:
        late = await cancellations.past_settling(connection, batch=batch, ahead_seconds=ahead)
    return await move_and_book(
        database, late, cancel_late, summary=EventType.SLOTS_CANCELLED, midway=CrashPoint.CANCEL_SWEEP_MOVED
    )
