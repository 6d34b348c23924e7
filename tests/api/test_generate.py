"""`POST /problems/generate`: what is accepted, what is refused, and what a key does."""

import asyncio
import gzip
import json
from uuid import UUID

import pytest

from .conftest import Api, Caller

MANY_DIGITS = b"9" * 5000


async def count_of(api: Api, table: str) -> int:
    async with api.database.acquire() as connection:
        found = await connection.fetchval(f"SELECT count(*) FROM {table}")
    assert isinstance(found, int)
    return found


async def test_answers_202_with_one_id_that_can_be_read_at_once(alice: Caller) -> None:
    answer = await alice.http.post("/problems/generate", json={"count": 5, "metadata": {"lesson": "A1-7"}})

    body = answer.json()
    assert answer.status_code == 202
    assert body["message"] == "Generation request accepted"
    assert body["count"] == 5
    assert body["status"] == "pending"
    assert body["done"] is False
    assert body["idempotency"] is None
    address = f"/generation-requests/{body['request_id']}"
    assert body["links"] == {
        "self": address,
        "entities": f"/problems?generation_request_id={body['request_id']}",
        "cancel": f"{address}/cancel",
        "retry": None,
    }
    assert answer.headers["Location"] == address
    assert answer.headers["ETag"] == f'W/"{body["request_id"]}.1"'
    assert int(answer.headers["Retry-After"]) >= 1
    assert 1000 <= body["poll_after_ms"] <= 1100
    assert (await alice.http.get(answer.headers["Location"])).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"{}", b'{"count": 1}'])
async def test_without_a_count_makes_one(alice: Caller, sent: bytes) -> None:
    answer = await alice.http.post("/problems/generate", content=sent, headers={"Content-Type": "application/json"})

    assert answer.status_code == 202
    assert answer.json()["count"] == 1


async def test_the_deadline_is_ninety_seconds_an_entity_and_two_minutes(api: Api, alice: Caller) -> None:
    await alice.http.post("/problems/generate", json={"count": 4})

    async with api.database.acquire() as connection:
        seconds = await connection.fetchval(
            "SELECT extract(epoch FROM deadline_at - requested_at)::int FROM generation_requests"
        )
    assert seconds == 4 * 90 + 120


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ([("traceparent", TRACE)], (TRACE, None)),
        ([("Traceparent", TRACE)], (TRACE, None)),
        ([("traceparent", TRACE), ("tracestate", "a=1"), ("tracestate", "b=2")], (TRACE, "a=1,b=2")),
        ([("traceparent", TRACE), ("tracestate", "nonsense")], (TRACE, None)),
        ([("tracestate", "a=1")], (None, None)),
        ([], (None, None)),
        ([("traceparent", "00-0-0-0")], (None, None)),
        ([("traceparent", TRACE), ("traceparent", TRACE)], (None, None)),
        ([("traceparent", "\u00e9" * 300)], (None, None)),
    ],
)
async def test_the_callers_place_in_a_trace_is_kept_and_a_malformed_one_is_ignored(
    api: Api, alice: Caller, headers: list[tuple[str, str]], stored: tuple[str | None, str | None]
) -> None:
    sent = [(name, value.encode()) for name, value in headers]
    answer = await alice.http.post("/problems/generate", json={}, headers=[*sent, (b"x-other", b"1")])

    assert answer.status_code == 202
    async with api.database.acquire() as connection:
        found = await connection.fetchrow("SELECT traceparent, tracestate FROM generation_requests")
    assert found is not None
    assert tuple(found) == stored


