"""Budgets as callers meet them: refused when they cannot be kept, kept when they can, told what was spent."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from house import House, failed
from lqs.domain.api_key import Scope
from lqs.generators.catalog import entity_types

from .conftest import Api, Caller, at_work, serving

OtherApi = Callable[..., AbstractAsyncContextManager[Api]]
SIMULATED = {"generator": "simulated", "simulated_latency_seconds": 0.0, "simulated_price_microusd": 400}


async def budgeted(api: Api, alice: Caller, microusd: int | None, *scopes: str) -> tuple[Caller, dict[str, Any]]:
    """A further key of Alice's with a daily budget, made through the API."""
    body = {"name": "k", "scopes": scopes or ("read", "write"), "daily_budget_microusd": microusd}
    made = await alice.http.post("/api-keys", json=body)
    assert made.status_code == 201, made.text
    http = api.anonymous()
    http.headers["Authorization"] = f"Bearer {made.json()['secret']}"
    return Caller(http, alice.owner_id, made.json()["key_id"]), made.json()


async def finished(caller: Caller, request_id: str, eventually: Callable[..., Any]) -> dict[str, Any]:
    async def done() -> bool:
        return bool((await caller.http.get(f"/generation-requests/{request_id}")).json()["done"])

    await eventually(done)
    body: dict[str, Any] = (await caller.http.get(f"/generation-requests/{request_id}")).json()
    return body


async def test_a_budget_of_two_calls_makes_two_entities(api: Api, other_api: OtherApi, eventually) -> None:
    async with other_api(**SIMULATED) as paid, at_work(paid):
        caller = await paid.owner()
        accepted = await caller.http.post("/problems/generate", json={"count": 5, "max_cost_microusd": 1000})
        assert accepted.status_code == 202, accepted.text
        body = await finished(caller, accepted.json()["request_id"], eventually)
    assert (body["status"], body["end_reason"], body["generated_count"]) == ("partial", "budget_exhausted", 2)
    assert body["cost"] == {
        "currency": "USD", "total_microusd": 800, "wasted_microusd": 0, "estimated": False, "max_microusd": 1000,
    }  # fmt: skip
    assert {slot["error"]["category"] for slot in body["slots"] if slot["error"]} == {"policy"}


async def test_a_budget_below_the_price_of_one_call_is_refused_and_names_it(api: Api, other_api: OtherApi) -> None:
    """A repeated call is answered like the first one, whatever a call costs meanwhile."""
    asked = {"json": {"count": 5, "max_cost_microusd": 400}, "headers": {"Idempotency-Key": "k"}}
    async with other_api(**SIMULATED) as paid:
        caller = await paid.owner()
        refused = await caller.http.post("/problems/generate", json={"max_cost_microusd": 399})
        assert (await caller.http.get("/generation-requests")).json()["results"] == []
        accepted = await caller.http.post("/problems/generate", **asked)
    async with other_api(**SIMULATED | {"simulated_price_microusd": 500}) as dearer:
        again = Caller(dearer.anonymous(), caller.owner_id, caller.key_id)
        again.http.headers["Authorization"] = caller.http.headers["Authorization"]
        repeated = await again.http.post("/problems/generate", **asked)
    [finding] = refused.json()["errors"]
    assert (refused.status_code, finding["pointer"], finding["code"]) == (422, "/max_cost_microusd", "out_of_range")
    assert (finding["min"], "400 ($0.0004)" in finding["detail"]) == (400, True)
    assert (accepted.status_code, repeated.status_code) == (202, 202)
    assert accepted.json()["request_id"] == repeated.json()["request_id"]


async def test_what_is_free_needs_no_money(api: Api, alice: Caller, worker: None, eventually) -> None:
    poor, _ = await budgeted(api, alice, 0)
    accepted = await poor.http.post("/problems/generate", json={"count": 2, "max_cost_microusd": 0})
    body = await finished(poor, accepted.json()["request_id"], eventually)
    assert (body["status"], body["cost"]["total_microusd"]) == ("completed", 0)


