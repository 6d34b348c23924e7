"""Every route by everybody: what the owner, another owner, nobody, a revoked key and each scope are answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from house import House
from lqs.api.app import create
from lqs.domain.api_key import Scope

from .conftest import Api, Caller, done, durable


@dataclass(frozen=True)
class Route:
    """What a route answers its owner with, and its foreign callers, if it is about something that has an owner."""

    scope: Scope
    own: int
    foreign: int
    body: dict[str, Any] | None = None


READ, WRITE, ADMIN = Scope.READ, Scope.WRITE, Scope.ADMIN
ROUTES = {
    "generate_problems": Route(WRITE, 202, 202, {}),
    "list_problems": Route(READ, 200, 200),
    "draw_problem": Route(READ, 200, 404, {}),
    "random_problem": Route(READ, 200, 404),
    "count_problems": Route(READ, 200, 200),
    "get_problem": Route(READ, 200, 404),
    "list_generation_requests": Route(READ, 200, 200),
    "begin_bulk_operation": Route(
        WRITE, 200, 200, {"action": "retry", "filter": {"status": ["failed"]}, "dry_run": True}
    ),
    "get_bulk_operation": Route(READ, 200, 404),
    "get_statistics": Route(READ, 200, 200),
    "get_generation_request": Route(READ, 200, 404),
    "cancel_generation_request": Route(WRITE, 200, 404, {}),
    "change_generation_request": Route(WRITE, 200, 404, {"pinned": True}),
    "delete_generation_request": Route(WRITE, 200, 404),
    "retry_generation_request": Route(WRITE, 202, 404, {}),
    "list_runs": Route(READ, 200, 404),
    "get_slot": Route(READ, 200, 404),
    "list_dead_letters": Route(ADMIN, 200, 200),
    "get_dead_letter": Route(ADMIN, 200, 404),
    "requeue_dead_letters": Route(ADMIN, 200, 200, {"filter": {"entity_type": "problem"}, "dry_run": True}),
    "requeue_dead_letter": Route(ADMIN, 202, 404, {}),
    "discard_dead_letter": Route(ADMIN, 204, 404),
    "create_api_key": Route(ADMIN, 201, 201, {"name": "further", "scopes": ["read"]}),
    "list_api_keys": Route(ADMIN, 200, 200),
    "revoke_api_key": Route(ADMIN, 204, 404),
    "get_limits": Route(READ, 200, 200),
    "get_metrics": Route(ADMIN, 200, 200),
}
"""Where a foreign caller is answered like the owner, the answer is about the caller's own; another test reads it."""
OPEN = {"get_liveness": 200, "get_readiness": 200, "get_error_page": 200}
"""Routes that need no key."""


@dataclass(frozen=True)
class Address:
    """How an operation is called."""

    operation: str
    method: str
    path: str


def addresses() -> Iterator[Address]:
    """Every route of the application as it is; what is in no document is a page or a file of it, and has no caller."""
    for path, methods in create().openapi()["paths"].items():
        for method, operation in methods.items():
            yield Address(operation["operationId"], method.upper(), path)


ADDRESSES = list(addresses())


def test_every_route_has_its_row_and_every_row_a_route() -> None:
    assert {address.operation for address in ADDRESSES} == ROUTES.keys() | OPEN.keys()


@pytest.fixture
async def owned(house: House, api: Api, alice: Caller) -> dict[str, str]:
    """One of everything that has an owner: all of it is Alice's."""
    request_id = await done(house, 2, 0)
    told = (await alice.http.get(f"/generation-requests/{request_id}")).json()
    [letter] = (await alice.http.get("/dead-letters")).json()["results"]
    begun = await alice.http.post(
        "/generation-requests/bulk", json={"action": "cancel", "filter": {"entity_type": "problem"}}
    )
    return {
        "request_id": request_id,
        "problem_id": told["entities"][0]["id"],
        "index": "0",
        "code": "not-found",
        "dead_letter_id": letter["id"],
        "bulk_id": begun.json()["bulk_id"],
        "key_id": (await api.caller(alice.owner_id)).key_id,
    }


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.operation)
async def test_a_route_answers_everybody_as_the_table_says(
    address: Address, api: Api, alice: Caller, owned: dict[str, str]
) -> None:
    route = ROUTES.get(address.operation)
    path = address.path.format(**owned)

    async def status(caller: Caller | None) -> int:
        client = api.anonymous() if caller is None else caller.http
        answer = await client.request(address.method, path, json=route.body if route else None)
        return answer.status_code

    if route is None:
        assert await status(None) == OPEN[address.operation]
        return
    stands = await alice.http.get(f"/generation-requests/{owned['request_id']}")
    revoked = await api.caller(alice.owner_id)
    await alice.http.delete(f"/api-keys/{revoked.key_id}")
    refused = {scope: await status(await api.caller(alice.owner_id, scope)) for scope in set(Scope) - {route.scope}}
    found = {
        "anonymous": await status(None),
        "revoked": await status(revoked),
        "another owner": await status(await api.owner()),
        "another owner with just the scope": await status(await api.owner(route.scope)),
    }

    assert refused == dict.fromkeys(refused, 403)
    assert found == {
        "anonymous": 401,
        "revoked": 401,
        "another owner": route.foreign,
        "another owner with just the scope": route.foreign,
    }
    unchanged = await alice.http.get(stands.request.url.path)
    assert durable(unchanged.json()) == durable(stands.json())
    # last, for it may take away what the others were refused
    assert await status(await api.caller(alice.owner_id, route.scope)) == route.own


@pytest.mark.parametrize(
    "path",
    [
        "/problems",
        "/generation-requests",
        "/dead-letters",
        "/api-keys",
        "/problems/stats",
        "/generation-requests/stats",
    ],
)
async def test_a_list_of_another_owner_has_nothing_of_this_one(
    api: Api, owned: dict[str, str], alice: Caller, path: str
) -> None:
    other = await api.owner()

    told, own = (await other.http.get(path)).text, (await alice.http.get(path)).text
    assert not [value for name, value in owned.items() if name not in {"index", "code"} and value in told]
    assert told != own
