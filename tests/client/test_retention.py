"""Both clients against the real service: change, pin, purge, and the same with many at once."""

import uuid
from typing import Any

import pytest
from tests.client.playing import Stage, answer
from tests.client.test_journeys import Ask, ask  # noqa: F401  a fixture

from lqs_client import BulkOperation, Conflict, ConnectionFailed, Gone, Invalid, NotFound
from lqs_client._bulk import wait_for_bulk
from lqs_client._retry import RetryPolicy
from lqs_client._waiting import Wait


async def test_a_record_is_changed_kept_and_erased(ask: Ask) -> None:  # noqa: F811
    done = await ask("generate_and_wait", metadata={"lesson": "A1", "draft": "yes"})
    changed = await ask("change", done.request_id, metadata={"draft": None}, pinned=True, if_version=done.version)
    assert (changed.metadata, changed.pinned, changed.expires_at) == ({"lesson": "A1"}, True, None)
    with pytest.raises(Conflict):
        await ask("change", done.request_id, pinned=False, if_version=done.version)
    with pytest.raises(Conflict) as kept:
        await ask("purge", done.request_id)
    assert kept.value.code == "generation_request_pinned"
    assert (await ask("change", done.request_id, pinned=False)).expires_at is not None
    await ask("purge", done.request_id)
    with pytest.raises(Gone) as gone:
        await ask("get", done.request_id)
    assert gone.value.raw["counts"]["generated"] == 1
    assert (await ask("problem", done.entities[0].id)).id == done.entities[0].id


async def test_many_are_previewed_and_purged_at_once(ask: Ask) -> None:  # noqa: F811
    label = uuid.uuid4().hex
    ids = {(await ask("generate_and_wait", metadata={"label": label})).request_id for _ in range(2)}
    wanted = {"metadata": {"label": label}}
    seen = await ask("bulk.preview", "purge", wanted)
    assert (seen.matched, set(seen.sample_request_ids)) == (2, ids)
    told: list[BulkOperation] = []
    key = uuid.uuid4().hex
    begun = await ask("bulk.begin", "purge", wanted, idempotency_key=key)
    end = await ask("bulk.wait", begun.bulk_id, on_progress=told.append)
    assert (end.done, end.matched, end.changed, end.skipped) == (True, 2, 2, 0)
    assert told[-1] == end == await ask("bulk.get", end.bulk_id)
    assert (await ask("bulk.begin", "purge", wanted, idempotency_key=key)).bulk_id == begun.bulk_id
    with pytest.raises(Invalid):
        await ask("bulk.begin", "purge", {})
    with pytest.raises(NotFound):
        await ask("bulk.get", str(uuid.uuid4()))


def state(*, done: bool, matched: int = 0) -> Any:
    return answer(200, {"bulk_id": "b", "done": done, "matched": matched, "changed": matched, "poll_after_ms": 2000})


def test_waiting_outlasts_trouble_and_looks_as_often_as_it_is_asked_to() -> None:
    stage = Stage()
    trouble = ConnectionFailed("cut", sent=True)
    flow = wait_for_bulk("b", Wait(60, stage.clock, RetryPolicy(chance=lambda: 0)))
    end = stage.play(flow, [state(done=False), trouble, answer(503), state(done=True, matched=3)])
    assert (end.done, end.matched, stage.sleeps) == (True, 3, [2.0, 0.5, 1.0])


def test_waiting_ends_in_time_with_the_last_state_or_with_the_trouble() -> None:
    stage = Stage()
    policy = RetryPolicy(chance=lambda: 0)
    assert not stage.play(wait_for_bulk("b", Wait(5, stage.clock, policy)), [state(done=False)]).done
    assert sum(stage.sleeps) == 5
    with pytest.raises(ConnectionFailed):
        stage.play(wait_for_bulk("b", Wait(5, stage.clock, policy)), [ConnectionFailed("cut", sent=False)])


def test_waiting_does_not_outlast_what_looking_again_cannot_mend() -> None:
    stage = Stage()
    with pytest.raises(NotFound):
        stage.play(wait_for_bulk("b", Wait(5, stage.clock, RetryPolicy())), [answer(404, {"code": "not_found"})])
    assert stage.sleeps == []
