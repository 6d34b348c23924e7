"""Dead letters over HTTP: found, looked into, requeued and discarded."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from house import House, failed, generated
from lqs.api import schemas
from lqs.api.cursors import write_cursor
from lqs.domain.slot_errors import SlotErrorCode

from .conftest import Api, Caller, done, purge

EDGES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
"""Times that are written well, and that in UTC no calendar has."""
AUTH, REFUSED = SlotErrorCode.PROVIDER_AUTH, SlotErrorCode.CONTENT_REFUSED


async def letters(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    answer = await caller.http.get("/dead-letters", params=params)
    assert answer.status_code == 200, answer.text
    schemas.DeadLetters.model_validate_json(answer.content)
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def handmade(when: str) -> str:
    """A cursor of the open ones that the service did not write."""
    mark = json.loads(
        base64.urlsafe_b64decode(write_cursor((datetime.now(UTC), UUID(int=0)), {"state": "open"}) + "==")
    )[2]
    return base64.urlsafe_b64encode(json.dumps([when, str(UUID(int=0)), mark]).encode()).decode().rstrip("=")


async def fail(house: House, *codes: SlotErrorCode) -> str:
    """A generation request whose slots failed with these codes."""
    request_id, worker_id, slots = await house.claimed(len(codes))
    await house.settle(worker_id, *(failed(slot, code) for slot, code in zip(slots, codes, strict=True)))
    return str(request_id)


async def test_what_failed_for_good_is_there_at_once_and_what_will_be_tried_again_is_not(
    house: House, alice: Caller
) -> None:
    request_id, worker_id, slots = await house.claimed(3)
    await house.settle(worker_id, generated(slots[0]), failed(slots[1], AUTH))

    [letter] = await letters(alice)

    assert (letter["request_id"], letter["slot_index"], letter["run"]) == (str(request_id), 1, 1)
    assert (letter["code"], letter["category"], letter["state"]) == ("provider_auth", "permanent", "open")
    assert letter["message"]
    assert letter["requeued_as"] is None


async def test_a_dead_letter_tells_the_payload_and_every_attempt_with_what_was_really_said(
    house: House, alice: Caller
) -> None:
    request_id, worker_id = await house.submit(1, metadata={"lesson": "A1"}, max_attempts=2), await house.worker()
    await house.settle(worker_id, *map(failed, (await house.claim(worker_id)).slots))
    await house.rows("UPDATE slot_attempts SET error_detail = 'HTTP 401 from the provider'")
    [letter] = await letters(alice)
    slot = (await alice.http.get(f"/generation-requests/{request_id}/slots/0")).json()

    for _ in range(2):
        answer = await alice.http.get(f"/dead-letters/{letter['id']}")
        schemas.WholeDeadLetter.model_validate_json(answer.content)
        whole = answer.json()
        assert whole["payload"] == {
            "constraints": {}, "metadata": {"lesson": "A1"}, "options": {"max_attempts": 2},
        }  # fmt: skip
        [attempt] = whole["attempts"]
        assert (attempt["attempt"], attempt["outcome"], attempt["error"]["code"]) == (1, "failed", "provider_auth")
        assert attempt["error_detail"] == "HTTP 401 from the provider"
        assert attempt["finished_at"] == slot["attempt_history"][0]["finished_at"]
        if (await alice.http.get(f"/generation-requests/{request_id}")).status_code == 200:
            await purge(house, str(request_id))


async def test_requeueing_one_begins_a_further_run_of_that_slot_alone(house: House, alice: Caller) -> None:
    request_id = await done(house, 3, 0, 2)
    letter = next(one for one in await letters(alice) if one["slot_index"] == 2)

    answer = await alice.http.post(f"/dead-letters/{letter['id']}/requeue")

    schemas.Restarted.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["request_id"], answer.json()["run"]) == (202, request_id, 2)
    assert [slot["status"] for slot in answer.json()["slots"]] == ["failed", "generated", "pending"]
    [gone] = await letters(alice, state="requeued")
    assert (gone["id"], gone["requeued_as"], gone["resolved_by"]) == (letter["id"], request_id, alice.key_id)
    again = await alice.http.post(f"/dead-letters/{letter['id']}/requeue")
    assert (again.status_code, again.json()["code"]) == (409, "dead_letter_resolved")
    [other] = await letters(alice)
    busy = await alice.http.post(f"/dead-letters/{other['id']}/requeue")
    assert (busy.status_code, busy.json()["code"]) == (409, "generation_request_not_done")


async def test_a_slot_that_fails_again_is_a_dead_letter_again(house: House, alice: Caller) -> None:
    request_id = await fail(house, AUTH)
    await alice.http.post(f"/generation-requests/{request_id}/retry")
    assert await letters(alice) == []
    await house.settle(worker_id := await house.worker(), *map(failed, (await house.claim(worker_id)).slots))

    [letter] = await letters(alice)

    assert letter["run"] == 2
    assert len((await alice.http.get(f"/dead-letters/{letter['id']}")).json()["attempts"]) == 2


async def test_requeueing_what_was_purged_makes_a_new_generation_request_with_its_origin(
    house: House, alice: Caller
) -> None:
    request_id, worker_id = await house.submit(2, metadata={"a": "b"}, max_attempts=4), await house.worker()
    one, two = (await house.claim(worker_id)).slots
    await house.settle(worker_id, generated(one), failed(two))
    await purge(house, str(request_id))
    [letter] = await letters(alice)

    answers = [
        await alice.http.post(f"/dead-letters/{letter['id']}/requeue", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]

    first, again = (answer.json() for answer in answers)
    assert [answer.headers["Idempotent-Replayed"] for answer in answers] == ["false", "true"]
    assert first["request_id"] == again["request_id"] != str(request_id)
    assert (first["origin"], first["run"], first["requested_count"]) == (str(request_id), 1, 1)
    assert (first["status"], first["metadata"], first["slots"][0]["max_attempts"]) == ("pending", {"a": "b"}, 4)
    [gone] = await letters(alice, state="requeued")
    assert gone["requeued_as"] == first["request_id"]
    assert len(await house.rows("SELECT id FROM generation_requests")) == 1


@pytest.mark.parametrize("purged", [False, True])
async def test_twenty_operators_at_once_requeue_it_once(house: House, alice: Caller, purged: bool) -> None:
    request_id = await fail(house, AUTH)
    [letter] = await letters(alice)
    if purged:
        await purge(house, request_id)

    answers = await asyncio.gather(*(alice.http.post(f"/dead-letters/{letter['id']}/requeue") for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [202, *[409] * 19]
    assert len(await house.rows("SELECT id FROM generation_requests")) == 1


async def test_a_discarded_one_is_out_of_the_way_for_good(house: House, alice: Caller) -> None:
    request_id = await fail(house, AUTH)
    [letter] = await letters(alice)

    for _ in range(2):
        assert (await alice.http.delete(f"/dead-letters/{letter['id']}")).status_code == 204

    assert await letters(alice) == []
    [gone] = await letters(alice, state="discarded")
    assert gone["resolved_by"] == alice.key_id
    refused = await alice.http.post(f"/dead-letters/{letter['id']}/requeue")
    assert (refused.status_code, refused.json()["code"]) == (409, "dead_letter_resolved")
    assert (await alice.http.post(f"/generation-requests/{request_id}/retry")).status_code == 202
    assert [one["id"] for one in await letters(alice, state="discarded")] == [letter["id"]]
    assert (await alice.http.delete(f"/dead-letters/{letter['id']}")).status_code == 204


async def waiting_for_locks(house: House) -> int:
    """How many connections wait for what another one holds."""
    [row] = await house.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(row["count"])


async def test_a_discard_that_was_confirmed_is_not_overridden_by_a_requeue_that_waited(
    house: House, alice: Caller, eventually: Callable[..., Any]
) -> None:
    request_id = await fail(house, AUTH)
    [letter] = await letters(alice)
    async with house.locked(UUID(request_id)):
        requeue = asyncio.ensure_future(alice.http.post(f"/dead-letters/{letter['id']}/requeue"))
        await eventually(lambda: waiting_for_locks(house), equals=1)
        discarded = await alice.http.delete(f"/dead-letters/{letter['id']}")
    requeued = await requeue

    assert discarded.status_code == 204
    assert (requeued.status_code, requeued.json()["code"]) == (409, "dead_letter_resolved")
    assert [one["id"] for one in await letters(alice, state="discarded")] == [letter["id"]]
    assert (await house.read(UUID(request_id))).run == 1


async def test_of_several_requeues_by_filter_at_once_one_takes_what_matches_and_the_others_skip_it(
    house: House, alice: Caller, eventually: Callable[..., Any]
) -> None:
    for _ in range(2):
        await purge(house, await fail(house, AUTH, AUTH))
    await fail(house, AUTH)
    async with house.database.transaction() as connection:
        await connection.execute("SELECT FROM flows FOR NO KEY UPDATE")
        twins = [
            asyncio.ensure_future(alice.http.post("/dead-letters/requeue", json={"filter": {"code": "provider_auth"}}))
            for _ in range(3)
        ]
        await eventually(lambda: waiting_for_locks(house), equals=3)
    answers = [await twin for twin in twins]

    assert [answer.status_code for answer in answers] == [202] * 3, [answer.text for answer in answers]
    told = sorted((answer.json()["requeued"], answer.json()["skipped"]) for answer in answers)
    assert told == [(0, 5), (0, 5), (5, 0)]
    assert len(await house.rows("SELECT id FROM generation_requests")) == 3


async def test_what_was_requeued_cannot_be_discarded(house: House, alice: Caller) -> None:
    request_id = await fail(house, AUTH)
    [letter] = await letters(alice)
    await alice.http.post(f"/generation-requests/{request_id}/retry")

    answer = await alice.http.delete(f"/dead-letters/{letter['id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "dead_letter_resolved")


async def test_a_requeue_by_filter_takes_what_matches_and_a_dry_run_only_counts(house: House, alice: Caller) -> None:
    both, one = await fail(house, AUTH, REFUSED, AUTH), await fail(house, REFUSED)
    purged = await fail(house, AUTH, AUTH)
    await purge(house, purged)
    wish: dict[str, Any] = {"filter": {"code": "provider_auth"}}

    dry = await alice.http.post("/dead-letters/requeue", json=wish | {"dry_run": True})
    assert len(await letters(alice)) == 6
    wet = await alice.http.post("/dead-letters/requeue", json=wish)

    for answer in (dry, wet):
        schemas.Requeued.model_validate_json(answer.content)
    assert (dry.status_code, dry.json()["matched"], dry.json()["requeued"]) == (200, 4, 0)
    assert (wet.status_code, wet.json()["matched"], wet.json()["requeued"]) == (202, 4, 4)
    assert (wet.json()["skipped"], wet.json()["remaining"]) == (0, 0)
    left = await letters(alice)
    assert sorted((letter["request_id"], letter["code"]) for letter in left) == sorted(
        [(both, "content_refused"), (one, "content_refused")]
    )
    state = (await alice.http.get(f"/generation-requests/{both}")).json()
    assert [slot["status"] for slot in state["slots"]] == ["pending", "failed", "pending"]
    assert (await alice.http.get(f"/generation-requests/{one}")).json()["run"] == 1
    [fresh] = await house.rows("SELECT requested_count, origin FROM generation_requests WHERE origin IS NOT NULL")
    assert (fresh["requested_count"], str(fresh["origin"])) == (2, purged)


async def test_what_has_another_run_under_way_waits_for_its_end(house: House, alice: Caller) -> None:
    request_id, worker_id, slots = await house.claimed(2)
    await house.settle(worker_id, failed(slots[0], AUTH))

    answer = await alice.http.post("/dead-letters/requeue", json={"filter": {"code": "provider_auth"}})

    assert (answer.status_code, answer.json()["matched"], answer.json()["requeued"]) == (202, 0, 0)
    assert (await house.read(request_id)).run == 1


async def test_one_key_requeues_by_filter_once(house: House, alice: Caller) -> None:
    await fail(house, AUTH, REFUSED)
    key = {"Idempotency-Key": "k"}
    wish = {"filter": {"entity_type": "problem"}}
    answers = await asyncio.gather(
        *(alice.http.post("/dead-letters/requeue", json=wish, headers=key) for _ in range(10))
    )
    await fail(house, AUTH)

    late = await alice.http.post("/dead-letters/requeue", json=wish, headers=key)
    other = await alice.http.post("/dead-letters/requeue", json={"filter": {"code": "internal"}}, headers=key)

    assert {(answer.status_code, answer.json()["requeued"]) for answer in (*answers, late)} == {(202, 2)}
    assert sorted(answer.headers["Idempotent-Replayed"] for answer in answers) == ["false", *["true"] * 9]
    assert late.headers["Idempotent-Replayed"] == "true"
    assert len(await letters(alice)) == 1
    assert (other.status_code, other.json()["differing_fields"]) == (422, ["filter"])


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/filter"),
        ({"filter": {}}, "/filter"),
        ({"filter": {"code": None}}, "/filter"),
        ({"filter": {"code": "bogus"}}, "/filter/code"),
        ({"filter": {"since": "yesterday"}}, "/filter/since"),
        *[({"filter": {"since": since}}, "/filter/since") for since in (*EDGES, 0, 1700000000, "1700000000")],
        ({"filter": {"code": "internal"}, "dry": True}, "/dry"),
    ],
)
async def test_a_requeue_of_everything_or_of_nothing_known_is_refused(
    alice: Caller, sent: dict[str, Any], pointer: str
) -> None:
    answer = await alice.http.post("/dead-letters/requeue", json=sent)

    assert (answer.status_code, answer.json()["code"]) == (422, "body_refused")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_list_is_paged_without_a_gap_while_more_come_in(house: House, alice: Caller) -> None:
    for _ in range(3):
        await fail(house, AUTH, REFUSED, AUTH)
    await house.rows("UPDATE dead_letters SET failed_at = '2026-11-01' WHERE error_code = 'provider_auth'")
    known = {letter["id"] for letter in await letters(alice)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        body = (await alice.http.get("/dead-letters", params={"limit": 2} | cursor)).json()
        seen += [letter["id"] for letter in body["results"]]
        if not body["has_more"]:
            break
        assert len(seen) < 9
        await fail(house, AUTH)
        cursor = {"cursor": body["next_cursor"]}

    assert body["next_cursor"] is None
    assert len(seen) == len(set(seen)) == 9
    assert set(seen) == known


async def test_the_list_can_be_narrowed(house: House, alice: Caller) -> None:
    await fail(house, AUTH, REFUSED)
    await house.rows("UPDATE dead_letters SET failed_at = '2026-11-01T00:00:00Z' WHERE error_code = 'provider_auth'")

    assert [one["code"] for one in await letters(alice)] == ["content_refused", "provider_auth"]
    assert [one["code"] for one in await letters(alice, code="provider_auth")] == ["provider_auth"]
    assert [one["code"] for one in await letters(alice, since="2026-11-01T00:00:01Z")] == ["content_refused"]
    assert len(await letters(alice, entity_type="problem")) == 2
    assert await letters(alice, entity_type="sentence") == []
    assert len(await letters(alice, limit="500")) == 2


@pytest.mark.parametrize(
    ("params", "status", "code", "says"),
    [
        ({"code": "bogus"}, 422, "parameter_refused", "provider_auth"),
        ({"state": "closed"}, 422, "parameter_refused", "discarded"),
        ({"since": "2026-11-01T00:00:00"}, 422, "parameter_refused", "offset"),
        ({"since": "soon"}, 422, "parameter_refused", "offset"),
        *[({"since": since}, 422, "parameter_refused", "offset") for since in (*EDGES, "0", "1700000000", "NaN")],
        *[({"cursor": handmade(since)}, 400, "cursor_mismatch", "cursor") for since in EDGES],
        ({"limit": "0"}, 422, "parameter_refused", "limit"),
        ({"limit": "-1"}, 422, "parameter_refused", "limit"),
        ({"limit": "٣"}, 422, "parameter_refused", "limit"),
        ({"entity_type": "a\0b"}, 422, "parameter_refused", "entity_type"),
        ({"cursor": "bogus"}, 400, "cursor_mismatch", "next_cursor"),
        ({"cursor": "W10"}, 400, "cursor_mismatch", "next_cursor"),
        ({"cursor": "é"}, 400, "cursor_mismatch", "next_cursor"),
        *[({name: ""}, 422, "parameter_refused", name) for name in ("code", "entity_type", "since", "state", "limit")],
        ({"cursor": ""}, 400, "cursor_mismatch", "next_cursor"),
        ({"state": ["open", "discarded"]}, 422, "parameter_refused", "give it once"),
        ({"limit": ["5", "7"]}, 422, "parameter_refused", "give it once"),
        ({"colour": "red"}, 400, "parameter_unknown", "cursor"),
    ],
)
async def test_a_list_that_cannot_be_is_told(
    alice: Caller, params: dict[str, Any], status: int, code: str, says: str
) -> None:
    answer = await alice.http.get("/dead-letters", params=params)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.json()["detail"]


async def test_a_requeue_by_time_takes_what_failed_since(house: House, alice: Caller) -> None:
    await fail(house, AUTH)
    for since, matched in (("2999-12-31T00:00:00Z", 0), ("2020-01-31T00:00:00+01:00", 1)):
        answer = await alice.http.post("/dead-letters/requeue", json={"filter": {"since": since}, "dry_run": True})
        assert (answer.status_code, answer.json()["matched"]) == (200, matched)


async def test_the_document_tells_what_a_dry_run_answers_and_what_a_forgotten_key_does(alice: Caller) -> None:
    document = (await alice.http.get("/openapi.json")).json()

    assert {"200", "202", "404"} <= document["paths"]["/dead-letters/requeue"]["post"]["responses"].keys()


async def test_a_cursor_belongs_to_its_filters(house: House, alice: Caller) -> None:
    await fail(house, AUTH, AUTH)
    cursor = (await alice.http.get("/dead-letters?limit=1")).json()["next_cursor"]

    answer = await alice.http.get("/dead-letters", params={"cursor": cursor, "code": "provider_auth"})

    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_mismatch")
    assert (await alice.http.get("/dead-letters", params={"cursor": cursor, "limit": "7"})).status_code == 200


async def test_another_owner_sees_and_moves_nothing(api: Api, house: House, alice: Caller) -> None:
    await fail(house, AUTH)
    [letter] = await letters(alice)
    bob = await api.owner()

    assert await letters(bob) == []
    for method, path in (("GET", ""), ("POST", "/requeue"), ("DELETE", "")):
        answer = await bob.http.request(method, f"/dead-letters/{letter['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    bulk = await bob.http.post("/dead-letters/requeue", json={"filter": {"code": "provider_auth"}})
    assert bulk.json()["matched"] == 0
    assert [one["state"] for one in await letters(alice)] == ["open"]


@pytest.mark.parametrize("letter_id", ["x", "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"])
async def test_one_that_there_is_not_is_not_found(alice: Caller, letter_id: str) -> None:
    for method, path in (("GET", ""), ("POST", "/requeue"), ("DELETE", "")):
        assert (await alice.http.request(method, f"/dead-letters/{letter_id}{path}")).status_code == 404
