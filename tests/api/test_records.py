"""Keeping, changing and erasing a record: `PATCH`, `?purge=true`, and what is told of one that is gone."""

from typing import Any
from uuid import uuid4

import pytest

from lqs.api import schemas
from lqs.domain.api_key import Scope

from .conftest import Api, Caller
from .test_generation_requests import change, finished, submit


async def purged(caller: Caller) -> str:
    """The address of a generation request that was completed and then purged."""
    address = await submit(caller, count=2)
    await finished(caller, address)
    assert (await caller.http.delete(f"{address}?purge=true")).status_code == 204
    return address


async def test_a_purge_leaves_the_entities_and_answers_410_with_the_counts_from_then_on(
    alice: Caller, worker: None
) -> None:
    address = await submit(alice, count=2)
    before = await finished(alice, address)

    erased = await alice.http.delete(f"{address}?purge=true")

    assert (erased.status_code, erased.content) == (204, b"")
    etag = f'W/"{before["request_id"]}.{before["version"]}"'
    for headers in ({}, {"If-None-Match": etag}, {"If-None-Match": "*"}):
        gone = await alice.http.get(address, headers=headers)
        schemas.Error.model_validate_json(gone.content)
        assert (gone.status_code, gone.json()["code"]) == (410, "generation_request_purged")
        assert gone.json()["status_at_end"] == "completed"
        assert gone.json()["counts"] == before["counts"]
        assert gone.json()["purged_at"].endswith("Z")
        assert gone.json()["retryable"] is False
    for entity in before["entities"]:
        kept = await alice.http.get(f"/problems/{entity['id']}")
        assert (kept.status_code, kept.json()) == (200, entity | {"generation_request_id": None})


CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"pinned": True}),
    ("PATCH", "", {"priority": "low"}),
    ("DELETE", "?purge=true", None),
    ("DELETE", "", None),
    ("POST", "/cancel", {"mode": "abort"}),
    ("POST", "/retry", {}),
    ("GET", "/runs", None),
    ("GET", "/slots/0", None),
]


@pytest.mark.parametrize(("method", "rest", "body"), CALLS)
async def test_every_address_of_what_was_purged_says_so_to_its_owner_and_nothing_to_others(
    api: Api, alice: Caller, worker: None, method: str, rest: str, body: Any
) -> None:
    address, bob = await purged(alice), await api.owner()

    own = await alice.http.request(method, address + rest, json=body)
    foreign = await bob.http.request(method, address + rest, json=body)
    unknown = await bob.http.request(method, f"/generation-requests/{uuid4()}{rest}", json=body)

    assert (own.status_code, own.json()["code"]) == (410, "generation_request_purged")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["detail"] == unknown.json()["detail"]


async def test_the_key_of_what_was_purged_makes_it_no_second_time(alice: Caller, worker: None) -> None:
    key, body = {"Idempotency-Key": "lesson-1"}, {"count": 2}
    address = (await alice.http.post("/problems/generate", json=body, headers=key)).headers["Location"]
    await finished(alice, address)
    assert (await alice.http.delete(f"{address}?purge=true")).status_code == 204

    for sent in (body, {"count": 3}):
        again = await alice.http.post("/problems/generate", json=sent, headers=key)
        assert (again.status_code, again.json()["code"]) == (410, "idempotency_key_expired")
    found = await alice.http.get("/generation-requests?idempotency_key=lesson-1")
    assert (found.status_code, found.json()["code"]) == (410, "idempotency_key_expired")


async def test_a_forgotten_one_is_as_unknown_as_any(api: Api, alice: Caller, worker: None) -> None:
    address = await purged(alice)
    await change(api, "DELETE FROM tombstones")

    assert (await alice.http.get(address)).status_code == 404


async def test_what_is_not_done_or_pinned_is_not_purged(alice: Caller) -> None:
    address = await submit(alice)

    running = await alice.http.delete(f"{address}?purge=true")

    assert (running.status_code, running.json()["code"]) == (409, "generation_request_not_done")
    assert (await alice.http.get(address)).json()["status"] == "pending"


async def test_nobody_purges_what_belongs_to_another(api: Api, alice: Caller, worker: None) -> None:
    address = await submit(alice)
    await finished(alice, address)
    other = await api.owner()

    refused = await other.http.delete(f"{address}?purge=true")

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await alice.http.get(address)).status_code == 200


