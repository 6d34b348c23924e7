"""`GET /generation-requests/{id}`: the truth, its version, and when to come back."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from house import House, failed, generated, retrying
from lqs.api import schemas
from lqs.storage.claims import Claimed

from .conftest import Api, Caller, at_work, durable


async def submit(caller: Caller, **body: Any) -> str:
    answer = await caller.http.post("/problems/generate", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


async def finished(caller: Caller, address: str) -> dict[str, Any]:
    """Poll until done; pytest's own time limit ends a wait that never ends."""
    while True:
        body: dict[str, Any] = (await caller.http.get(address)).json()
        assert sum(body["counts"].values()) == body["requested_count"]
        if body["done"]:
            return body
        await asyncio.sleep(0.01)


async def change(api: Api, statement: str) -> None:
    async with api.database.acquire() as connection:
        await connection.execute(statement)


async def test_a_pending_one_shows_every_slot_and_when_to_come_back(alice: Caller) -> None:
    address = await submit(alice, count=3, metadata={"lesson": "A1"}, constraints={"tenses": ["present"]})

    answer = await alice.http.get(address)

    body = answer.json()
    schemas.GenerationRequest.model_validate_json(answer.content)
    assert (body["status"], body["done"], body["end_reason"]) == ("pending", False, None)
    assert body["counts"] == {
        "pending": 3,
        "processing": 0,
        "retrying": 0,
        "generated": 0,
        "failed": 0,
        "cancelled": 0,
    }
    assert [(slot["index"], slot["status"], slot["attempts"]) for slot in body["slots"]] == [
        (0, "pending", 0),
        (1, "pending", 0),
        (2, "pending", 0),
    ]
    assert body["entities"] == []
    assert body["metadata"] == {"lesson": "A1"}
    assert body["constraints"]["tenses"] == ["present"]
    assert (body["run"], body["version"]) == (1, 1)
    assert int(answer.headers["Retry-After"]) >= 1
    assert 1000 <= body["poll_after_ms"] <= 33_000
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization, Accept, Prefer"


async def test_a_completed_one_holds_its_entities_and_no_hint(alice: Caller, worker: None) -> None:
    address = await submit(alice, count=10)

    body = await finished(alice, address)
    answer = await alice.http.get(address)

    assert (body["status"], body["end_reason"]) == ("completed", "all_settled")
    assert (body["requested_count"], body["generated_count"], body["failed_count"]) == (10, 10, 0)
    assert [entity["slot_index"] for entity in body["entities"]] == list(range(10))
    assert [slot["entity_id"] for slot in body["slots"]] == [entity["id"] for entity in body["entities"]]
    assert all(entity["generation_request_id"] == body["request_id"] for entity in body["entities"])
    assert body["requested_at"] <= body["started_at"] <= body["completed_at"]
    assert body["requested_at"].endswith("Z")
    assert body["error_summary"] == []
    assert body["error_message"] is None
    assert body["usage"]["model_calls"] == 10
    assert "poll_after_ms" not in body
    assert "Retry-After" not in answer.headers
    schemas.GenerationRequest.model_validate_json(answer.content)


async def test_every_entity_can_be_read_on_its_own(alice: Caller, worker: None) -> None:
    body = await finished(alice, await submit(alice, count=2))

    for entity in body["entities"]:
        answer = await alice.http.get(f"/problems/{entity['id']}")
        assert answer.json() == entity


async def test_the_fields_of_a_problem_come_in_the_order_they_were_written(alice: Caller, worker: None) -> None:
    body = await finished(alice, await submit(alice))

    fields = list(body["entities"][0])
    assert fields[:5] == ["id", "entity_type", "generation_request_id", "slot_index", "created_at"]
    assert fields.index("instructions") < fields.index("statements") < fields.index("provenance")