CORPUS = {
    "not json": (b"{count: 1}", 400, "body_malformed", None),
    "half a body": (b'{"count": ', 400, "body_malformed", None),
    "not utf-8": (b'{"metadata": {"a": "\xff"}}', 400, "body_malformed", None),
    "a list": (b"[]", 422, "body_refused", ""),
    "null": (b"null", 422, "body_refused", ""),
    "a number": (b"7", 422, "body_refused", ""),
    "count 0": (b'{"count": 0}', 422, "body_refused", "/count"),
    "count 11": (b'{"count": 11}', 422, "body_refused", "/count"),
    "count -1": (b'{"count": -1}', 422, "body_refused", "/count"),
    "count in words": (b'{"count": "5"}', 422, "body_refused", "/count"),
    "count true": (b'{"count": true}', 422, "body_refused", "/count"),
    "count 1.5": (b'{"count": 1.5}', 422, "body_refused", "/count"),
    "count null": (b'{"count": null}', 422, "body_refused", "/count"),
    "NaN": (b'{"count": NaN}', 422, "body_refused", "/count"),
    "Infinity": (b'{"count": Infinity}', 422, "body_refused", "/count"),
    "1e999": (b'{"count": 1e999}', 422, "body_refused", "/count"),
    "NaN where nothing is known": (b'{"x": [0, NaN]}', 422, "body_refused", "/x/1"),
    "five thousand digits": (b'{"count": ' + MANY_DIGITS + b"}", 422, "body_refused", ""),
    "unknown field": (b'{"cuont": 5}', 422, "body_refused", "/cuont"),
    "field of a later day": (b'{"webhook": {}}', 422, "body_refused", "/webhook"),
    "unknown priority": (b'{"priority": "urgent"}', 422, "body_refused", "/priority"),
    "no time at all": (b'{"timeout_seconds": 0}', 422, "body_refused", "/timeout_seconds"),
    "more than an hour": (b'{"timeout_seconds": 3601}', 422, "body_refused", "/timeout_seconds"),
    "a start after the end": (
        b'{"timeout_seconds": 10, "start_within_seconds": 11}',
        422,
        "body_refused",
        "/start_within_seconds",
    ),
    "an attempt without end": (b'{"slot_timeout_seconds": 601}', 422, "body_refused", "/slot_timeout_seconds"),
    "six attempts": (b'{"max_attempts": 6}', 422, "body_refused", "/max_attempts"),
    "a negative budget": (b'{"max_cost_microusd": -1}', 422, "body_refused", "/max_cost_microusd"),
    "half a second": (b'{"timeout_seconds": 0.5}', 422, "body_refused", "/timeout_seconds"),
    "kept for a minute": (b'{"retention_seconds": 60}', 422, "body_refused", "/retention_seconds"),
    "same field twice": (b'{"count": 1, "count": 2}', 422, "body_refused", ""),
    "NUL in a value": (b'{"metadata": {"a": "x\\u0000y"}}', 422, "body_refused", "/metadata/a"),
    "NUL in a name": (b'{"metadata": {"a\\u0000": "x"}}', 422, "body_refused", "/metadata/a\\u0000"),
    "lone surrogate": (b'{"metadata": {"a": "\\ud800"}}', 422, "body_refused", "/metadata/a"),
    "lone surrogate in a name": (b'{"metadata": {"\\udc00": "a"}}', 422, "body_refused", "/metadata/\\udc00"),
    "NUL in an unknown field": (b'{"\\u0000": 1}', 422, "body_refused", "/\\u0000"),
    "20,000 arrays deep": (b"[" * 20_000 + b"]" * 20_000, 422, "body_refused", ""),
    "20 arrays deep": (b'{"metadata": ' + b"[" * 20 + b"]" * 20 + b"}", 422, "body_refused", None),
    "20,000 arrays open": (b"[" * 20_000, 422, "body_refused", ""),
    "metadata a list": (b'{"metadata": []}', 422, "body_refused", "/metadata"),
    "metadata of numbers": (b'{"metadata": {"a": 1}}', 422, "body_refused", "/metadata/a"),
    "metadata too many": (
        json.dumps({"metadata": {str(n): "x" for n in range(17)}}).encode(),
        422,
        "body_refused",
        "/metadata",
    ),
    "metadata too long": (json.dumps({"metadata": {"a": "x" * 513}}).encode(), 422, "body_refused", "/metadata/a"),
    "unknown constraint": (b'{"constraints": {"verb": ["aller"]}}', 422, "body_refused", "/constraints/verb"),
    "unknown verb": (b'{"constraints": {"verbs": ["xyzzer"]}}', 422, "body_refused", "/constraints/verbs/0"),
    "64 KB and one": (b'{"metadata": {"a": "' + b"x" * 65_536 + b'"}}', 413, "body_too_large", None),
}


