"""The last line of defence: whatever a faulty statement would write, the database refuses what cannot be."""

import itertools

import asyncpg
import pytest

from house import House, failed, generated
from lqs.domain.advance import outcome
from lqs.domain.generation_request import MOVES, Counts, Status
from lqs.domain.slot import SlotStatus

AGAIN = frozenset({Status.PARTIAL, Status.FAILED, Status.CANCELLED})
"""What an explicit retry may begin again, as a further run."""

SHAPES = {
    Status.PENDING: (0, 0, 0),
    Status.PROCESSING: (1, 0, 0),
    Status.COMPLETED: (3, 0, 0),
    Status.PARTIAL: (1, 2, 0),
    Status.FAILED: (0, 3, 0),
    Status.CANCELLING: (1, 1, 0),
    Status.CANCELLED: (1, 1, 1),
}
"""Generated, failed and cancelled of three, such that a row of each status can be."""

WRITE = """
UPDATE generation_requests
SET status = $2, run = run + $3, generated_count = $4, failed_count = $5, cancelled_count = $6,
    processing_count = 0, retrying_count = 0,
    completed_at = CASE WHEN $7 THEN requested_at END, end_reason = CASE WHEN $7 THEN 'all_settled' END,
    cancel_requested_at = requested_at, cancel_mode = 'graceful', settles_by = requested_at
WHERE id = $1
"""


async def put(connection: asyncpg.Connection, request_id, status: Status, more_runs: int = 0) -> None:
    await connection.execute(WRITE, request_id, status, more_runs, *SHAPES[status], status.done)


async def moved(connection: asyncpg.Connection, request_id, status: Status, more_runs: int) -> bool:
    try:
        await put(connection, request_id, status, more_runs)
    except asyncpg.IntegrityConstraintViolationError as refusal:
        if refusal.constraint_name != "legal_moves":
            raise
        return False
    return True


@pytest.mark.breaks_invariants
async def test_the_trigger_and_the_domain_have_the_same_table_of_moves(house: House):
    """Every pair of statuses, within a run, into the next and over the one after it."""
    request_id = await house.submit(3)
    connection = await asyncpg.connect(house.url)
    allowed = set()
    for before, after, more_runs in itertools.product(Status, Status, (-1, 0, 1, 2)):
        await connection.execute("ALTER TABLE generation_requests DISABLE TRIGGER legal_moves")
        await put(connection, request_id, before)
        await connection.execute("ALTER TABLE generation_requests ENABLE TRIGGER legal_moves")
        if await moved(connection, request_id, after, more_runs):
            allowed.add((before, after, more_runs))
    await connection.close()
    assert allowed == (
        {(before, after, 0) for before, following in MOVES.items() for after in following}
        | {(status, status, 0) for status in Status}  # staying is no move
        | {(status, Status.PROCESSING, 1) for status in AGAIN}
    )


def test_the_shapes_are_those_of_their_statuses():
    for status, (made, lost, cancelled) in SHAPES.items():
        counts = Counts(generated=made, failed=lost, cancelled=cancelled)
        assert (counts.settled == 3) is status.done
        if status.done:
            assert outcome(counts) is status


REQUESTS_THAT_CANNOT_BE = {
    "one_to_ten_entities": ["requested_count = 11"],
    "counts_fit": [
        "generated_count = -1, failed_count = 1",
        "failed_count = -1, processing_count = 1",
        "processing_count = -1",
        "retrying_count = -1",
        "cancelled_count = -1",
        "processing_count = 4",
        "retrying_count = 2, processing_count = 2",
    ],
    "done_means_settled": [
        "generated_count = 3",
        "requested_count = 0",
        "failed_count = 1, generated_count = 1, cancelled_count = 1",
    ],
    "done_has_its_time_and_reason": ["completed_at = requested_at", "end_reason = 'all_settled'"],
    "times_in_order": ["started_at = requested_at - interval '1 s'"],
}


@pytest.mark.parametrize(
    ("constraint", "change"),
    [(name, change) for name, changes in REQUESTS_THAT_CANNOT_BE.items() for change in changes],
)
async def test_an_impossible_generation_request_is_refused(house, constraint, change):
    request_id = await house.submit(3)
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await house.rows(f"UPDATE generation_requests SET {change} WHERE id = $1", request_id)
    assert refusal.value.constraint_name == constraint


