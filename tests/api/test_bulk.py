"""Bulk operations over HTTP: what is taken, what is refused, who sees what."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from lqs.api import schemas
from lqs.domain.api_key import Scope

from .conftest import Api, Caller
from .test_generation_requests import finished, submit

BULK = "/generation-requests/bulk"


async def completed(caller: Caller, address: str) -> dict[str, Any]:
    """Poll until it is done; pytest's own time limit ends a wait that never ends."""
    while True:
        body: dict[str, Any] = (await caller.http.get(address)).json()
        assert body["matched"] == body["changed"] + body["skipped"]
        if body["done"]:
            return body
        await asyncio.sleep(0.01)


async def test_it_is_accepted_goes_on_by_itself_and_tells_how_far_it_came(alice: Caller, worker: None) -> None:
    addresses = [await submit(alice, metadata={"lesson": lesson}) for lesson in ("A1", "A1", "B1")]
    for address in addresses:
        await finished(alice, address)

    answer = await alice.http.post(BULK, json={"action": "purge", "filter": {"metadata": {"lesson": "A1"}}})

    schemas.BulkOperation.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.headers["Location"] == answer.json()["links"]["self"]
    assert answer.headers["Retry-After"] == "1"
    ended = await completed(alice, answer.headers["Location"])
    assert (ended["status"], ended["matched"], ended["changed"], ended["skipped"]) == ("completed", 2, 2, 0)
    assert ended["filter"] == {"metadata": {"lesson": "A1"}}
    assert "poll_after_ms" not in ended
    assert [(await alice.http.get(address)).status_code for address in addresses] == [410, 410, 200]


async def test_the_api_alone_works_it_off_when_no_worker_lives(api: Api, alice: Caller) -> None:
    answer = await alice.http.post(BULK, json={"action": "purge", "filter": {"entity_type": "problem"}})

    assert (await completed(alice, answer.headers["Location"]))["matched"] == 0


async def test_a_dry_run_says_how_many_and_changes_nothing(alice: Caller, worker: None) -> None:
    addresses = [await submit(alice) for _ in range(7)]
    bodies = [await finished(alice, address) for address in addresses]

    answer = await alice.http.post(
        BULK, json={"action": "purge", "filter": {"older_than_seconds": 0, "status": ["completed"]}, "dry_run": True}
    )

    schemas.BulkPreview.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["matched"]) == (200, 7)
    assert answer.json()["sample_request_ids"] == sorted(body["request_id"] for body in bodies)[:5]
    assert answer.json()["filter"]["aged_before"].endswith("Z")
    assert [(await alice.http.get(address)).json() for address in addresses] == bodies


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"filter": {"metadata": {"a": "1", "b": "2"}}}, {"filter": {"metadata": {"b": "2", "a": "1"}}}),
        ({"filter": {"status": ["failed", "partial"]}}, {"filter": {"status": ["partial", "failed"]}}),
        (
            {"filter": {"requested_after": "2026-01-31T12:00:00Z"}},
            {"filter": {"requested_after": "2026-01-31T13:00:00+01:00"}},
        ),
        ({"filter": {"status": ["pending"]}}, {"filter": {"status": ["pending"]}, "mode": "graceful", "scope": "own"}),
        (
            {"action": "retry", "filter": {"status": ["failed"]}, "slots": "failed"},
            {"action": "retry", "filter": {"status": ["failed"]}},
        ),
    ],
)
async def test_the_same_wish_in_other_words_is_a_repetition(
    alice: Caller, first: dict[str, Any], again: dict[str, Any]
) -> None:
    answers = [
        await alice.http.post(BULK, json={"action": "cancel"} | body, headers={"Idempotency-Key": "k"})
        for body in (first, again)
    ]

    assert [answer.status_code for answer in answers] == [202, 202], answers[1].text
    assert answers[0].json()["bulk_id"] == answers[1].json()["bulk_id"]


