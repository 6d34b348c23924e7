"""Statistics: numbers worked out by hand, of the caller's own generation requests, within bounds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from house import House, failed, generated, retrying
from lqs.api import schemas
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import Usage
from lqs.domain.generation_request import Priority
from lqs.domain.slot_errors import SlotErrorCode

from .conftest import Api, Caller

PRICE = 100


def usage(microusd: int | None, model: str = "small") -> Usage:
    return Usage(model=model, input_tokens=1, output_tokens=1, cost_microusd=microusd)


@pytest.fixture
async def house(api: Api, alice: Caller, database_url: str) -> House:
    """The lifecycle on the database of the API; Alice owns what is submitted."""
    return House(api.database, database_url, alice.owner_id)


async def took(house: House, request_id: UUID, seconds: int) -> None:
    await house.rows(
        "UPDATE generation_requests SET requested_at = completed_at - make_interval(secs => $2),"
        " run_requested_at = completed_at - make_interval(secs => $2) WHERE id = $1",
        request_id,
        seconds,
    )


async def live(house: House) -> None:
    """Five generation requests of Alice: two completed, one partial, one failed, one untouched.

    Nine attempts, which took 1 to 9 seconds. One is late: it was taken from a dead worker, then reported all the same.
    """
    worker_id = await house.worker()

    async def claimed(count: int, **how: Any) -> Any:
        request_id = await house.submit(count, call_price_microusd=PRICE, **how)
        return request_id, (await house.claim(worker_id)).slots

    completed_id, slots = await claimed(2)
    await house.settle(worker_id, *(generated(slot, usage=usage(100)) for slot in slots))

    partial_id, slots = await claimed(3, priority=Priority.HIGH)
    await house.settle(
        worker_id,
        generated(slots[0], usage=usage(100, "large")),
        failed(slots[1], usage=usage(40, "large")),
        retrying(slots[2], usage=usage(60)),
    )
    await house.wait_is_over(partial_id)
    await house.promote()
    [again] = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(again, usage=usage(100)))

    failed_id, [slot] = await claimed(1)
    await house.settle(worker_id, failed(slot, SlotErrorCode.CONTENT_REFUSED, usage=usage(None, "large")))

    late_id, [lost] = await claimed(1)
    await house.kill(worker_id)
    await house.rescue()
    other_id = await house.worker()
    [slot] = (await house.claim(other_id)).slots
    await house.settle(other_id, generated(slot, usage=usage(100)))
    await house.settle(worker_id, generated(lost, usage=usage(30)))

    for request_id, seconds in ((completed_id, 10), (partial_id, 30), (failed_id, 20), (late_id, 40)):
        await took(house, request_id, seconds)
    await house.rows(
        "UPDATE slot_attempts a SET duration_ms = 1000 * n FROM (SELECT request_id, index, fence,"
        " row_number() OVER (ORDER BY request_id, index, fence) AS n FROM slot_attempts) o"
        " WHERE (a.request_id, a.index, a.fence) = (o.request_id, o.index, o.fence)"
    )
    await house.submit(1)


async def stats(caller: Caller, **parameters: str) -> dict[str, Any]:
    answer = await caller.http.get("/generation-requests/stats", params=parameters)
    assert answer.status_code == 200, answer.text
    schemas.Statistics.model_validate_json(answer.content)
    body: dict[str, Any] = answer.json()
    return body


async def test_the_numbers_are_those_worked_out_by_hand(house: House, alice: Caller) -> None:
    await live(house)
    [group] = (await stats(alice))["results"]
    assert group["requests"] == {
        "total": 5, "completed": 2, "partial": 1, "failed": 1, "cancelled": 0, "success_rate": 0.5,
        "seconds": {"average": 25.0, "p50": 25.0, "p95": pytest.approx(38.5)},
    }  # fmt: skip
    assert group["entities"] == {
        "requested": 8, "generated": 5, "failed": 2, "cancelled": 0, "success_rate": pytest.approx(5 / 7),
    }  # fmt: skip
    assert group["attempts"] == {
        "total": 9, "generated": 5, "failed": 3, "late": 1,
        "seconds": {"average": 5.0, "p50": 5.0, "p95": pytest.approx(8.6)},
    }  # fmt: skip
    assert group["failures"] == [
        {"code": "content_refused", "slots": 1, "attempts": 1},
        {"code": "provider_auth", "slots": 1, "attempts": 1},
        {"code": "provider_timeout", "slots": 0, "attempts": 1},
    ]
    assert group["cost"] == {
        "currency": "USD", "total_microusd": 730, "wasted_microusd": 230, "estimated_microusd": 100,
    }  # fmt: skip


async def test_groups_add_up_to_the_whole(house: House, alice: Caller) -> None:
    await live(house)
    groups = (await stats(alice, group_by="status,priority"))["results"]
    found = {(g["group"]["status"], g["group"]["priority"]): g for g in groups}
    assert {key: g["requests"]["total"] for key, g in found.items()} == {
        ("completed", "normal"): 2, ("partial", "high"): 1, ("failed", "normal"): 1, ("pending", "normal"): 1,
    }  # fmt: skip
    assert {key: (g["attempts"]["total"], g["cost"]["total_microusd"]) for key, g in found.items()} == {
        ("completed", "normal"): (4, 330), ("partial", "high"): (4, 300), ("failed", "normal"): (1, 100),
        ("pending", "normal"): (0, 0),
    }  # fmt: skip
    assert found["partial", "high"]["failures"] == [
        {"code": "provider_auth", "slots": 1, "attempts": 1},
        {"code": "provider_timeout", "slots": 0, "attempts": 1},
    ]
    assert found["pending", "normal"]["requests"]["seconds"] == {"average": None, "p50": None, "p95": None}
    assert found["pending", "normal"]["requests"]["success_rate"] is None


async def test_by_model_attempts_alone_are_counted(house: House, alice: Caller) -> None:
    await live(house)
    groups = {g["group"]["model"]: g for g in (await stats(alice, group_by="model"))["results"]}
    assert {model: (g["requests"], g["entities"]) for model, g in groups.items()} == {
        "large": (None, None), "small": (None, None),
    }  # fmt: skip
    assert (groups["large"]["attempts"]["total"], groups["small"]["attempts"]["total"]) == (3, 6)
    assert groups["large"]["cost"] == {
        "currency": "USD", "total_microusd": 140, "wasted_microusd": 40, "estimated_microusd": None,
    }  # fmt: skip
    assert groups["large"]["failures"] == [
        {"code": "content_refused", "slots": None, "attempts": 1},
        {"code": "provider_auth", "slots": None, "attempts": 1},
    ]


async def test_nobody_counts_what_belongs_to_others(api: Api, house: House, alice: Caller) -> None:
    await live(house)
    bob = await api.owner()
    await house.submit(2, owner_id=bob.owner_id)
    [mine] = (await stats(bob))["results"]
    assert (mine["requests"]["total"], mine["attempts"]["total"], mine["failures"]) == (1, 0, [])
    [all_of_them] = (await stats(bob, scope="all"))["results"]
    assert (all_of_them["requests"]["total"], all_of_them["attempts"]["total"]) == (6, 9)
    reader = await api.caller(alice.owner_id, Scope.READ)
    refused = await reader.http.get("/generation-requests/stats", params={"scope": "all"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_only_the_window_is_counted_its_begin_but_not_its_end(house: House, alice: Caller) -> None:
    request_id = await house.submit(1)
    [row] = await house.rows("SELECT requested_at FROM generation_requests WHERE id = $1", request_id)
    at, moment = row["requested_at"], timedelta(microseconds=1)

    async def counted(since: datetime, until: datetime) -> int:
        found = (await stats(alice, since=since.isoformat(), until=until.isoformat()))["results"]
        return sum(group["requests"]["total"] for group in found)

    assert await counted(at, at + moment) == 1
    assert await counted(at - moment, at) == 0
    assert await counted(at + moment, at + 2 * moment) == 0


async def test_buckets_are_hours_and_days_in_utc(house: House, alice: Caller) -> None:
    ids = [await house.submit(1) for _ in range(3)]
    for request_id, when in zip(ids, ("09:10", "09:50", "10:00"), strict=True):
        await house.rows(
            "UPDATE generation_requests SET requested_at = $2, run_requested_at = $2 WHERE id = $1",
            request_id,
            datetime.fromisoformat(f"2020-05-04T{when}:00+00:00"),
        )
    window = {"since": "2020-05-04T02:00:00+02:00", "until": "2020-05-05T00:00:00Z"}
    by_hour = (await stats(alice, bucket="hour", **window))["results"]
    assert [(group["bucket"], group["requests"]["total"]) for group in by_hour] == [
        ("2020-05-04T09:00:00Z", 2), ("2020-05-04T10:00:00Z", 1),
    ]  # fmt: skip
    [day] = (await stats(alice, bucket="day", **window))["results"]
    assert (day["bucket"], day["requests"]["total"]) == ("2020-05-04T00:00:00Z", 3)


async def test_without_a_window_it_is_the_last_day(house: House, alice: Caller) -> None:
    await house.submit(1)
    old_id = await house.submit(1)
    await house.rows(
        "UPDATE generation_requests SET requested_at = requested_at - interval '25 hours' WHERE id = $1", old_id
    )
    body = await stats(alice)
    assert [group["requests"]["total"] for group in body["results"]] == [1]
    window = datetime.fromisoformat(body["until"]) - datetime.fromisoformat(body["since"])
    assert window == timedelta(days=1)
    assert abs(datetime.fromisoformat(body["until"]) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_nothing_to_count_is_an_empty_answer(alice: Caller) -> None:
    assert (await stats(alice, group_by="status"))["results"] == []


@pytest.mark.parametrize(
    ("parameters", "status", "code", "word"),
    [
        ({"group_by": "colour"}, 422, "parameter_refused", "entity_type, status, end_reason, priority, model"),
        ({"bucket": "minute"}, 422, "parameter_refused", "hour, day"),
        ({"scope": "everything"}, 422, "parameter_refused", "own, all"),
        ({"since": "yesterday"}, 422, "parameter_refused", "since"),
        ({"since": "2020-05-04T00:00:00"}, 422, "parameter_refused", "offset"),
        ({"until": "0001-01-01T00:00:00+12:00"}, 422, "parameter_refused", "until"),
        ({"since": "2020-05-04T00:00:00Z", "until": "2020-05-04T00:00:00Z"}, 422, "parameter_refused", "begin"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2020-05-04T00:00:00Z"}, 422, "parameter_refused", "31 days"),
        ({"groupby": "status"}, 400, "parameter_unknown", "group_by"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_with_what_would(
    alice: Caller, parameters: dict[str, str], status: int, code: str, word: str
) -> None:
    answer = await alice.http.get("/generation-requests/stats", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert word in answer.json()["detail"]


@pytest.fixture
async def blocked(database_url: str) -> AsyncIterator[None]:
    """Somebody holds the table so that counting cannot end."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("BEGIN")
    await connection.execute("LOCK TABLE generation_requests IN ACCESS EXCLUSIVE MODE")
    yield
    await connection.close()


async def test_counting_is_given_up_when_it_takes_too_long(
    alice: Caller, blocked: None, other_api: Callable[..., AbstractAsyncContextManager[Api]]
) -> None:
    async with other_api(statistics_timeout_seconds=0.1) as impatient:
        caller = Caller(impatient.anonymous(), alice.owner_id, alice.key_id)
        caller.http.headers["Authorization"] = alice.http.headers["Authorization"]
        async with asyncio.timeout(20):
            answer = await caller.http.get("/generation-requests/stats")
    assert (answer.status_code, answer.json()["code"]) == (422, "statistics_too_large")
    assert "shorter window" in answer.json()["detail"]