@pytest.mark.parametrize("name", CORPUS)
async def test_refuses_a_bad_body_stores_nothing_and_repeats_nothing(api: Api, alice: Caller, name: str) -> None:
    sent, status, code, pointer = CORPUS[name]

    answer = await alice.http.post("/problems/generate", content=sent, headers={"Content-Type": "application/json"})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == status
    assert body["trace_id"] == answer.headers["X-Trace-Id"]
    assert body["type"] == f"/errors/{code.replace('_', '-')}"
    assert body["instance"] == "/problems/generate"
    if pointer is not None:
        assert pointer in [error["pointer"] for error in body["errors"]]
    assert len(answer.content) < 6000
    assert await count_of(api, "generation_requests") == 0
    assert await count_of(api, "idempotency_keys") == 0


async def test_says_the_limits_of_count_and_what_was_probably_meant(alice: Caller) -> None:
    answer = await alice.http.post("/problems/generate", json={"count": 11, "metadta": {}})

    errors = {error["pointer"]: error for error in answer.json()["errors"]}
    assert (errors["/count"]["min"], errors["/count"]["max"]) == (1, 10)
    assert "Did you mean metadata?" in errors["/metadta"]["detail"]


async def test_an_error_never_repeats_a_value_of_the_body(alice: Caller) -> None:
    secret = "correct-horse-battery"

    answer = await alice.http.post("/problems/generate", json={"count": secret, "metadata": {"a": [secret]}})

    assert answer.status_code == 422
    assert secret not in answer.text


async def test_wants_json_announced_as_json(api: Api, alice: Caller) -> None:
    answer = await alice.http.post(
        "/problems/generate", content=b'{"count": 1}', headers={"Content-Type": "text/plain"}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    assert await count_of(api, "generation_requests") == 0


@pytest.mark.parametrize("sent", [b'{"count": 1}', gzip.compress(b'{"count": 1}')], ids=["plain", "compressed"])
async def test_what_is_announced_as_compressed_is_refused_as_such(api: Api, alice: Caller, sent: bytes) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await alice.http.post("/problems/generate", content=sent, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    assert "Content-Encoding" in answer.json()["detail"]
    assert await count_of(api, "generation_requests") == 0


async def test_refuses_a_query_parameter_it_does_not_know(alice: Caller) -> None:
    answer = await alice.http.post("/problems/generate?count=5", json={})

    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_unknown")
    assert "count" in answer.json()["detail"]


async def test_the_same_key_and_body_replay_the_first_answer(api: Api, alice: Caller) -> None:
    first = await alice.http.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": "k-1"})
    again = await alice.http.post(
        "/problems/generate",
        content=b'{ "metadata": {}, "count": 2 }',
        headers={"Idempotency-Key": '"k-1"', "Content-Type": "application/json"},
    )

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["request_id"] == first.json()["request_id"]
    assert first.headers["Idempotent-Replayed"] == "false"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["idempotency"] == {"key": "k-1", "replayed": True, "key_expires_at": None}
    assert again.json()["deadline_at"] == first.json()["deadline_at"]
    assert await count_of(api, "generation_requests") == 1


async def test_an_empty_body_equals_one_with_the_defaults_written_out(alice: Caller) -> None:
    first = await alice.http.post("/problems/generate", headers={"Idempotency-Key": "k"})
    again = await alice.http.post(
        "/problems/generate", json={"count": 1, "constraints": {}, "metadata": {}}, headers={"Idempotency-Key": "k"}
    )

    assert again.json()["request_id"] == first.json()["request_id"]


async def test_the_same_key_with_another_body_names_what_differs_and_stores_nothing(api: Api, alice: Caller) -> None:
    sent = {"count": 2, "constraints": {"tenses": ["present"]}, "metadata": {"a": "1", "b": "2"}}
    first = await alice.http.post("/problems/generate", json=sent, headers={"Idempotency-Key": "k"})
    other = {"count": 3, "constraints": {"tenses": ["passe_compose"]}, "metadata": {"a": "1", "c": "2"}}

    answer = await alice.http.post("/problems/generate", json=other, headers={"Idempotency-Key": "k"})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "idempotency_key_reuse")
    assert body["existing_request_id"] == first.json()["request_id"]
    assert body["differing_fields"] == ["count", "constraints.tenses", "metadata.b", "metadata.c"]
    assert await count_of(api, "generation_requests") == 1


async def test_what_differs_is_told_from_the_first_body_whatever_was_changed_since(alice: Caller) -> None:
    sent, key = {"count": 1, "metadata": {"m": "1"}}, {"Idempotency-Key": "k"}
    made = (await alice.http.post("/problems/generate", json=sent, headers=key)).json()["request_id"]
    changed = await alice.http.patch(f"/generation-requests/{made}", json={"metadata": {"m": "2"}, "priority": "low"})

    answer = await alice.http.post("/problems/generate", json=sent | {"count": 2, "max_attempts": 2}, headers=key)

    assert changed.status_code == 200
    assert answer.json()["differing_fields"] == ["count", "max_attempts"]


async def test_a_refused_body_leaves_the_key_free(alice: Caller) -> None:
    refused = await alice.http.post("/problems/generate", json={"count": 99}, headers={"Idempotency-Key": "k"})
    accepted = await alice.http.post("/problems/generate", json={"count": 9}, headers={"Idempotency-Key": "k"})

    assert (refused.status_code, accepted.status_code) == (422, 202)
    assert accepted.headers["Idempotent-Replayed"] == "false"


async def test_fifty_twins_at_once_make_one_generation_request(api: Api, alice: Caller) -> None:
    answers = await asyncio.gather(
        *(alice.http.post("/problems/generate", json={}, headers={"Idempotency-Key": "k"}) for _ in range(50))
    )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["request_id"] for answer in answers}) == 1
    assert sorted(answer.headers["Idempotent-Replayed"] for answer in answers) == ["false", *["true"] * 49]
    assert await count_of(api, "generation_requests") == 1
    assert await count_of(api, "slots") == 1


