"""The list of generation requests: filters, pages that hold while others submit, each owner their own."""

from typing import Any

import httpx
import pytest

from house import House, failed, generated
from lqs.api import schemas
from lqs.domain.api_key import Scope
from lqs.domain.generation_request import EndReason
from lqs.domain.selection import Filter
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage import selection
from lqs.storage.selection import END, Search

from .conftest import Api, Caller, durable

LIST = "/generation-requests"


async def pages(http: httpx.AsyncClient, **query: Any) -> list[list[str]]:
    """The ids on every page, following the links."""
    address: str | None = str(httpx.URL(LIST, params=query))
    found = []
    while address:
        answer = await http.get(address)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append([one["request_id"] for one in body["results"]])
        address = body["links"]["next"]
        assert body["has_more"] == (address is not None) == (body["next_cursor"] is not None)
        assert answer.headers.get("Link") == (f'<{address}>; rel="next"' if address else None)
    return found


async def ids(http: httpx.AsyncClient, **query: Any) -> list[str]:
    return [one for page in await pages(http, **query) for one in page]


async def submitted(caller: Caller, **body: Any) -> str:
    return str((await caller.http.post("/problems/generate", json=body)).json()["request_id"])


async def test_each_filter_leaves_what_matches_the_newest_first(house: House, alice: Caller) -> None:
    async with house.at("-48 hours") as before:
        partial_id, worker_id, [one, other] = await before.claimed(2, metadata={"lesson": "A1", "class": "7b"})
        await before.settle(worker_id, generated(one), failed(other, SlotErrorCode.PROVIDER_AUTH))
    async with house.at("-24 hours") as before:
        whole_id, worker_id, [one] = await before.claimed(1, metadata={"lesson": "A1"})
        await before.settle(worker_id, generated(one))
    partly, whole = str(partial_id), str(whole_id)
    waiting = await submitted(alice, priority="low")
    read = (await alice.http.get(f"{LIST}/{whole}")).json()

    for query, expected in (
        ({}, [waiting, whole, partly]),
        ({"order_by": "requested_at"}, [partly, whole, waiting]),
        ({"status": "completed"}, [whole]),
        ({"status": "completed,partial"}, [whole, partly]),
        ({"done": "true"}, [whole, partly]),
        ({"done": "false"}, [waiting]),
        ({"done": "true", "status": "pending,partial"}, [partly]),
        ({"done": "true", "status": "pending"}, []),
        ({"end_reason": EndReason.ALL_SETTLED}, [whole, partly]),
        ({"error_code": "provider_auth,internal"}, [partly]),
        ({"priority": "low,high"}, [waiting]),
        ({"entity_type": "problem"}, [waiting, whole, partly]),
        ({"metadata[lesson]": "A1"}, [whole, partly]),
        ({"metadata[lesson]": "A1", "metadata[class]": "7b"}, [partly]),
        ({"metadata[lesson]": "B1"}, []),
        ({"requested_after": read["requested_at"]}, [waiting, whole]),
        ({"requested_before": read["requested_at"]}, [partly]),
        ({"requested_before": read["requested_at"], "order_by": "requested_at"}, [partly]),
        ({"completed_after": read["completed_at"]}, [whole]),
        ({"completed_before": read["completed_at"]}, [partly]),
    ):
        assert await ids(alice.http, **query) == expected, query
        assert await ids(alice.http, limit=1, **query) == expected, query


async def test_pages_miss_nothing_and_repeat_nothing_while_others_submit(house: House, alice: Caller) -> None:
    """The first five were asked for at the same moment, so that time alone does not order them."""
    async with house.submitter() as submitter:
        first = [str((await submitter.submit(house.submission())).request_id) for _ in range(5)]
    await house.rows(
        "UPDATE generation_requests SET requested_at = (SELECT min(requested_at) FROM generation_requests)"
    )
    expected = sorted(first, reverse=True)
    seen: list[str] = []
    address: str | None = f"{LIST}?limit=2"
    while address:
        body = (await alice.http.get(address)).json()
        seen += [one["request_id"] for one in body["results"]]
        address = body["links"]["next"]
        await submitted(alice)
    assert seen == expected

    everything = await ids(alice.http, order_by="requested_at", limit=3)
    assert everything[:5] == expected[::-1]
    assert len(everything) == len(set(everything)) == 8