async def test_a_failed_one_says_what_failed_and_why(api: Api, alice: Caller) -> None:
    failing = replace(
        api,
        settings=api.settings.model_copy(
            update={
                "generator": "simulated",
                "simulated_latency_seconds": 0,
                "simulated_failures": {"provider_auth": 1.0},
            }
        ),
    )
    async with at_work(failing):
        body = await finished(alice, await submit(alice, count=2))

    assert body["status"] == "failed"
    assert body["error_summary"] == [{"code": "provider_auth", "count": 2, "sample_index": 0}]
    assert body["error_message"] == "2 of 2 failed with provider_auth: The model provider refused our credentials."
    assert body["slots"][1]["error"] == {
        "code": "provider_auth",
        "category": "permanent",
        "retryable": False,
        "message": "The model provider refused our credentials.",
        "attempt": 1,
    }
    assert body["entities"] == []


async def test_the_same_tag_means_the_same_durable_body(api: Api, alice: Caller) -> None:
    address = await submit(alice, count=2)
    first = await alice.http.get(address)

    unchanged = await alice.http.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert unchanged.status_code == 304
    assert unchanged.content == b""
    assert unchanged.headers["ETag"] == first.headers["ETag"]
    assert int(unchanged.headers["Retry-After"]) >= 1


async def test_every_step_of_a_life_has_a_tag_of_its_own_and_two_bodies_with_one_tag_are_equal(
    house: House, alice: Caller
) -> None:
    address = await submit(alice, count=3, metadata={"lesson": "A1"})
    request_id = UUID(address.rpartition("/")[2])
    seen: dict[str, Any] = {}

    async def look() -> None:
        answer = await alice.http.get(address)
        assert seen.setdefault(answer.headers["ETag"], durable(answer.json())) == durable(answer.json())

    async def claimed() -> tuple[UUID, list[Claimed]]:
        worker_id = await house.worker()
        return worker_id, list((await house.claim(worker_id)).slots)

    async def step(number: int) -> None:
        await look()
        assert len(seen) == number, f"step {number} is not told apart from the one before"
        await look()

    await step(1)
    assert (await alice.http.patch(address, json={"metadata": {"lesson": "B2"}})).status_code == 200
    await step(2)
    worker_id, slots = await claimed()
    await step(3)
    await house.settle(worker_id, generated(slots[0]))
    await step(4)
    await house.settle(worker_id, retrying(slots[1]))
    await step(5)
    await house.wait_is_over(request_id)
    await house.promote()
    await step(6)
    assert (await alice.http.post(f"{address}/cancel")).status_code == 202
    await step(7)
    await house.settle(worker_id, failed(slots[2]))
    await step(8)
    assert (await alice.http.patch(address, json={"pinned": True})).status_code == 200
    await step(9)
    assert (await alice.http.post(f"{address}/retry", json={})).status_code == 202
    await step(10)
    worker_id, slots = await claimed()
    await house.kill(worker_id)
    await house.rescue()
    await step(11)


