"""Change: what its owner may still change of a generation request: words of theirs, its place, how long it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from lqs.domain.advance import note
from lqs.domain.errors import BodyRefused, Finding, PriorityFixed, VersionMismatch
from lqs.domain.generation_request import EventType, Priority, Status
from lqs.domain.limits import MAX_METADATA_PAIRS
from lqs.lifecycle.absence import absence
from lqs.lifecycle.booking import write
from lqs.storage import changes
from lqs.storage.changes import Changeable
from lqs.storage.database import Connection, Database
from lqs.storage.generation_requests import Written


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed; what is None stays. Of `metadata` only the pairs named here change; None removes one."""

    metadata: Mapping[str, str | None] = field(default_factory=dict)
    priority: Priority | None = None
    pinned: bool | None = None


async def change(
    database: Database, request_id: UUID, changes: Changes, *, owner_id: UUID, if_version: int | None = None
) -> None:
    """Change a generation request, told by one event; if all is so already, nothing happens.

    A pin keeps the record; without one it is purged when its retention has passed, counted from its end or from the
    end of the pin. Another priority gives the slots places in the flow of that priority, as if they came now.
    Raises `PriorityFixed` when a slot has left the queue, `VersionMismatch`, `BodyRefused` for too much metadata,
    `GenerationRequestPurged`, `NotFound`.
    """
    while not await _change(database, request_id, changes, owner_id, if_version):
        pass


async def _change(
    database: Database, request_id: UUID, wanted: Changes, owner_id: UUID, if_version: int | None
) -> bool:
    """Whether it was done: not if the priority was changed by somebody else between the look and the lock.

    The flow is locked before the generation request, as everywhere, so whether it is needed is found out by a look.
    """
    async with database.transaction() as connection:
        first_pass = await _take_places(connection, request_id, wanted.priority, owner_id)
        found = await changes.lock(connection, request_id, owner_id=owner_id)
        if found is None:
            raise await absence(connection, request_id, owner_id=owner_id)
        standing = found.standing
        if if_version is not None and if_version != standing.version:
            raise VersionMismatch(if_version, standing.version)
        after = _after(found, wanted)
        if after.priority is not found.priority:
            if standing.status is not Status.PENDING:
                raise PriorityFixed(f"It is {standing.status}; a priority can be changed while it is pending.")
            if first_pass is None:
                return False
            await changes.place(connection, request_id, after.priority, first_pass=first_pass)
        if after != found:
            await changes.change(
                connection, request_id, metadata=after.metadata, priority=after.priority, pinned=after.pinned
            )
            changed, events = note(standing, [(EventType.CHANGED, None)])
            await write(connection, [Written(changed, progressed=False)], events)
        return True


async def _take_places(
    connection: Connection, request_id: UUID, priority: Priority | None, owner_id: UUID
) -> int | None:
    if priority is None:
        return None
    seen = await changes.look(connection, request_id, owner_id=owner_id)
    if seen is None or seen.status is not Status.PENDING or seen.priority is priority:
        return None
    return await changes.take_places(connection, owner_id, priority, slots=seen.count)


def _after(found: Changeable, wanted: Changes) -> Changeable:
    before: dict[str, str] = json.loads(found.metadata)
    merged = {name: value for name, value in (before | dict(wanted.metadata)).items() if value is not None}
    if len(merged) > MAX_METADATA_PAIRS:
        detail = f"With what is there already it would have {len(merged)} pairs; at most {MAX_METADATA_PAIRS} fit."
        raise BodyRefused([Finding("/metadata", "out_of_range", detail, {"max": MAX_METADATA_PAIRS})])
    return Changeable(
        standing=found.standing,
        metadata=found.metadata if merged == before else json.dumps(merged),
        priority=wanted.priority or found.priority,
        pinned=found.pinned if wanted.pinned is None else wanted.pinned,
    )
