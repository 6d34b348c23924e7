"""Retrying by hand, its keys, its runs and its slots, over HTTP."""

import asyncio
from typing import Any

import pytest

from house import House, failed, generated
from lqs.api import schemas
from lqs.domain.api_key import Scope
from lqs.domain.slot_errors import SlotErrorCode

from .conftest import Api, Caller, done, durable, purge


async def test_a_retry_answers_202_with_the_further_run(house: House, alice: Caller) -> None:
    request_id = await done(house, 5, 1, 2, 4)

    answer = await alice.http.post(f"/generation-requests/{request_id}/retry", json={"slots": [2, 4]})

    body = answer.json()
    schemas.Restarted.model_validate_json(answer.content)
    assert answer.status_code == 202
    assert (body["request_id"], body["run"], body["status"], body["done"]) == (request_id, 2, "processing", False)
    assert (body["counts"]["pending"], body["counts"]["generated"], body["counts"]["failed"]) == (2, 2, 1)
    assert (body["generated_count"], body["failed_count"], len(body["entities"])) == (2, 1, 2)
    assert (body["idempotency"], body["links"]["retry"]) == (None, None)
    assert body["deadline_at"] > body["requested_at"]
    assert 1000 <= body["poll_after_ms"] <= 2000
    assert answer.headers["Location"] == f"/generation-requests/{request_id}"
    assert answer.headers["ETag"] == f'W/"{request_id}.{body["version"]}"'
    del body["idempotency"]
    now = (await alice.http.get(answer.headers["Location"])).json()
    assert durable(now) == durable(body)

    again = await alice.http.post(f"/generation-requests/{request_id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "generation_request_not_done")


async def test_a_further_run_goes_on_in_the_trace_of_who_asked_for_it(house: House, alice: Caller) -> None:
    first, second = (f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")
    request_id = await done(house, 2, 0, 1)
    worker_id = await house.worker()
    await house.rows("UPDATE generation_requests SET traceparent = $1, tracestate = 'a=1'", first)

    async def kept() -> tuple[str, str | None]:
        [row] = await house.rows("SELECT traceparent, tracestate FROM generation_requests")
        return row["traceparent"], row["tracestate"]

    await alice.http.post(f"/generation-requests/{request_id}/retry", json={"slots": [0]})
    assert await kept() == (first, "a=1")
    won = await house.claim(worker_id)
    await house.settle(worker_id, *map(failed, won.slots))

    headers = {"traceparent": second, "tracestate": "b=2"}
    await alice.http.post(f"/generation-requests/{request_id}/retry", json={"slots": [0]}, headers=headers)
    assert await kept() == (second, "b=2")


async def test_a_further_run_is_polled_as_often_as_a_new_one(house: House, alice: Caller) -> None:
    """However long ago the first run was."""
    request_id = await done(house, 2, 0, 1)
    await house.rows(
        "UPDATE generation_requests SET requested_at = requested_at - interval '1 day',"
        " started_at = started_at - interval '1 day', run_requested_at = run_requested_at - interval '1 day'"
    )

    answer = await alice.http.post(f"/generation-requests/{request_id}/retry")

    assert 1000 <= answer.json()["poll_after_ms"] <= 1100


async def test_nothing_to_try_again_is_told_apart_from_not_done(house: House, alice: Caller) -> None:
    request_id = await done(house, 2)

    answer = await alice.http.post(f"/generation-requests/{request_id}/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")
    assert answer.json()["retryable"] is False
    assert "slot 0 is generated" in answer.json()["detail"]


async def test_fifty_retries_with_one_key_begin_one_run(house: House, alice: Caller) -> None:
    request_id = await done(house, 3, 0, 2)

    answers = await asyncio.gather(
        *(
            alice.http.post(f"/generation-requests/{request_id}/retry", headers={"Idempotency-Key": "k"})
            for _ in range(50)
        )
    )

    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["request_id"] for answer in answers} == {request_id}
    assert {answer.json()["run"] for answer in answers} == {2}
    assert sorted(answer.headers["Idempotent-Replayed"] for answer in answers) == ["false", *["true"] * 49]
    assert sorted(answer.json()["idempotency"]["replayed"] for answer in answers) == [False, *[True] * 49]


async def test_the_same_key_with_another_retry_names_what_differs(house: House, alice: Caller) -> None:
    request_id = await done(house, 3, 0, 2)
    path = f"/generation-requests/{request_id}/retry"
    first = await alice.http.post(path, json={"slots": [0]}, headers={"Idempotency-Key": "k"})

    other = await alice.http.post(path, json={"slots": "failed", "max_attempts": 2}, headers={"Idempotency-Key": "k"})

    assert (first.status_code, other.status_code, other.json()["code"]) == (202, 422, "idempotency_key_reuse")
    assert other.json()["existing_request_id"] == request_id
    assert other.json()["differing_fields"] == ["max_attempts", "slots"]


async def test_a_key_ends_with_the_record_and_not_before_a_day(house: House, alice: Caller) -> None:
    request_id = await done(house, 1, 0)
    path = f"/generation-requests/{request_id}/retry"
    running = (await alice.http.post(path, headers={"Idempotency-Key": "k"})).json()
    [slot] = (await house.claim(await house.worker())).slots
    await house.rows("UPDATE generation_requests SET retention_seconds = 3600")
    [holder] = await house.rows("SELECT worker_id FROM slots")
    await house.settle(holder["worker_id"], generated(slot))
    ended = (await alice.http.post(path, headers={"Idempotency-Key": "k"})).json()
    await house.rows("UPDATE generation_requests SET expires_at = expires_at + interval '7 days'")
    kept = (await alice.http.post(path, headers={"Idempotency-Key": "k"})).json()

    assert running["idempotency"] == {"key": "k", "replayed": False, "key_expires_at": None}
    [used] = await house.rows("SELECT created_at + interval '24 hours' AS until FROM idempotency_keys")
    assert ended["idempotency"]["key_expires_at"] == used["until"].isoformat().replace("+00:00", "Z")
    assert ended["idempotency"]["key_expires_at"] > ended["expires_at"]
    assert kept["idempotency"]["key_expires_at"] == kept["expires_at"]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"slots": "all"}, "/slots"),
        ({"slots": []}, "/slots"),
        ({"slots": [True]}, "/slots"),
        ({"slots": [0, 10]}, "/slots"),
        ({"slots": [-1]}, "/slots"),
        ({"slots": None}, "/slots"),
        ({"slots": [0, 1]}, "/slots/1"),
        ({"max_attempts": 6}, "/max_attempts"),
        ({"timeout_seconds": 3601}, "/timeout_seconds"),
        ({"if_version": "1"}, "/if_version"),
        ({"if_version": 2**63}, "/if_version"),
        ({"slot": [0]}, "/slot"),
    ],
)
async def test_a_retry_that_cannot_be_is_told_by_its_place(
    house: House, alice: Caller, sent: dict[str, Any], pointer: str
) -> None:
    request_id = await done(house, 1, 0)

    answer = await alice.http.post(f"/generation-requests/{request_id}/retry", json=sent)

    assert (answer.status_code, answer.json()["code"]) == (422, "body_refused")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_version_that_has_passed_is_told_with_the_current_one(house: House, alice: Caller) -> None:
    request_id = await done(house, 1, 0)
    version = (await alice.http.get(f"/generation-requests/{request_id}")).json()["version"]

    answer = await alice.http.post(f"/generation-requests/{request_id}/retry", json={"if_version": version - 1})

    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")
    assert answer.json()["current_version"] == version


