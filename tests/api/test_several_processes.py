"""Promises that hold whichever process answers, whatever its settings, and with no worker alive."""

from functools import partial
from typing import Any
from uuid import UUID

from lqs.domain.entity_type import Generated, GenerationFailure, GenerationOrder
from lqs.domain.slot_errors import SlotErrorCode
from shift import Hand, at_work

from .conftest import Api, Caller, durable

"""What a body may say differently from one moment to the next; a weak ETag allows that."""


async def submitted(caller: Caller, **body: Any) -> str:
    answer = await caller.http.post("/problems/generate", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


async def never(_order: GenerationOrder) -> Generated:
    raise GenerationFailure(SlotErrorCode.PROVIDER_UNAVAILABLE)


async def done(caller: Caller, address: str) -> bool:
    return bool((await caller.http.get(address)).json()["done"])


async def test_processes_with_other_settings_answer_the_same_body_under_the_same_etag(
    api: Api, alice: Caller, other_api
) -> None:
    address = await submitted(alice, count=2)
    async with other_api(max_attempts=7, slot_timeout_seconds=5, request_overhead_seconds=1) as other:
        bob = await other.caller(alice.owner_id)
        one, two = await alice.http.get(address), await bob.http.get(address)
        assert one.headers["ETag"] == two.headers["ETag"]
        assert durable(one.json()) == durable(two.json())
        assert {slot["max_attempts"] for slot in two.json()["slots"]} == {api.settings.max_attempts}
        unchanged = await bob.http.get(address, headers={"If-None-Match": one.headers["ETag"]})
        assert unchanged.status_code == 304


async def test_a_worker_grants_as_many_attempts_as_the_generation_request_was_promised(
    api: Api, alice: Caller, other_api, eventually
) -> None:
    """The worker's own setting is another one."""
    async with other_api(max_attempts=2) as other:
        address = await submitted(await other.caller(alice.owner_id))
        generous = await submitted(alice)
        async with at_work(api.settings.database_url or "", Hand.opened(never), max_attempts=1):
            await eventually(partial(done, alice, address))
            await eventually(partial(done, alice, generous))
    for where, attempts in ((address, 2), (generous, api.settings.max_attempts)):
        [slot] = (await alice.http.get(where)).json()["slots"]
        assert (slot["status"], slot["attempts"], slot["max_attempts"]) == ("failed", attempts, attempts)


async def test_a_deadline_is_kept_while_no_worker_is_alive(api: Api, alice: Caller, other_api, eventually) -> None:
    """The process of the API sees to it itself."""
    address = await submitted(alice, count=3)
    request_id = UUID(address.rpartition("/")[2])
    assert (await alice.http.get("/health/ready")).json()["workers_alive"] == 0
    async with api.database.acquire() as connection:
        await connection.execute(
            "UPDATE generation_requests SET deadline_at = lqs_now(), requested_at = requested_at - interval '1 hour'"
            " WHERE id = $1",
            request_id,
        )
    async with other_api(housekeeping_seconds=0.05):
        await eventually(partial(done, alice, address), seconds=30)
    body = (await alice.http.get(address)).json()
    assert (body["status"], body["end_reason"]) == ("failed", "deadline_exceeded")
    assert {slot["error"]["code"] for slot in body["slots"]} == {"deadline_exceeded"}
