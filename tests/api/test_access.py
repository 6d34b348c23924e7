"""Keys, scopes, health, unknown addresses, and the document of it all."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from house import House
from lqs.api import schemas
from lqs.api.error_responses import STATUS
from lqs.domain import errors
from lqs.domain.api_key import ApiKey, Scope, make_key
from lqs.lifecycle.keys import create_key
from lqs.lifecycle.register import beat

from .conftest import Api, Caller


async def test_a_created_key_works_is_listed_without_its_secret_and_can_be_revoked(api: Api, alice: Caller) -> None:
    created = await alice.http.post("/api-keys", json={"name": "quiz app", "scopes": ["read", "write"]})
    schemas.CreatedKey.model_validate_json(created.content)
    secret, key_id = created.json()["secret"], created.json()["key_id"]
    app = api.anonymous()
    app.headers["Authorization"] = f"Bearer {secret}"

    assert created.status_code == 201
    assert (await app.post("/problems/generate", json={})).status_code == 202
    listed = await alice.http.get("/api-keys")
    schemas.Keys.model_validate_json(listed.content)
    assert secret not in listed.text
    assert next(k for k in listed.json()["results"] if k["key_id"] == key_id)["last_used_at"] is not None
    assert (await alice.http.delete(f"/api-keys/{key_id}")).status_code == 204
    assert (await alice.http.delete(f"/api-keys/{key_id}")).status_code == 204
    refused = await app.post("/problems/generate", json={})
    assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")


async def test_the_database_knows_only_the_hash_of_a_secret(api: Api, alice: Caller) -> None:
    secret = (await alice.http.post("/api-keys", json={"name": "k", "scopes": ["read"]})).json()["secret"]

    async with api.database.acquire() as connection:
        rows = await connection.fetch("SELECT row_to_json(k)::text AS row FROM api_keys k")
    assert not [row for row in rows if secret.rpartition("_")[2][:-6] in row["row"]]


async def test_an_expired_key_is_refused(api: Api, alice: Caller) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    key, _ = await create_key(
        api.database, owner_id=alice.owner_id, name="old", scopes=[Scope.READ], expires_at=yesterday
    )
    late = api.anonymous()
    late.headers["Authorization"] = f"Bearer {key.text}"

    assert (await late.get("/generation-requests/x")).status_code == 401


@pytest.mark.parametrize("secret", ["wrong", "right"])
async def test_only_a_use_with_the_right_secret_counts_as_one(api: Api, alice: Caller, secret: str) -> None:
    key, view = await create_key(api.database, owner_id=alice.owner_id, name="k", scopes=[Scope.READ])
    presented = key if secret == "right" else ApiKey(key.key_id, key.secret[::-1])
    caller = api.anonymous()
    caller.headers["Authorization"] = f"Bearer {presented.text}"

    await caller.get("/generation-requests/x")

    listed = (await alice.http.get("/api-keys")).json()["results"]
    used = next(k for k in listed if k["key_id"] == view.key_id)["last_used_at"]
    assert (used is not None) == (secret == "right")


@pytest.mark.parametrize("key_id", ["a%00b", "x" * 5000, "..%2f", "%ff"])
async def test_an_odd_key_id_is_as_unknown_as_any(alice: Caller, key_id: str) -> None:
    assert (await alice.http.delete(f"/api-keys/{key_id}")).status_code == 404


async def test_a_key_of_another_owner_cannot_be_revoked(api: Api, alice: Caller) -> None:
    bob = await api.owner()

    assert (await alice.http.delete(f"/api-keys/{bob.key_id}")).status_code == 404
    assert (await bob.http.get("/api-keys")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "", "scopes": ["read"]},
        {"name": "k", "scopes": []},
        {"name": "k", "scopes": ["everything"]},
        {"name": "k", "scopes": ["read"], "expires_at": "soon"},
        {"name": "k", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "k", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00"},
        {"name": "k", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59-12:00"},
        {"name": "k", "scopes": ["read"], "expires_at": "0001-01-01T00:00:00+12:00"},
        {"name": "k", "scopes": ["read"], "owner_id": "x"},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(alice: Caller, body: dict[str, Any]) -> None:
    answer = await alice.http.post("/api-keys", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "body_refused")


async def test_a_missing_key_and_a_missing_scope_are_told_with_what_is_missing(api: Api, alice: Caller) -> None:
    anonymous = await api.anonymous().get("/generation-requests")
    others = await api.caller(alice.owner_id, *(set(Scope) - {Scope.READ}))
    refused = await others.http.get("/generation-requests")

    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "not_authenticated")
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert Scope.READ in refused.json()["detail"]


WRONG_KEYS = {
    "nothing": "",
    "no key": "Bearer",
    "no whole key": "Bearer x",
    "another scheme": "Basic dTpw",
    "an unknown key": f"Bearer {make_key().text}",
    "a mistyped key": f"Bearer {make_key().text[:-1]}!",
}


@pytest.mark.parametrize("header", WRONG_KEYS.values(), ids=WRONG_KEYS)
async def test_a_wrong_key_is_told_in_one_shape(api: Api, header: str) -> None:
    answer = await api.anonymous().get("/generation-requests/x", headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_health_needs_no_key_and_tells_when_no_worker_lives(api: Api) -> None:
    live = await api.anonymous().get("/health/live")
    ready = await api.anonymous().get("/health/ready")

    assert live.json() == {"status": "alive"}
    [reason] = ready.json().pop("reasons")
    assert (ready.status_code, ready.json()["status"], ready.json()["workers_alive"]) == (200, "degraded", 0)
    assert reason["code"] == "no_worker"
    assert "lqs worker" in reason["detail"]


async def test_health_tells_what_keeps_work_from_reaching_a_worker_and_tells_it_once(api: Api, house: House) -> None:
    for _ in range(2):
        assert await beat(house.database, await house.worker(), in_flight=0, trouble="Kafka is away.")
    silent = await house.worker()
    assert await beat(house.database, silent, in_flight=0, trouble="Something else.")
    await house.silence(silent)
    ready = (await api.anonymous().get("/health/ready")).json()
    assert ready == {
        "status": "degraded",
        "workers_alive": 2,
        "reasons": [{"code": "transport_in_trouble", "detail": "Kafka is away."}],
    }


async def test_health_is_ready_with_a_worker(api: Api, worker: None) -> None:
    well = {"status": "ready", "workers_alive": 1, "reasons": []}
    while (ready := (await api.anonymous().get("/health/ready")).json()) != well:
        assert ready["status"] == "degraded"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/problems/generate/", 404, "not_found"),
        ("PUT", "/problems/generate", 405, "method_not_allowed"),
        ("GET", "/health/live?verbose=1", 400, "parameter_unknown"),
    ],
)
async def test_what_is_not_there_is_told_in_the_one_shape(
    api: Api, method: str, path: str, status: int, code: str
) -> None:
    answer = await api.anonymous().request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["trace_id"] == answer.headers["X-Trace-Id"]


async def test_a_trace_id_is_taken_from_traceparent(api: Api) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await api.anonymous().get("/x", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})

    assert answer.headers["X-Trace-Id"] == trace_id


async def test_a_database_that_went_away_is_a_503_until_it_comes_back(
    api: Api, alice: Caller, database_url: str, creating: asyncpg.Connection
) -> None:
    name = database_url.rpartition("/")[2].partition("?")[0]
    await creating.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await creating.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)

    read = await alice.http.get("/health/ready")
    write = await alice.http.post("/problems/generate", json={})
    await creating.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    again = await alice.http.post("/problems/generate", json={})

    for answer in (read, write):
        assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
        assert answer.json()["retryable"] is True
        assert int(answer.headers["Retry-After"]) >= 1
    assert again.status_code == 202


async def test_the_document_declares_every_error_the_api_can_answer_with(api: Api) -> None:
    document = (await api.anonymous().get("/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    [(name, scheme)] = document["components"]["securitySchemes"].items()
    assert (name, scheme["type"], scheme["scheme"]) == ("api_key", "http", "bearer")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"500", "503", "400"} <= operation["responses"].keys(), (method, path)
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Error"}
    references = set(_references(document))
    assert references <= {f"#/components/{kind}/{name}" for kind, of in document["components"].items() for name in of}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [reference for member in value.values() for reference in _references(member)]
    if isinstance(value, list):
        return [reference for member in value for reference in _references(member)]
    return []


def test_every_error_class_has_one_code_and_one_status() -> None:
    leaves = [kind for kind in _descendants(errors.LqsError) if not kind.__subclasses__()]

    assert set(leaves) == set(STATUS)
    codes = [kind.code for kind in leaves]
    assert len(set(codes)) == len(codes)
    for kind, status in STATUS.items():
        assert (400 <= status < 500) == issubclass(kind, errors.CallerError)
        assert json.dumps(kind.title)


def _descendants(kind: type[errors.LqsError]) -> list[type[errors.LqsError]]:
    return [child for direct in kind.__subclasses__() for child in [direct, *_descendants(direct)]]