async def test_what_was_purged_is_gone_and_another_owners_never_was(api: Api, house: House, alice: Caller) -> None:
    request_id = await done(house, 3, 0)
    bob = await api.owner()
    paths = [("POST", "/retry"), ("GET", "/runs"), ("GET", "/slots/0")]

    for method, path in paths:
        foreign = await bob.http.request(method, f"/generation-requests/{request_id}{path}")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    await purge(house, request_id)
    for method, path in paths:
        gone = await alice.http.request(method, f"/generation-requests/{request_id}{path}")
        assert (gone.status_code, gone.json()["code"]) == (410, "generation_request_purged")
        assert (gone.json()["purged_at"], gone.json()["status_at_end"]) == ("2026-11-23T00:00:00Z", "partial")
        counts = {"pending": 0, "processing": 0, "retrying": 0, "generated": 2, "failed": 1, "cancelled": 0}
        assert gone.json()["counts"] == counts
        foreign = await bob.http.request(method, f"/generation-requests/{request_id}{path}")
        assert foreign.status_code == 404


async def test_the_runs_tell_how_each_ended_what_it_cost_and_who_asked(house: House, alice: Caller, api: Api) -> None:
    request_id = await done(house, 2, 1)
    writer = await api.caller(alice.owner_id, Scope.WRITE)
    await writer.http.post(f"/generation-requests/{request_id}/retry")

    answer = await alice.http.get(f"/generation-requests/{request_id}/runs")

    schemas.Runs.model_validate_json(answer.content)
    first, second = answer.json()["results"]
    assert (first["run"], first["status"], first["end_reason"], first["requested_by"]) == (
        1, "partial", "all_settled", None,
    )  # fmt: skip
    assert first["cost"] == {"total_microusd": 22, "wasted_microusd": 11}
    assert first["usage"] == {"input_tokens": 14, "output_tokens": 6, "model_calls": 2}
    assert (second["run"], second["status"], second["requested_by"]) == (2, "processing", writer.key_id)
    assert second["cost"] == {"total_microusd": 0, "wasted_microusd": 0}
    for run in (first, second):
        assert sum(run["counts"].values()) == run["requested_count"] == 2