async def test_a_purge_of_a_version_that_has_passed_is_a_412_and_erases_nothing(alice: Caller, worker: None) -> None:
    address = await submit(alice)
    version = (await finished(alice, address))["version"]

    refused = await alice.http.delete(f"{address}?purge=true&if_version={version - 1}")

    assert (refused.status_code, refused.json()["code"]) == (412, "version_mismatch")
    assert refused.json()["current_version"] == version
    assert (await alice.http.get(address)).status_code == 200
    assert (await alice.http.delete(f"{address}?purge=true&if_version={version}")).status_code == 204


async def test_what_is_pinned_is_purged_only_when_it_is_unpinned(alice: Caller, worker: None) -> None:
    address = await submit(alice)
    await finished(alice, address)

    pinned = await alice.http.patch(address, json={"pinned": True})
    refused = await alice.http.delete(f"{address}?purge=true")
    unpinned = await alice.http.patch(address, json={"pinned": False})

    assert (pinned.json()["pinned"], pinned.json()["expires_at"]) == (True, None)
    assert (refused.status_code, refused.json()["code"]) == (409, "generation_request_pinned")
    assert unpinned.json()["expires_at"] is not None
    assert (await alice.http.delete(f"{address}?purge=true")).status_code == 204


async def test_a_change_answers_with_the_whole_as_it_is_now(alice: Caller) -> None:
    address = await submit(alice, count=2, metadata={"lesson": "A1", "draft": "yes"})

    answer = await alice.http.patch(
        address, json={"metadata": {"lesson": "A2", "draft": None}, "priority": "low", "if_version": 1}
    )

    body = answer.json()
    schemas.GenerationRequest.model_validate_json(answer.content)
    assert (body["metadata"], body["priority"], body["version"]) == ({"lesson": "A2"}, "low", 2)
    assert answer.headers["ETag"] == f'W/"{body["request_id"]}.2"'
    read = await alice.http.get(address, headers={"If-None-Match": f'W/"{body["request_id"]}.1"'})
    assert (read.status_code, read.json()["metadata"]) == (200, {"lesson": "A2"})


async def test_another_version_is_a_412_that_names_the_current_one(alice: Caller) -> None:
    address = await submit(alice)

    answer = await alice.http.patch(address, json={"pinned": True, "if_version": 3})

    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")
    assert answer.json()["current_version"] == 1


async def test_the_priority_of_what_is_done_is_a_409(alice: Caller, worker: None) -> None:
    address = await submit(alice)
    await finished(alice, address)

    answer = await alice.http.patch(address, json={"priority": "low"})

    assert (answer.status_code, answer.json()["code"]) == (409, "priority_fixed")


async def test_high_priority_needs_its_scope(api: Api, alice: Caller) -> None:
    address = await submit(alice)
    writer = await api.caller(alice.owner_id, Scope.WRITE)

    refused = await writer.http.patch(address, json={"priority": "high"})

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert (await writer.http.patch(address, json={"priority": "low"})).status_code == 200
    assert (await alice.http.patch(address, json={"priority": "high"})).json()["priority"] == "high"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"if_version": 1}, ""),
        ({"priority": None}, ""),
        ({"priority": "urgent"}, "/priority"),
        ({"pinned": "yes"}, "/pinned"),
        ({"metadata": {"": "x"}}, "/metadata/"),
        ({"metadata": {"a": "x" * 513}}, "/metadata/a"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "/metadata"),
        ({"pinned": True, "if_version": 0}, "/if_version"),
        ({"pinned": True, "status": "completed"}, "/status"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused_at_its_place(
    alice: Caller, body: dict[str, Any], pointer: str
) -> None:
    address = await submit(alice)

    answer = await alice.http.patch(address, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "body_refused")
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await alice.http.get(address)).json()["version"] == 1


async def test_a_worker_purges_by_itself_what_is_past_its_time(api: Api, alice: Caller, worker: None) -> None:
    address = await submit(alice)
    body = await finished(alice, address)
    assert body["expires_at"] > body["completed_at"]
    await change(api, "UPDATE generation_requests SET expires_at = lqs_now()")

    while (answer := await alice.http.get(address)).status_code == 200:
        assert answer.json()["done"]
    assert answer.status_code == 410