async def test_a_summary_is_what_a_get_tells_without_slots_and_entities(house: House, alice: Caller) -> None:
    request_id, worker_id, [one, other] = await house.claimed(2)
    await house.settle(worker_id, generated(one), failed(other))
    address = f"{LIST}/{request_id}"

    [short] = (await alice.http.get(LIST)).json()["results"]
    [whole] = (await alice.http.get(LIST, params={"view": "full"})).json()["results"]
    read, read_short = await alice.http.get(address), await alice.http.get(address, params={"view": "summary"})

    schemas.GenerationRequestSummary.model_validate_json(read_short.content)
    schemas.GenerationRequest.model_validate_json(read.content)
    assert whole == durable(read.json())
    assert short == durable(read_short.json())
    assert short == {name: value for name, value in whole.items() if name not in ("slots", "entities")}
    assert short["error_summary"] == [{"code": "provider_auth", "count": 1, "sample_index": other.index}]
    assert (short["owner_id"], len(whole["entities"])) == (str(alice.owner_id), 1)
    assert read.headers["ETag"] != read_short.headers["ETag"]
    for answer, view in ((read, "full"), (read_short, "summary")):
        tagged = {"If-None-Match": answer.headers["ETag"]}
        again = await alice.http.get(address, params={"view": view}, headers=tagged)
        assert again.status_code == 304
    assert (await alice.http.get(address, headers={"If-None-Match": read_short.headers["ETag"]})).status_code == 200


async def test_everybody_sees_their_own_and_an_operator_all(api: Api, alice: Caller) -> None:
    bob = await api.owner(Scope.READ, Scope.WRITE)
    mine = await submitted(alice)
    his = [await submitted(bob), await submitted(bob)]
    cursor = (await alice.http.get(LIST, params={"limit": 1, "scope": "all"})).json()["next_cursor"]

    assert await ids(alice.http) == [mine]
    assert await ids(bob.http) == his[::-1]
    assert await ids(alice.http, scope="all", limit=1) == [*his[::-1], mine]
    assert await ids(alice.http, scope="all", order_by="requested_at", limit=1) == [mine, *his]
    refused = await bob.http.get(LIST, params={"scope": "all"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert (await bob.http.get(LIST, params={"cursor": cursor})).json()["code"] == "cursor_mismatch"


@pytest.mark.parametrize("other", [{"status": "failed"}, {"metadata[a]": "b"}, {"order_by": "requested_at"}])
async def test_a_cursor_leads_on_in_the_list_it_comes_from_alone(alice: Caller, other: dict[str, str]) -> None:
    await submitted(alice)
    await submitted(alice)
    cursor = (await alice.http.get(LIST, params={"limit": 1})).json()["next_cursor"]

    answer = await alice.http.get(LIST, params={"cursor": cursor, **other})

    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_mismatch")
    assert (await alice.http.get(LIST, params={"cursor": cursor, "limit": 9})).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "code", "says"),
    [
        ({"colour": "red"}, 400, "parameter_unknown", "status"),
        ({"metadata": "lesson"}, 400, "parameter_unknown", "'metadata'"),
        ({"status": "lost"}, 422, "parameter_refused", "cancelling"),
        ({"status": ""}, 422, "parameter_refused", "cancelling"),
        ({"status": ["failed", "partial"]}, 422, "parameter_refused", "give it once"),
        ({"done": "yes"}, 422, "parameter_refused", "true, false"),
        ({"end_reason": "boredom"}, 422, "parameter_refused", "all_settled"),
        ({"error_code": "E7"}, 422, "parameter_refused", "provider_auth"),
        ({"priority": "urgent"}, 422, "parameter_refused", "normal"),
        ({"entity_type": "poem"}, 422, "parameter_refused", "problem"),
        ({"requested_after": "yesterday"}, 422, "parameter_refused", "2030-01-31T12:00:00Z"),
        ({"completed_before": "2026-01-31T12:00:00"}, 422, "parameter_refused", "UTC offset"),
        ({"order_by": "cost"}, 422, "parameter_refused", "-requested_at"),
        ({"limit": "0"}, 422, "parameter_refused", "from 1"),
        ({"limit": ""}, 422, "parameter_refused", "from 1"),
        ({"view": "whole"}, 422, "parameter_refused", "summary"),
        ({"scope": "mine"}, 422, "parameter_refused", "own, all"),
        ({"cursor": "bogus"}, 400, "cursor_mismatch", "next_cursor"),
        ({"metadata[a]": "\0"}, 422, "parameter_refused", "U+0000"),
        ({f"metadata[{n}]": "x" for n in range(99)}, 422, "parameter_refused", "pairs"),
        ({"idempotency_key": "k", "limit": "3"}, 422, "parameter_refused", "stands alone"),
    ],
)
async def test_a_list_that_cannot_be_is_refused_with_what_can(
    alice: Caller, query: dict[str, Any], status: int, code: str, says: str
) -> None:
    answer = await alice.http.get(LIST, params=query)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.json()["detail"]


async def test_no_more_than_so_many_rows_are_looked_through_for_a_page(house: House) -> None:
    """However little matches: the page then is short, and says where it goes on."""
    async with house.submitter() as submitter:
        for n in range(7):
            await submitter.submit(house.submission(metadata={"rare": "yes"} if n == 0 else {}))
    search = Search(house.owner_id, None, Filter(metadata={"rare": "yes"}), END.requested_at, newest_first=True)
    nothing = await selection.page(house.database, search, after=None, most=5, window=2, looks=2)
    assert (nothing.places, nothing.up_to is None) == ([], False)
    rest = await selection.page(house.database, search, after=nothing.up_to, most=5, window=2, looks=2)
    assert (len(rest.places), rest.up_to) == (1, None)
