"""Rates, quotas and a full queue: refused before anything is stored, with what is left and when to come back."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from house import House, generated
from lqs.api import schemas

from .conftest import Api, Caller

Other = Callable[..., AbstractAsyncContextManager[Api]]


async def test_beyond_its_rate_an_owner_is_told_when_to_come_back_and_its_key_stays_free(
    other_api: Other, alice: Caller, house: House
) -> None:
    async with other_api(rate_create_per_minute=3) as api:
        caller, stranger = await api.caller(alice.owner_id), await api.owner()
        answers = [await caller.http.post("/problems/generate", headers={"Idempotency-Key": str(n)}) for n in range(4)]
        refused = answers.pop()
        listed = await caller.http.get("/generation-requests")
        other = await stranger.http.post("/problems/generate")
        used = await house.rows("SELECT key FROM idempotency_keys ORDER BY key")

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert [answer.headers["RateLimit"].split(";t=")[0] for answer in answers] == [
        '"create";r=2', '"create";r=1', '"create";r=0',
    ]  # fmt: skip
    assert answers[0].headers["RateLimit-Policy"] == '"create";q=3;w=60'
    body = refused.json()
    assert (refused.status_code, body["code"], body["retryable"]) == (429, "rate_limited", True)
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert refused.headers["RateLimit"].startswith('"create";r=0')
    assert [row["key"] for row in used] == ["0", "1", "2"]
    assert (listed.status_code, "RateLimit" in listed.headers, other.status_code) == (200, False, 202)


async def test_an_unchanged_answer_does_not_count(other_api: Other, alice: Caller) -> None:
    address = (await alice.http.post("/problems/generate")).headers["Location"]
    async with other_api(rate_read_per_minute=2) as api:
        caller = await api.caller(alice.owner_id)
        known = {"If-None-Match": (await caller.http.get(address)).headers["ETag"]}
        unchanged = [await caller.http.get(address, headers=known) for _ in range(5)]
        last, beyond = await caller.http.get(address), await caller.http.get(address)

    assert {answer.status_code for answer in unchanged} == {304}
    assert {answer.headers["RateLimit"].split(";t=")[0] for answer in unchanged} == {'"read";r=1'}
    assert (last.status_code, beyond.status_code) == (200, 429)


async def test_a_cancellation_is_never_kept_out_by_the_rate_of_what_makes_work(other_api: Other, alice: Caller) -> None:
    async with other_api(rate_create_per_minute=1) as api:
        caller = await api.caller(alice.owner_id)
        address = (await caller.http.post("/problems/generate")).headers["Location"]
        assert (await caller.http.post("/problems/generate")).status_code == 429
        assert (await caller.http.delete(address)).json()["status"] == "cancelled"


async def test_an_owner_has_exactly_as_much_under_way_as_it_may_however_many_ask_at_once(
    other_api: Other, alice: Caller, house: House
) -> None:
    """Through two processes; a repetition of what was accepted is no more of it."""
    async with other_api(active_requests_per_owner=5) as one, other_api(active_requests_per_owner=5) as other:
        callers = [await one.caller(alice.owner_id), await other.caller(alice.owner_id)]
        asking = [
            callers[n % 2].http.post("/problems/generate", headers={"Idempotency-Key": f"k{n}"}) for n in range(40)
        ]
        answers = await asyncio.gather(*asking)
        keys = [f"k{n}" for n, answer in enumerate(answers) if answer.status_code == 202]
        again = await callers[0].http.post("/problems/generate", headers={"Idempotency-Key": keys[0]})
        worker_id = await house.worker()
        await house.settle(worker_id, *map(generated, (await house.claim(worker_id, batch=1)).slots))
        free = next(f"k{n}" for n, answer in enumerate(answers) if answer.status_code == 429)
        room = await callers[1].http.post("/problems/generate", headers={"Idempotency-Key": free})
        told = (await callers[0].http.get("/limits")).json()

    refused = [answer for answer in answers if answer.status_code != 202]
    assert (len(keys), len(refused)) == (5, 35)
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(429, "active_quota_exceeded")}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert (room.status_code, room.headers["Idempotent-Replayed"]) == (202, "false")
    assert told["active_requests"] == {"limit": 5, "used": 5}


async def test_twins_in_one_commit_are_refused_together(other_api: Other, alice: Caller) -> None:
    async with other_api(active_requests_per_owner=1) as api:
        caller = await api.caller(alice.owner_id)
        assert (await caller.http.post("/problems/generate")).status_code == 202
        twins = [caller.http.post("/problems/generate", headers={"Idempotency-Key": "twin"}) for _ in range(10)]
        assert {answer.status_code for answer in await asyncio.gather(*twins)} == {429}


async def test_a_full_queue_lets_nothing_in_and_stores_nothing(other_api: Other, alice: Caller, house: House) -> None:
    await alice.http.post("/problems/generate", json={"count": 4}, headers={"Idempotency-Key": "before"})
    async with other_api(queue_limit_slots=4) as api:
        caller = await api.caller(alice.owner_id)
        refused = await caller.http.post("/problems/generate", headers={"Idempotency-Key": "beyond"})
        again = await caller.http.post("/problems/generate", json={"count": 4}, headers={"Idempotency-Key": "before"})
    assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
    assert (refused.json()["retryable"], refused.headers["Retry-After"]) == (True, "5")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert len(await house.rows("SELECT FROM generation_requests")) == 1
    assert [row["key"] for row in await house.rows("SELECT key FROM idempotency_keys")] == ["before"]


@pytest.mark.parametrize("limited", [True, False])
async def test_what_may_be_done_is_told(other_api: Other, alice: Caller, limited: bool) -> None:
    settings: dict[str, Any] = {"rate_create_per_minute": 60, "active_requests_per_owner": 7} if limited else {}
    async with other_api(**settings) as api:
        caller = await api.caller(alice.owner_id)
        await caller.http.post("/problems/generate")
        answer = await caller.http.get("/limits")

    told = schemas.Limits.model_validate_json(answer.content)
    assert told.rates == {"create": told.rates["create"], "read": None}
    if told.rates["create"] is not None:
        assert (told.rates["create"].limit, told.rates["create"].remaining) == (60, 59)
    assert (told.rates["create"] is not None) == limited
    assert (told.active_requests.limit, told.active_requests.used) == (7 if limited else None, 1)
    assert (told.entities_per_request, told.body_bytes) == (10, 65_536)
