"""Why a generation request is not there: its owner is told that it was purged; to all others it never was."""

from uuid import UUID

from lqs.domain.errors import GenerationRequestPurged, NotFound
from lqs.domain.generation_request import Counts
from lqs.storage import tombstones
from lqs.storage.database import Connection

UNKNOWN = "You have no generation request with this id. It is the request_id of the answer to a generate call."


async def absence(connection: Connection, request_id: UUID, *, owner_id: UUID) -> GenerationRequestPurged | NotFound:
    """What to raise when a statement before this one did not find a generation request of this owner.

    A purge leaves its tombstone in the commit that takes the record away, so one of the two is always seen.
    """
    left = await tombstones.read(connection, request_id, owner_id=owner_id)
    if left is None:
        return NotFound(UNKNOWN)
    counts = Counts(generated=left.generated_count, failed=left.failed_count, cancelled=left.cancelled_count)
    return GenerationRequestPurged(left.purged_at, left.status, counts.by_status())