async def test_a_budget_is_refused_where_nobody_knows_the_price(api: Api, alice: Caller) -> None:
    unpriced = {"problem": replace(entity_types()["problem"], call_prices={})}
    async with serving(api.database, api.settings, unpriced) as secret:
        alice = Caller(secret.anonymous(), alice.owner_id, alice.key_id)
        alice.http.headers["Authorization"] = await budgeted_header(api, alice.owner_id, None)
        refused = await alice.http.post("/problems/generate", json={"max_cost_microusd": 1000})
        [finding] = refused.json()["errors"]
        assert (refused.status_code, finding["pointer"], finding["code"]) == (
            422, "/max_cost_microusd", "price_unknown",
        )  # fmt: skip
        assert (await alice.http.post("/problems/generate", json={})).status_code == 202

        alice.http.headers["Authorization"] = await budgeted_header(api, alice.owner_id, 10_000)
        refused = await alice.http.post("/problems/generate", json={})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "price_unknown")
        assert "daily budget" in refused.json()["detail"]


async def budgeted_header(api: Api, owner_id: Any, microusd: int | None) -> str:
    admin = await api.caller(owner_id)
    key, _ = await budgeted(api, admin, microusd)
    return str(key.http.headers["Authorization"])


async def test_a_key_with_nothing_left_is_told_when_the_next_day_begins(
    api: Api, alice: Caller, other_api: OtherApi, eventually
) -> None:
    async with other_api(**SIMULATED) as paid, at_work(paid):
        caller, made = await budgeted(paid, alice, 1000)
        assert (made["daily_budget_microusd"], made["spent_today_microusd"]) == (1000, 0)
        first = await caller.http.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": "k"})
        await finished(caller, first.json()["request_id"], eventually)
        refused = await caller.http.post("/problems/generate", json={})
        now = datetime.now(UTC)
        replayed = await caller.http.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": "k"})
        other = await alice.http.post("/problems/generate", json={})
        listed = (await alice.http.get("/api-keys")).json()["results"]

    assert (refused.status_code, refused.json()["code"]) == (429, "daily_budget_exhausted")
    assert refused.json()["retryable"] is True
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    assert int(refused.headers["Retry-After"]) == pytest.approx((midnight - now).total_seconds(), abs=5)
    assert (replayed.status_code, replayed.json()["request_id"]) == (202, first.json()["request_id"])
    assert other.status_code == 202
    key = next(k for k in listed if k["key_id"] == caller.key_id)
    assert (key["daily_budget_microusd"], key["spent_today_microusd"]) == (1000, 800)


async def test_a_daily_budget_that_no_call_fits_into_promises_no_tomorrow(
    api: Api, alice: Caller, other_api: OtherApi
) -> None:
    async with other_api(**SIMULATED) as paid:
        poor, _ = await budgeted(paid, alice, 399)
        never = await poor.http.post("/problems/generate", json={})
        tight, _ = await budgeted(paid, alice, 400)
        accepted = await tight.http.post("/problems/generate", json={"count": 1})
    assert (never.status_code, never.json()["code"], never.json()["retryable"]) == (422, "body_refused", False)
    assert "A call may cost $0.0004, and the daily budget of this API key is $0.000399" in never.json()["detail"]
    assert "Retry-After" not in never.headers
    assert accepted.status_code == 202


async def test_a_refusal_for_lack_of_money_leaves_the_idempotency_key_free(
    api: Api, alice: Caller, other_api: OtherApi
) -> None:
    async with other_api(**SIMULATED) as paid:
        poor, _ = await budgeted(paid, alice, 399)
        refused = await poor.http.post("/problems/generate", json={}, headers={"Idempotency-Key": "k"})
        assert refused.status_code == 422
        rich = await paid.caller(alice.owner_id, Scope.READ, Scope.WRITE)
        accepted = await rich.http.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": "k"})
        assert (accepted.status_code, accepted.headers["Idempotent-Replayed"]) == (202, "false")


async def test_work_accepted_before_the_money_ran_out_ends(
    api: Api, alice: Caller, other_api: OtherApi, eventually
) -> None:
    async with other_api(**SIMULATED) as paid:
        caller, _ = await budgeted(paid, alice, 1200)
        ids = [(await caller.http.post("/problems/generate", json={"count": 2})).json()["request_id"] for _ in "ab"]
        async with at_work(paid):
            bodies = [await finished(caller, request_id, eventually) for request_id in ids]
    assert sum(body["generated_count"] for body in bodies) == 3
    assert {body["end_reason"] for body in bodies} == {"all_settled", "budget_exhausted"}