async def test_a_repetition_with_the_same_key_begins_nothing_new(alice: Caller) -> None:
    body, key = {"action": "purge", "filter": {"status": ["failed"]}}, {"Idempotency-Key": "tidy-up"}

    first = await alice.http.post(BULK, json=body, headers=key)
    again = await alice.http.post(BULK, json=body, headers=key)
    other = await alice.http.post(BULK, json=body | {"action": "retry"}, headers=key)

    schemas.BulkOperation.model_validate_json(first.content)
    assert [answer.headers["Idempotent-Replayed"] for answer in (first, again)] == ["false", "true"]
    assert first.json()["bulk_id"] == again.json()["bulk_id"]
    assert (again.status_code, again.json()["idempotency"]["replayed"]) == (202, True)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reuse")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "purge"}, "/filter"),
        ({"filter": {"status": ["failed"]}}, "/action"),
        ({"action": "purge", "filter": {}}, "/filter"),
        ({"action": "purge", "filter": {"metadata": {}, "status": []}}, "/filter"),
        ({"action": "purge", "filter": {}, "scope": "all"}, "/filter"),
        ({"action": "destroy", "filter": {"status": ["failed"]}}, "/action"),
        ({"action": "purge", "filter": {"state": "failed"}}, "/filter/state"),
        ({"action": "purge", "filter": {"status": ["finished"]}}, "/filter/status/0"),
        ({"action": "purge", "filter": {"entity_type": "poem"}}, "/filter/entity_type"),
        ({"action": "purge", "filter": {"older_than_seconds": -1}}, "/filter/older_than_seconds"),
        ({"action": "purge", "filter": {"older_than_seconds": 10**12}}, "/filter/older_than_seconds"),
        ({"action": "purge", "filter": {"requested_before": "yesterday"}}, "/filter/requested_before"),
        ({"action": "purge", "filter": {"requested_before": "2026-01-01T00:00:00"}}, "/filter/requested_before"),
        ({"action": "purge", "filter": {"completed_after": "0001-01-01T00:00:00+12:00"}}, "/filter/completed_after"),
        ({"action": "purge", "filter": {"completed_after": "9999-12-31T23:59:59-12:00"}}, "/filter/completed_after"),
        ({"action": "purge", "filter": {"status": ["failed"]}, "mode": "abort"}, "/mode"),
        ({"action": "cancel", "filter": {"status": ["pending"]}, "slots": "failed"}, "/slots"),
        ({"action": "retry", "filter": {"status": ["failed"]}, "reason": "x"}, "/reason"),
        ({"action": "retry", "filter": {"status": ["failed"]}, "slots": [1]}, "/slots"),
        ({"action": "purge", "filter": {"status": ["failed"]}, "scope": "ours"}, "/scope"),
    ],
)
async def test_what_makes_no_sense_is_refused_at_its_place(alice: Caller, body: dict[str, Any], pointer: str) -> None:
    for dry_run in (True, False):
        answer = await alice.http.post(BULK, json=body | {"dry_run": dry_run})

        assert (answer.status_code, answer.json()["code"]) == (422, "body_refused")
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_everybody_is_for_operators(api: Api, alice: Caller, worker: None) -> None:
    bob = await api.owner(Scope.READ, Scope.WRITE)
    address = await submit(bob)
    await finished(bob, address)
    everything = {"action": "purge", "filter": {"status": ["completed"]}, "scope": "all"}

    refused = await bob.http.post(BULK, json=everything)
    allowed = await alice.http.post(BULK, json=everything)

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert (await completed(alice, allowed.headers["Location"]))["changed"] == 1
    assert (await bob.http.get(address)).status_code == 410


async def test_nobody_sees_another_owners(api: Api, alice: Caller) -> None:
    bob = await api.owner()
    address = (await alice.http.post(BULK, json={"action": "purge", "filter": {"status": ["failed"]}})).headers[
        "Location"
    ]

    for unknown in (address, f"{BULK}/{uuid4()}", f"{BULK}/x"):
        answer = await bob.http.get(unknown)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await alice.http.get(address)).status_code == 200
    assert (await alice.http.get(BULK)).status_code == 405