async def test_the_same_key_of_two_owners_is_two_keys(api: Api, alice: Caller) -> None:
    bob = await api.owner()

    first = await alice.http.post("/problems/generate", json={"count": 1}, headers={"Idempotency-Key": "k"})
    other = await bob.http.post("/problems/generate", json={"count": 2}, headers={"Idempotency-Key": "k"})

    assert (first.status_code, other.status_code) == (202, 202)
    assert first.json()["request_id"] != other.json()["request_id"]


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256, "clé"])
async def test_a_malformed_key_is_told(api: Api, alice: Caller, key: str) -> None:
    answer = await alice.http.post("/problems/generate", headers={"Idempotency-Key": key.encode()})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert await count_of(api, "generation_requests") == 0


async def test_two_keys_on_one_call_are_told(api: Api, alice: Caller) -> None:
    answer = await alice.http.post("/problems/generate", headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert await count_of(api, "generation_requests") == 0


@pytest.mark.parametrize("length", ["x", "-5", "9" * 5000])
async def test_a_length_that_is_none_is_told(api: Api, alice: Caller, length: str) -> None:
    answer = await alice.http.post("/problems/generate", content=b"{}", headers={"Content-Length": length})

    assert answer.status_code in (400, 413)
    assert await count_of(api, "generation_requests") == 0


async def test_equal_bodies_without_a_key_are_two_wishes(alice: Caller) -> None:
    first = await alice.http.post("/problems/generate", json={})
    second = await alice.http.post("/problems/generate", json={})

    assert UUID(first.json()["request_id"]) != UUID(second.json()["request_id"])
    assert "Idempotent-Replayed" not in first.headers


async def test_a_list_that_is_too_long_for_a_message_ends_between_two_words(alice: Caller) -> None:
    answer = await alice.http.post("/problems/generate", json={"constraints": {"verbs": ["xyzzer"]}})
    [finding] = answer.json()["errors"]
    assert len(finding["detail"]) <= 2000
    assert finding["detail"].endswith(", …")