async def test_a_slot_tells_every_attempt_and_never_what_was_really_said(house: House, alice: Caller) -> None:
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, failed(slot, SlotErrorCode.PROVIDER_AUTH))
    await house.rows("UPDATE slot_attempts SET error_detail = 'secret words of the provider'")
    await house.retry(request_id)
    await house.settle(worker_id, generated((await house.claim(worker_id)).slots[0]))

    answer = await alice.http.get(f"/generation-requests/{request_id}/slots/0")

    schemas.SlotWithAttempts.model_validate_json(answer.content)
    assert answer.json()["status"] == "generated"
    one, two = answer.json()["attempt_history"]
    assert (one["outcome"], one["error"]["code"], one["cost_microusd"]) == ("failed", "provider_auth", 11)
    assert (two["outcome"], two["error"], two["duration_ms"]) == ("generated", None, 5)
    assert "secret words" not in answer.text
    for index in ("1", "-1", "x", "00", "%00"):
        assert (await alice.http.get(f"/generation-requests/{request_id}/slots/{index}")).status_code == 404


async def test_a_lost_202_is_found_by_its_key(api: Api, alice: Caller) -> None:
    made = (await alice.http.post("/problems/generate", headers={"Idempotency-Key": "lost"})).json()
    bob = await api.owner()

    answer = await alice.http.get("/generation-requests", params={"idempotency_key": '"lost"', "view": "full"})

    [found] = answer.json()["results"]
    schemas.GenerationRequest.model_validate(found, strict=False)
    assert found["request_id"] == made["request_id"]
    for caller, key in ((bob, "lost"), (alice, "free")):
        nothing = await caller.http.get("/generation-requests", params={"idempotency_key": key})
        assert (nothing.status_code, nothing.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?idempotency_key=a&idempotency_key=b", 422, "parameter_refused"),
        ("?idempotency_key=", 400, "idempotency_key_malformed"),
        ("?idempotency_key=a&status=failed", 422, "parameter_refused"),
    ],
)
async def test_the_look_up_takes_one_key_and_nothing_else(alice: Caller, query: str, status: int, code: str) -> None:
    answer = await alice.http.get(f"/generation-requests{query}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_key_of_what_was_purged_generates_nothing_again(api: Api, house: House, alice: Caller) -> None:
    first = await alice.http.post("/problems/generate", headers={"Idempotency-Key": "k"})
    request_id = first.json()["request_id"]
    await house.settle(worker_id := await house.worker(), *map(failed, (await house.claim(worker_id)).slots))
    retried = await alice.http.post(f"/generation-requests/{request_id}/retry", headers={"Idempotency-Key": "k"})
    assert retried.status_code == 202
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    await purge(house, request_id)

    for answer in (
        await alice.http.post("/problems/generate", headers={"Idempotency-Key": "k"}),
        await alice.http.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": "k"}),
        await alice.http.post(f"/generation-requests/{request_id}/retry", headers={"Idempotency-Key": "k"}),
        await alice.http.get("/generation-requests?idempotency_key=k"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "idempotency_key_expired")
        assert answer.json()["existing_request_id"] == request_id
    assert await house.rows("SELECT id FROM generation_requests") == []