@pytest.mark.breaks_invariants
async def test_a_change_gives_a_new_tag_and_a_whole_body(api: Api, alice: Caller) -> None:
    address = await submit(alice, count=1)
    before = await alice.http.get(address)
    await change(api, "UPDATE generation_requests SET version = version + 1")

    after = await alice.http.get(address, headers={"If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    listed = await alice.http.get(address, headers={"If-None-Match": f'W/"other", {after.headers["ETag"]}'})
    assert listed.status_code == 304


async def test_a_finished_one_that_did_not_change_gives_no_hint(alice: Caller, worker: None) -> None:
    address = await submit(alice)
    await finished(alice, address)
    tag = (await alice.http.get(address)).headers["ETag"]

    answer = await alice.http.get(address, headers={"If-None-Match": tag})

    assert answer.status_code == 304
    assert "Retry-After" not in answer.headers


async def test_the_hint_grows_with_the_wait_and_never_leaves_its_bounds(api: Api, alice: Caller) -> None:
    address = await submit(alice)
    await change(api, "UPDATE generation_requests SET run_requested_at = now() - interval '20 seconds'")
    waited_20_s = (await alice.http.get(address)).json()["poll_after_ms"]
    await change(api, "UPDATE generation_requests SET run_requested_at = now() - interval '1 hour'")
    waited_1_h = (await alice.http.get(address)).json()["poll_after_ms"]

    assert 10_000 <= waited_20_s <= 11_500
    assert 30_000 <= waited_1_h <= 33_000


@pytest.mark.parametrize("address", ["/generation-requests/{id}", "/problems/{id}"])
@pytest.mark.parametrize("identity", ["unknown", "malformed", "foreign"])
async def test_what_is_not_yours_is_not_there(
    api: Api, alice: Caller, worker: None, address: str, identity: str
) -> None:
    bob = await api.owner()
    body = await finished(bob, await submit(bob))
    own = body["request_id"] if "requests" in address else body["entities"][0]["id"]
    wanted = {"unknown": str(uuid4()), "malformed": "%00nonsense", "foreign": own}[identity]

    answer = await alice.http.get(address.format(id=wanted))
    conditional = await alice.http.get(address.format(id=wanted), headers={"If-None-Match": "*"})

    assert (answer.status_code, conditional.status_code) == (404, 404)
    assert answer.json()["code"] == "not_found"
    assert (await bob.http.get(address.format(id=own))).status_code == 200


async def test_who_knows_the_tag_of_anothers_learns_nothing_by_it(api: Api, alice: Caller) -> None:
    address = await submit(alice)
    tag = (await alice.http.get(address)).headers["ETag"]
    other = await api.owner()

    assert (await other.http.get(address, headers={"If-None-Match": tag})).status_code == 404


async def test_an_entity_outlives_its_generation_request(api: Api, alice: Caller, worker: None) -> None:
    body = await finished(alice, await submit(alice))
    await change(
        api,
        "DELETE FROM slots; DELETE FROM slot_attempts; DELETE FROM generation_events; DELETE FROM generation_requests",
    )

    entity = (await alice.http.get(f"/problems/{body['entities'][0]['id']}")).json()

    assert entity == body["entities"][0] | {"generation_request_id": None}


async def test_metadata_comes_back_as_it_was_sent(alice: Caller) -> None:
    metadata = {"émoji": "🦊", "quotes": "\"'\\", "empty": "", "newline": "a\nb"}
    address = await submit(alice, metadata=metadata)

    assert json.loads((await alice.http.get(address)).content)["metadata"] == metadata


async def test_who_waits_in_the_queue_is_told_where_and_how_long(api: Api, house: House, alice: Caller) -> None:
    """One worker of 10 places, attempts of 4 s; 20 slots of a stranger take turns with the five."""
    before, worker_id, slots = await house.claimed(5)
    took = [replace(one, report=replace(one.report, duration_ms=4000)) for one in map(generated, slots)]
    await house.settle(worker_id, *took)
    bob = await api.owner()
    for _ in range(2):
        await bob.http.post("/problems/generate", json={"count": 10, "priority": "high"})
    address = await submit(alice, count=5)

    body = (await alice.http.get(address)).json()

    schemas.GenerationRequest.model_validate(body, strict=False)
    told = body["progress"]
    assert (told["percent"], told["phase"], body["health"]) == (0, "queued", "on_track")
    assert told["queue_position"] in (2, 5, 10, 20), "they take turns by their weights"
    assert told["eta_seconds"] == 8, "two turns of ten places"
    assert told["basis"] == {"sample_size": 5, "slot_p50_ms": 5000}
    done = (await alice.http.get(f"/generation-requests/{before}")).json()
    assert (done["progress"]["percent"], done["progress"]["eta_seconds"], done["health"]) == (100, None, "on_track")


async def test_with_nobody_at_work_it_is_stalled_and_nothing_is_guessed(alice: Caller) -> None:
    body = (await alice.http.get(await submit(alice))).json()

    assert body["health"] == "stalled"
    assert body["progress"] | {"as_of": None} == {
        "percent": 0, "phase": "queued", "queue_position": 1, "eta_seconds": None, "basis": None, "as_of": None,
    }  # fmt: skip


async def test_what_is_foreseen_changes_without_the_version_and_its_tag(house: House, alice: Caller) -> None:
    address = await submit(alice)
    first = await alice.http.get(address)
    await house.worker()
    second = await alice.http.get(address)

    assert (first.json()["health"], second.json()["health"]) == ("stalled", "on_track")
    assert first.headers["ETag"] == second.headers["ETag"]
    unchanged = await alice.http.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304
