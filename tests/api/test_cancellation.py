"""`POST /generation-requests/{id}/cancel` and `DELETE`: the same wish, the same answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from lqs.api import schemas

from .conftest import Api, Caller, at_work, durable
from .test_generation_requests import finished, submit

HOUR = {"generator": "simulated", "simulated_latency_seconds": 3600, "simulated_latency_sigma": 0}
QUICK = {"heartbeat_seconds": 0.1, "housekeeping_seconds": 0.1, "poll_seconds": 0.1}
WAYS = ["DELETE", "POST"]


async def cancel(caller: Caller, address: str, way: str, **body: Any) -> httpx.Response:
    """By DELETE, or by POST with this body."""
    if way == "DELETE":
        return await caller.http.delete(address)
    return await caller.http.post(f"{address}/cancel", json=body)


@asynccontextmanager
async def hung_worker(api: Api, **settings: Any) -> AsyncIterator[None]:
    """A worker whose provider answers in an hour."""
    changed = api.settings.model_copy(update={**HOUR, **QUICK, **settings})
    async with at_work(replace(api, settings=changed)):
        yield


async def begun(caller: Caller, address: str, count: int) -> dict[str, Any]:
    """Wait until so many calls are in flight; pytest's own time limit ends a wait that never ends."""
    while True:
        body: dict[str, Any] = (await caller.http.get(address)).json()
        if body["counts"]["processing"] == count:
            return body
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", WAYS)
async def test_with_nothing_in_flight_it_is_cancelled_at_once(alice: Caller, way: str) -> None:
    address = await submit(alice, count=3)

    answer = await cancel(alice, address, way)

    body = answer.json()
    schemas.GenerationRequest.model_validate_json(answer.content)
    assert (answer.status_code, body["status"], body["done"]) == (200, "cancelled", True)
    assert (body["end_reason"], body["cancel"]["outcome"]) == ("cancelled", "cancelled")
    assert (body["counts"]["cancelled"], body["links"]["cancel"]) == (3, None)
    assert "Retry-After" not in answer.headers
    read = await alice.http.get(address)
    assert (durable(read.json()), read.headers["ETag"]) == (durable(body), answer.headers["ETag"])


@pytest.mark.parametrize("way", WAYS)
async def test_with_calls_in_flight_it_tells_by_when_they_end_and_says_the_same_again(
    api: Api, alice: Caller, way: str
) -> None:
    async with hung_worker(api, graceful_stop_seconds=0.1):
        address = await submit(alice, count=3, slot_timeout_seconds=30)
        await begun(alice, address, 3)
        first = await cancel(alice, address, way)
        again = await cancel(alice, address, way)
        other = await cancel(alice, address, "POST" if way == "DELETE" else "DELETE")

    schemas.GenerationRequest.model_validate_json(first.content)
    body = first.json()
    assert (first.status_code, body["status"], body["done"]) == (202, "cancelling", False)
    assert (body["cancel"]["mode"], body["cancel"]["outcome"]) == ("graceful", "pending")
    asked, settles_by = (datetime.fromisoformat(body["cancel"][name]) for name in ("requested_at", "settles_by"))
    assert (settles_by - asked).total_seconds() == 45
    assert int(first.headers["Retry-After"]) >= 1
    assert body["links"]["cancel"] == f"{address}/cancel"
    for same in (again, other):
        assert (same.status_code, same.headers["ETag"]) == (202, first.headers["ETag"])
        assert durable(same.json()) == durable(body)


async def test_an_abort_answers_200_cancelled_and_interrupts_the_calls(
    api: Api, alice: Caller, eventually: Callable[..., Awaitable[None]]
) -> None:
    async with hung_worker(api):
        address = await submit(alice, count=3)
        await begun(alice, address, 3)
        graceful = await cancel(alice, address, "DELETE")
        aborted = await cancel(alice, address, "POST", mode="abort", reason="wrong lesson")
        again = await cancel(alice, address, "POST", mode="graceful", reason="another")
        await eventually(lambda: _in_flight(api), equals=0, seconds=30)

    assert (graceful.status_code, aborted.status_code) == (202, 200)
    body = aborted.json()
    assert (body["status"], body["counts"]["cancelled"]) == ("cancelled", 3)
    assert (body["cancel"]["mode"], body["cancel"]["reason"]) == ("abort", "wrong lesson")
    assert again.json() == body


async def _in_flight(api: Api) -> int:
    async with api.database.acquire() as connection:
        return int(await connection.fetchval("SELECT sum(in_flight) FROM workers"))


async def test_settles_by_is_kept_with_a_hung_provider_and_no_help_of_its_worker(
    api: Api, other_api: Any, alice: Caller
) -> None:
    """The worker does not look after anything; the APIs alone end what it holds, early by at most two rounds."""
    async with hung_worker(api, housekeeping_seconds=3600), other_api(**QUICK):
        address = await submit(alice, count=2, timeout_seconds=6)
        await begun(alice, address, 2)
        told = (await cancel(alice, address, "DELETE")).json()["cancel"]
        body = await finished(alice, address)

    assert (body["status"], body["counts"]["cancelled"], body["cancel"]["outcome"]) == ("cancelled", 2, "cancelled")
    late = datetime.fromisoformat(body["completed_at"]) - datetime.fromisoformat(told["settles_by"])
    assert -2 * api.settings.housekeeping_seconds - 0.5 < late.total_seconds() < 2