@pytest.mark.parametrize("microusd", [-1, 1.5, "1000", 10**13])
async def test_a_daily_budget_that_makes_no_sense_is_refused(alice: Caller, microusd: object) -> None:
    body = {"name": "k", "scopes": ["read"], "daily_budget_microusd": microusd}
    answer = await alice.http.post("/api-keys", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/daily_budget_microusd")


async def failed_request(api: Api, caller: Caller) -> str:
    """A generation request whose two slots have failed."""
    house = House(api.database, api.settings.database_url, caller.owner_id)
    request_id = (await caller.http.post("/problems/generate", json={"count": 2})).json()["request_id"]
    worker_id = await house.worker()
    won = (await house.claim(worker_id)).slots
    await house.settle(worker_id, *(failed(slot) for slot in won))
    return str(request_id)


async def tried_again(admin: Caller, caller: Caller, request_id: str) -> list[Any]:
    """What a retry by hand and the requeue of a dead letter answer."""
    letters = (await admin.http.get("/dead-letters")).json()["results"]
    return [
        await caller.http.post(f"/generation-requests/{request_id}/retry", json={}),
        await caller.http.post(f"/dead-letters/{letters[0]['id']}/requeue"),
    ]


async def test_a_key_with_nothing_left_can_have_nothing_tried_again(alice: Caller, other_api: OtherApi) -> None:
    async with other_api(**SIMULATED) as paid:
        rich = await paid.owner()
        request_id = await failed_request(paid, rich)
        poor, _ = await budgeted(paid, rich, 400, "read", "write", "admin")
        async with paid.database.transaction() as connection:
            today = "(lqs_now() AT TIME ZONE 'UTC')::date"
            await connection.execute(f"INSERT INTO key_days VALUES ($1, {today}, 1)", poor.key_id)
        answers = await tried_again(rich, poor, request_id)
        assert [(a.status_code, a.json()["code"]) for a in answers] == [(429, "daily_budget_exhausted")] * 2
        assert "Of its $0.0004 a day $0.000399 are left, and a call may cost $0.0004;" in answers[0].json()["detail"]

        again = f"/generation-requests/{request_id}/retry"
        accepted = await rich.http.post(again, json={}, headers={"Idempotency-Key": "k"})
        replayed = await poor.http.post(again, json={}, headers={"Idempotency-Key": "k"})
        assert (accepted.status_code, replayed.status_code) == (202, 202)


async def test_a_daily_budget_that_cannot_be_kept_has_nothing_tried_again(api: Api) -> None:
    unpriced = {"problem": replace(entity_types()["problem"], call_prices={})}
    async with serving(api.database, api.settings, unpriced) as secret:
        rich = await secret.owner()
        request_id = await failed_request(secret, rich)
        poor, _ = await budgeted(secret, rich, 5, "read", "write", "admin")
        answers = await tried_again(rich, poor, request_id)
    assert [(a.status_code, a.json()["errors"][0]["code"]) for a in answers] == [(422, "price_unknown")] * 2


async def test_a_retry_that_its_budget_cannot_pay_is_refused(other_api: OtherApi, eventually) -> None:
    async with other_api(**SIMULATED) as paid, at_work(paid):
        caller = await paid.owner()
        asked = await caller.http.post("/problems/generate", json={"count": 3, "max_cost_microusd": 500})
        request_id = asked.json()["request_id"]
        await finished(caller, request_id, eventually)
        answers = await tried_again(caller, caller, request_id)
        by_filter = await caller.http.post("/dead-letters/requeue", json={"filter": {"entity_type": "problem"}})
        body = await finished(caller, request_id, eventually)
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, "budget_spent")] * 2
    assert (by_filter.json()["requeued"], by_filter.json()["skipped"]) == (0, 2)
    assert (body["run"], body["status"], body["generated_count"]) == (1, "partial", 1)


async def spent(caller: Caller, eventually: Callable[..., Any], **terms: int) -> str:
    """A generation request of three slots, done."""
    asked = await caller.http.post("/problems/generate", json={"count": 3, **terms})
    request_id: str = asked.json()["request_id"]
    await finished(caller, request_id, eventually)
    return request_id