@pytest.mark.parametrize("status", ["done", "PENDING", ""])
async def test_an_unknown_status_is_refused_even_without_the_trigger(house, status):
    await house.submit()
    connection = await asyncpg.connect(house.url)
    await connection.execute("BEGIN")
    await connection.execute("ALTER TABLE generation_requests DISABLE TRIGGER legal_moves")
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await connection.execute("UPDATE generation_requests SET status = $1", status)
    await connection.close()
    assert refusal.value.constraint_name == "valid_status"


async def test_an_unknown_reason_is_refused(house):
    _, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, generated(slot))
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await house.rows("UPDATE generation_requests SET end_reason = 'because'")
    assert refusal.value.constraint_name == "valid_end_reason"


ENDS_THAT_CANNOT_BE = [
    ("done_means_settled", "completed", (2, 0, 0)),
    ("done_means_settled", "partial", (1, 1, 0)),
    ("done_means_settled", "failed", (0, 2, 0)),
    ("done_means_settled", "cancelled", (0, 0, 2)),
    ("outcome_is_arithmetic", "completed", (2, 1, 0)),
    ("outcome_is_arithmetic", "partial", (3, 0, 0)),
    ("outcome_is_arithmetic", "partial", (0, 3, 0)),
    ("outcome_is_arithmetic", "partial", (1, 1, 1)),
    ("outcome_is_arithmetic", "failed", (1, 2, 0)),
    ("outcome_is_arithmetic", "cancelled", (1, 2, 0)),
]


@pytest.mark.parametrize(("constraint", "status", "counts"), ENDS_THAT_CANNOT_BE)
async def test_an_impossible_end_is_refused(house, constraint, status, counts):
    request_id, _, _ = await house.claimed(3)
    if status == "cancelled":
        await house.rows("ALTER TABLE generation_requests DISABLE TRIGGER legal_moves")
    try:
        with pytest.raises(asyncpg.CheckViolationError) as refusal:
            await house.rows(WRITE, request_id, status, 0, *counts, True)
    finally:
        await house.rows("ALTER TABLE generation_requests ENABLE TRIGGER legal_moves")
    assert refusal.value.constraint_name == constraint


@pytest.mark.parametrize(
    "change",
    ["completed_at = NULL", "end_reason = NULL", "completed_at = started_at - interval '1 s'", "run = run + 1"],
)
async def test_an_end_cannot_be_undone_in_part(house, change):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, failed(slot))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await house.rows(f"UPDATE generation_requests SET {change} WHERE id = $1", request_id)


SLOTS_THAT_CANNOT_BE = {
    "valid_status": ["status = 'done'"],
    "held_while_processing": [
        "status = 'processing'",
        "worker_id = gen_random_uuid()",
        "deadline_at = now()",
        "status = 'processing', worker_id = gen_random_uuid()",
        "status = 'processing', deadline_at = now()",
    ],
    "waits_while_retrying": ["status = 'retrying'", "available_at = now()"],
    "finished_when_settled": [
        "finished_at = now()",
        *(f"status = '{status}', error_code = 'internal'" for status in SlotStatus if status.settled),
    ],
    "failed_has_a_code": ["status = 'failed', finished_at = now()"],
    "slots_attempts_check": ["attempts = -1"],
}


@pytest.mark.parametrize(
    ("constraint", "change"), [(name, change) for name, changes in SLOTS_THAT_CANNOT_BE.items() for change in changes]
)
async def test_an_impossible_slot_is_refused(house, constraint, change):
    await house.submit()
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await house.rows(f"UPDATE slots SET {change}")
    assert refusal.value.constraint_name == constraint


async def test_one_slot_has_one_entity(house):
    _, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, generated(slot))
    with pytest.raises(asyncpg.UniqueViolationError):
        await house.rows(
            "INSERT INTO entities (id, entity_type, owner_id, generation_request_id, slot_index, created_at, content)"
            " SELECT gen_random_uuid(), entity_type, owner_id, generation_request_id, slot_index, created_at, content"
            " FROM entities"
        )


async def test_purging_a_generation_request_never_takes_its_entities_along(house):
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, generated(slot))
    for table in ("slots", "slot_attempts", "generation_events"):
        await house.rows(f"DELETE FROM {table} WHERE request_id = $1", request_id)
    await house.rows("DELETE FROM generation_requests WHERE id = $1", request_id)
    assert await house.rows("SELECT generation_request_id FROM entities") == [{"generation_request_id": None}]


async def test_a_generation_request_with_slots_cannot_vanish(house):
    request_id = await house.submit()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await house.rows("DELETE FROM generation_requests WHERE id = $1", request_id)