async def test_the_api_alone_gives_up_what_nobody_starts(other_api: Any, alice: Caller) -> None:
    async with other_api(**QUICK):
        body = await finished(alice, await submit(alice, count=2, start_within_seconds=1))

    assert (body["status"], body["end_reason"]) == ("failed", "start_deadline_exceeded")
    assert (body["cost"]["total_microusd"], body["start_deadline_at"] <= body["completed_at"]) == (0, True)


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_done_stays_as_it_is_and_the_wish_came_too_late(alice: Caller, worker: None, way: str) -> None:
    address = await submit(alice, count=2)
    done = await finished(alice, address)

    first, again = await cancel(alice, address, way), await cancel(alice, address, way)

    schemas.GenerationRequest.model_validate_json(first.content)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    told = first.json()["cancel"]
    assert told == {
        "mode": "graceful", "reason": None, "requested_at": None, "settles_by": None, "outcome": "too_late",
    }  # fmt: skip
    assert first.json() == durable(done) | {"cancel": told}
    assert (await alice.http.get(address)).json() == done


async def test_a_delete_that_races_completion_never_loses_an_entity(alice: Caller, worker: None) -> None:
    """Whatever the answer says was made can be read, now and later, and nothing else was made."""
    outcomes = set()
    for looks in [0, 1, 2, 3] * 5:
        address = await submit(alice, count=4)
        for _ in range(looks):
            await alice.http.get(address)
        answer = await alice.http.delete(address)
        body = await finished(alice, address)
        outcomes.add(body["status"])
        assert answer.status_code == (200 if answer.json()["done"] else 202)
        assert body["generated_count"] == len(body["entities"]) >= answer.json()["generated_count"]
        assert body["generated_count"] + body["counts"]["cancelled"] == 4
        for entity in body["entities"]:
            assert (await alice.http.get(f"/problems/{entity['id']}")).json() == entity
    assert outcomes <= {"completed", "cancelled"}


@pytest.mark.parametrize("way", WAYS)
async def test_a_version_that_has_passed_is_a_412_and_changes_nothing(api: Api, alice: Caller, way: str) -> None:
    address = await submit(alice, count=1)

    async def ask(version: int) -> httpx.Response:
        if way == "DELETE":
            return await alice.http.delete(address, params={"if_version": version})
        return await alice.http.post(f"{address}/cancel", json={"if_version": version})

    wrong, right = await ask(7), await ask(1)

    assert (wrong.status_code, wrong.json()["code"]) == (412, "version_mismatch")
    assert "It has version 1, not 7." in wrong.json()["detail"]
    assert wrong.json()["retryable"] is False
    assert (right.status_code, right.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match", "If-Unmodified-Since"])
@pytest.mark.parametrize(
    ("method", "below", "body"),
    [("DELETE", "", None), ("POST", "/cancel", {}), ("POST", "/retry", {}), ("PATCH", "", {"pinned": True})],
)
async def test_a_condition_in_a_header_is_not_passed_over(
    alice: Caller, method: str, below: str, body: dict[str, Any] | None, header: str
) -> None:
    """Nobody evaluates it, so what it guards must not be done."""
    address = await submit(alice)
    before = (await alice.http.get(address)).json()
    answer = await alice.http.request(method, address + below, json=body, headers={header: '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_refused")
    assert (answer.json()["parameter"], "if_version" in answer.json()["detail"]) == (header, True)
    assert (await alice.http.get(address)).json()["version"] == before["version"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("identity", ["unknown", "malformed", "foreign"])
async def test_what_is_not_yours_is_not_there_and_goes_on(api: Api, alice: Caller, way: str, identity: str) -> None:
    bob = await api.owner()
    own = await submit(bob)
    wanted = {"unknown": str(uuid4()), "malformed": "nonsense", "foreign": own.rpartition("/")[2]}[identity]

    answer = await cancel(alice, f"/generation-requests/{wanted}", way)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await bob.http.get(own)).json()["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"mode": "quickly"}, "/mode"),
        ({"mode": None}, "/mode"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"reason": 5}, "/reason"),
        ({"reason": "a\x00b"}, "/reason"),
        ({"if_version": 0}, "/if_version"),
        ({"if_version": 2**63}, "/if_version"),
        ({"if_version": "1"}, "/if_version"),
        ({"modus": "abort"}, "/modus"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_and_nothing_happens(
    alice: Caller, body: dict[str, Any], pointer: str
) -> None:
    address = await submit(alice)

    answer = await cancel(alice, address, "POST", **body)

    assert (answer.status_code, answer.json()["code"]) == (422, "body_refused")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await alice.http.get(address)).json()["status"] == "pending"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("if_version=x", 422, "parameter_refused"),
        ("if_version=0", 422, "parameter_refused"),
        ("if_version=9223372036854775808", 422, "parameter_refused"),
        ("if_version=1&if_version=2", 422, "parameter_refused"),
        ("mode=abort", 400, "parameter_unknown"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_and_nothing_happens(
    alice: Caller, query: str, status: int, code: str
) -> None:
    address = await submit(alice)

    answer = await alice.http.delete(f"{address}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await alice.http.get(address)).json()["status"] == "pending"


async def test_a_cancellation_without_a_body_is_graceful(alice: Caller) -> None:
    address = await submit(alice)

    answer = await alice.http.post(f"{address}/cancel")

    assert (answer.status_code, answer.json()["cancel"]["mode"]) == (200, "graceful")