async def test_a_retry_may_bring_more_money(other_api: OtherApi, eventually) -> None:
    async with other_api(**SIMULATED) as paid, at_work(paid):
        caller = await paid.owner()
        request_id = await spent(caller, eventually, max_cost_microusd=500)
        path = f"/generation-requests/{request_id}/retry"
        too_little = await caller.http.post(path, json={"max_cost_microusd": 799})
        enough_for_one = await caller.http.post(path, json={"max_cost_microusd": 800}, headers={"Idempotency-Key": "k"})
        second = await finished(caller, request_id, eventually)
        other = await caller.http.post(path, json={"max_cost_microusd": 801}, headers={"Idempotency-Key": "k"})
        await caller.http.post(path, json={"max_cost_microusd": 5000})
        third = await finished(caller, request_id, eventually)
    assert (too_little.status_code, too_little.json()["code"]) == (409, "budget_spent")
    assert too_little.json()["detail"].endswith(
        "It takes a max_cost_microusd of 800 ($0.0008) for 1, or 1200 ($0.0012) for 2 calls."
    )
    assert enough_for_one.status_code == 202, enough_for_one.text
    assert (second["run"], second["end_reason"], second["generated_count"]) == (2, "budget_exhausted", 2)
    assert (second["cost"]["max_microusd"], second["cost"]["total_microusd"]) == (800, 800)
    assert (other.status_code, other.json()["differing_fields"]) == (422, ["max_cost_microusd"])
    assert (third["run"], third["status"], third["generated_count"]) == (3, "completed", 3)
    assert (third["cost"]["max_microusd"], third["cost"]["total_microusd"]) == (5000, 1200)


async def test_a_retry_may_set_a_budget_where_there_was_none(other_api: OtherApi, eventually) -> None:
    failing = {**SIMULATED, "simulated_failures": {"content_refused": 1.0}}
    async with other_api(**failing) as paid, at_work(paid):
        caller = await paid.owner()
        request_id = await spent(caller, eventually)
        before = (await caller.http.get(f"/generation-requests/{request_id}")).json()["cost"]["total_microusd"]
        more = {"max_cost_microusd": before + 400}
        answer = await caller.http.post(f"/generation-requests/{request_id}/retry", json=more)
        body = await finished(caller, request_id, eventually)
    assert answer.status_code == 202, answer.text
    assert (body["end_reason"], body["cost"]["total_microusd"] - before) == ("budget_exhausted", 400)


@pytest.mark.parametrize("way", ["by hand", "as dead letters"])
async def test_a_further_run_reserves_what_a_call_costs_now(other_api: OtherApi, eventually, way: str) -> None:
    """The price has risen since it was accepted, and its budget is kept all the same."""
    failing = {**SIMULATED, "simulated_failures": {"content_refused": 1.0}}
    async with other_api(**failing) as cheap, at_work(cheap):
        caller = await cheap.owner()
        request_id = await spent(caller, eventually, max_cost_microusd=3000)
    async with other_api(**{**SIMULATED, "simulated_price_microusd": 1000}) as dear, at_work(dear):
        http = dear.anonymous()
        http.headers["Authorization"] = caller.http.headers["Authorization"]
        if way == "by hand":
            await http.post(f"/generation-requests/{request_id}/retry", json={})
        else:
            await http.post("/dead-letters/requeue", json={"filter": {"entity_type": "problem"}})
        body = await finished(Caller(http, caller.owner_id, caller.key_id), request_id, eventually)
    assert (body["run"], body["end_reason"], body["generated_count"]) == (2, "budget_exhausted", 1)
    assert body["cost"]["total_microusd"] <= body["cost"]["max_microusd"] == 3000


async def test_no_retry_sets_a_budget_that_cannot_be_kept(api: Api) -> None:
    unpriced = {"problem": replace(entity_types()["problem"], call_prices={})}
    async with serving(api.database, api.settings, unpriced) as secret:
        caller = await secret.owner()
        request_id = await failed_request(secret, caller)
        path = f"/generation-requests/{request_id}/retry"
        answer = await caller.http.post(path, json={"max_cost_microusd": 5})
    found = answer.json()["errors"][0]
    assert (answer.status_code, found["code"], found["pointer"]) == (422, "price_unknown", "/max_cost_microusd")
