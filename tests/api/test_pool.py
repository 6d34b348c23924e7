"""The pool of problems over HTTP: finding, paging, drawing and counting them, each owner their own."""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from lqs.api import schemas
from lqs.domain.facets import terms
from lqs.domain.ids import new_id
from lqs.generators.catalog import entity_types
from lqs.storage.pool import WINDOW, vector

from .conftest import Api, Caller

PROBLEM = entity_types()["problem"]
UNKNOWN = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"


def problem(
    tense: str = "present",
    *,
    verb: str = "finir",
    cefr: str = "A1",
    errors: Sequence[str] = ("aux.choice",),
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """As much of a problem's content as the pool looks at."""
    return {
        "focus": "conjugation",
        "cefr": cefr,
        "tags": list(tags),
        "target": {"lemma": verb, "tense": tense},
        "statements": [{"text": "right", "error": None}, *({"error": {"code": code}} for code in errors)],
    }


@dataclass(frozen=True)
class Shelf:
    """Puts problems into the pool of an owner, as settling does, but without the work of generating them."""

    api: Api
    owner_id: UUID

    async def put(self, *contents: dict[str, Any], at: str = "2026-01-01T00:00:00Z", request_id: str = "") -> list[str]:
        """Store these problems; returns their ids."""
        ids = [new_id() for _ in contents]
        texts = [json.dumps(content, ensure_ascii=False) for content in contents]
        facets = [vector(terms(PROBLEM.facets, text), UUID(request_id) if request_id else None) for text in texts]
        async with self.api.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO entities (id, entity_type, owner_id, slot_index, created_at, content)"
                " SELECT id, 'problem', $2, 0, $4::text::timestamptz, content::json"
                " FROM unnest($1::uuid[], $3::text[]) t (id, content)",
                ids, self.owner_id, texts, at,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO pool (entity_id, entity_type, owner_id, created_at, facets)"
                " SELECT id, 'problem', $2, $4::text::timestamptz, facets::tsvector"
                " FROM unnest($1::uuid[], $3::text[]) t (id, facets)",
                ids, self.owner_id, facets, at,
            )  # fmt: skip
        return [str(one) for one in ids]


@pytest.fixture
def shelf(api: Api, alice: Caller) -> Shelf:
    """The pool of the caller."""
    return Shelf(api, alice.owner_id)


async def pages(http: httpx.AsyncClient, **query: Any) -> list[list[str]]:
    """The ids on every page, following the links."""
    address: str | None = str(httpx.URL("/problems", params=query))
    found = []
    while address:
        answer = await http.get(address)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append([one["id"] for one in body["results"]])
        address = body["links"]["next"]
        assert body["has_more"] == (address is not None) == (body["next_cursor"] is not None)
        assert answer.headers.get("Link") == (f'<{address}>; rel="next"' if address else None)
    return found


async def ids(http: httpx.AsyncClient, **query: Any) -> set[str]:
    return {one for page in await pages(http, **query) for one in page}


async def test_what_is_generated_can_be_found_by_all_that_it_is(alice: Caller, worker: None, eventually: Any) -> None:
    body = {"count": 3, "constraints": {"focus": ["conjugation"], "verbs": ["naître"], "tenses": ["passe_compose"]}}
    accepted = (await alice.http.post("/problems/generate", json=body)).json()

    async def done() -> Any:
        return (await alice.http.get(accepted["links"]["self"])).json()

    async def is_done() -> bool:
        return bool((await done())["done"])

    await eventually(is_done)
    made = {one["id"]: one for one in (await done())["entities"]}
    listed = (await alice.http.get("/problems")).json()["results"]
    followed = (await alice.http.get((await done())["links"]["entities"])).json()["results"]

    assert {one["id"]: one for one in listed} == {one["id"]: one for one in followed} == made
    some = listed[0]
    for query in (
        {"focus": "conjugation"}, {"tense": "passe_compose"}, {"verb": "naître"}, {"verb": "naitre"},
        {"generation_request_id": accepted["request_id"]}, {"generation_request_id": accepted["request_id"].upper()},
    ):  # fmt: skip
        assert await ids(alice.http, **query) == set(made), query
    assert some["id"] in await ids(alice.http, cefr=some["cefr"])
    assert some["id"] in await ids(alice.http, level=some["cefr"])
    assert all([some["id"] in await ids(alice.http, tag=tag) for tag in some["tags"]])
    codes = {one["error"]["code"] for one in some["statements"] if one["error"]}
    assert all([some["id"] in await ids(alice.http, error_code=code) for code in codes])
    assert await ids(alice.http, tense="present") == set()
    assert await ids(alice.http, generation_request_id=UNKNOWN) == set()


async def test_filters_must_all_agree_and_one_of_several_values_is_enough(alice: Caller, shelf: Shelf) -> None:
    [a] = await shelf.put(problem("present", cefr="A1", tags=["home", "l'été, \\ & | !"]))
    [b] = await shelf.put(problem("present", cefr="B1", errors=["aux.choice", "agreement.subject_verb"]))
    [c] = await shelf.put(problem("passe_compose", cefr="B1"))

    assert await ids(alice.http, tense="present", cefr="B1") == {b}
    assert await ids(alice.http, tense="present,passe_compose", cefr="B1") == {b, c}
    assert await ids(alice.http, cefr=["A1", "B1"], tense="present") == {a, b}
    assert await ids(alice.http, error_code="agreement.subject_verb") == {b}
    drawn = await alice.http.post("/problems/draw", json={"tag": "l'été, \\ & | !"})
    assert drawn.json()["id"] == a


async def test_pages_are_newest_first_twenty_long_at_most_a_hundred(alice: Caller, shelf: Shelf) -> None:
    old = await shelf.put(*[problem()] * 130)
    new = await shelf.put(*[problem()] * 3, at="2026-01-02T00:00:00Z")
    expected = sorted(new, reverse=True) + sorted(old, reverse=True)

    by_default = await pages(alice.http)
    assert [one for page in by_default for one in page] == expected
    assert [len(page) for page in by_default] == [20] * 6 + [13]
    assert [len(page) for page in await pages(alice.http, limit=500)] == [100, 33]
    assert [len(page) for page in await pages(alice.http, limit=133 - 100)] == [33] * 4 + [1]


async def test_no_page_misses_or_repeats_anything_while_others_insert(alice: Caller, shelf: Shelf) -> None:
    """Half of what comes in between has the very time of what is there: only the id can tell them apart."""
    there = await shelf.put(*[problem("present"), problem("passe_compose")] * 40)
    seen: list[str] = []
    address: str | None = "/problems?limit=7"
    while address:
        body = (await alice.http.get(address)).json()
        seen += [one["id"] for one in body["results"]]
        address = body["links"]["next"]
        await shelf.put(problem())
        await shelf.put(problem(), at="2026-02-01T00:00:00Z")

    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)


async def test_a_page_finds_what_is_rare_behind_much_else(alice: Caller, shelf: Shelf) -> None:
    rare = await shelf.put(*[problem(verb="aller")] * 3, at="2025-01-01T00:00:00Z")
    await shelf.put(*[problem()] * (2 * WINDOW))
    [newest] = await shelf.put(problem(verb="aller"), at="2026-03-01T00:00:00Z")

    assert await pages(alice.http, verb="aller", limit=2) == [
        [newest, sorted(rare)[2]],
        [sorted(rare)[1], sorted(rare)[0]],
    ]


@pytest.mark.parametrize("other", ["tense=passe_compose", "tense=present&cefr=A1", "", "tense=present,passe_compose"])
async def test_a_cursor_with_other_filters_is_refused(alice: Caller, shelf: Shelf, other: str) -> None:
    await shelf.put(*[problem()] * 4)
    cursor = (await alice.http.get("/problems?tense=present&limit=2")).json()["next_cursor"]

    refused = await alice.http.get(f"/problems?{other}&cursor={cursor}")

    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_mismatch")
    assert (await alice.http.get(f"/problems?limit=3&tense=present&cursor={cursor}")).status_code == 200


@pytest.mark.parametrize(
    "cursor", ["", "x", "%00", "W10", base64.urlsafe_b64encode(b'["2026-01-01","x","y"]').decode(), "é" * 9]
)
async def test_what_is_no_cursor_is_refused(alice: Caller, cursor: str) -> None:
    refused = await alice.http.get(f"/problems?cursor={cursor}")

    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_mismatch")


@pytest.mark.parametrize(
    ("query", "status", "code", "told"),
    [
        ("limit=0", 422, "parameter_refused", "from 1"),
        ("limit=-3", 422, "parameter_refused", "from 1"),
        ("limit=ten", 422, "parameter_refused", "from 1"),
        ("limit=1&limit=2", 422, "parameter_refused", "once"),
        ("focus=conjugaison", 422, "parameter_refused", "Did you mean conjugation?"),
        ("tense=", 422, "parameter_refused", "1 to 200 characters"),
        ("tag=%00", 422, "parameter_refused", "1 to 200 characters"),
        ("cefr=A1&level=A1", 422, "parameter_refused", "leave one of them out"),
        ("generation_request_id=7", 422, "parameter_refused", "It is an id"),
        ("tag=" + ",".join("a" * 21), 422, "parameter_refused", "1 to 20 values"),
        ("tenses=present", 400, "parameter_unknown", "cefr, cursor, error_code, focus"),
    ],
)
async def test_a_parameter_that_can_find_nothing_is_refused(
    alice: Caller, query: str, status: int, code: str, told: str
) -> None:
    refused = await alice.http.get(f"/problems?{query}")

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert told in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tense": "presnt"}, "/tense"),
        ({"tense": ["present", "presnt"]}, "/tense"),
        ({"tenss": "present"}, "/tenss"),
        ({"verb": {"name": "finir"}}, "/verb/0"),
        ({"generation_request_id": "7"}, "/generation_request_id"),
        ({"tag": []}, "/tag"),
    ],
)
async def test_a_draw_with_a_wrong_body_is_refused_by_its_place(alice: Caller, body: Any, pointer: str) -> None:
    refused = await alice.http.post("/problems/draw", json=body)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_fifty_draws_at_once_draw_fifty_different_problems(alice: Caller, shelf: Shelf) -> None:
    there = await shelf.put(*[problem()] * 60)
    rounds = []
    for _ in range(2):
        answers = await asyncio.gather(*(alice.http.post("/problems/draw", json={}) for _ in range(50)))
        assert [answer.status_code for answer in answers] == [200] * 50
        rounds.append({answer.json()["id"] for answer in answers})

    assert [len(drawn) for drawn in rounds] == [50, 50]
    assert rounds[0] | rounds[1] == set(there)


async def test_draws_at_once_share_the_few_that_there_are_evenly(alice: Caller, shelf: Shelf) -> None:
    there = await shelf.put(*[problem()] * 3)
    answers = await asyncio.gather(*(alice.http.post("/problems/draw", json={}) for _ in range(30)))

    assert [answer.status_code for answer in answers] == [200] * 30
    assert {answer.json()["id"] for answer in answers} == set(there)


async def test_never_served_ones_are_drawn_first_and_then_the_least_recently_served(
    alice: Caller, shelf: Shelf
) -> None:
    async def draw(**filters: Any) -> str:
        answer = await alice.http.post("/problems/draw", json=filters)
        assert answer.headers["Cache-Control"] == "no-store"
        return str(answer.json()["id"])

    a, b = await shelf.put(problem(cefr="A1"), problem(cefr="B1"))
    assert await draw(cefr="B1") == b
    assert await draw() == a
    [c] = await shelf.put(problem())
    assert [await draw() for _ in range(4)] == [c, b, a, c]
    assert await draw(cefr=["A1"]) == a
    assert [await draw() for _ in range(2)] == [b, c]


async def test_a_draw_finds_its_turn_behind_many_that_do_not_match(alice: Caller, shelf: Shelf) -> None:
    rare = await shelf.put(*[problem(verb="aller")] * 2)
    drawn = [(await alice.http.post("/problems/draw", json={"verb": "aller"})).json()["id"] for _ in range(2)]
    await shelf.put(*[problem()] * (WINDOW + 50))

    again = [(await alice.http.post("/problems/draw", json={"verb": "aller"})).json()["id"] for _ in range(3)]
    assert sorted(drawn) == sorted(rare)
    assert again == [*drawn, drawn[0]]


async def test_a_random_problem_is_a_drawn_one(alice: Caller, shelf: Shelf) -> None:
    [a] = await shelf.put(problem("present"))
    [b] = await shelf.put(problem("passe_compose"))
    drawn = [await alice.http.get("/problems/random", params=query) for query in ({"tense": "passe_compose"}, {}, {})]

    assert [one.json()["id"] for one in drawn] == [b, a, b]
    assert drawn[0].json() == (await alice.http.get(f"/problems/{b}")).json()
    assert drawn[0].headers["Cache-Control"] == "no-store"


async def test_where_nothing_matches_one_is_told_how_to_have_some_generated(alice: Caller, shelf: Shelf) -> None:
    await shelf.put(problem("present"))
    answer = await alice.http.post("/problems/draw", json={"tense": "passe_compose", "verb": "naitre"})

    told = answer.json()
    assert (answer.status_code, told["code"], told["retryable"]) == (404, "no_problem_matches", False)
    assert "no problem with tense passe_compose and verb naître" in told["detail"]
    schemas.Error.model_validate(told)
    assert (await alice.http.post(told["generate"]["path"], json=told["generate"]["body"])).status_code == 202
    assert told["generate"]["body"]["constraints"] == {"tenses": ["passe_compose"], "verbs": ["naître"]}


async def test_where_none_can_be_generated_either_the_reason_is_told(alice: Caller) -> None:
    told = (await alice.http.get("/problems/random?verb=bogus")).json()

    assert (told["code"], told["generate"]) == ("no_problem_matches", None)
    assert "bogus" in told["detail"]
    assert "is not a verb we know" in told["detail"]


async def test_the_pool_in_numbers_is_what_was_put_there(alice: Caller, shelf: Shelf) -> None:
    await shelf.put(*[problem("present", verb="aller", cefr="A2", errors=["aux.choice"], tags=["home"])] * 2)
    await shelf.put(problem("present", verb="finir", errors=["aux.choice", "agreement.subject_verb", "aux.choice"]))
    await shelf.put(problem("passe_compose", verb="aller"))
    await alice.http.post("/problems/draw", json={"tense": "passe_compose"})

    def numbers(total: int, served: int) -> dict[str, int]:
        return {"total": total, "served": served, "unserved": total - served}

    answer = await alice.http.get("/problems/stats?group_by=focus,tense")
    schemas.PoolStatistics.model_validate_json(answer.content)
    told = answer.json()
    assert {name: told[name] for name in ("total", "served", "unserved")} == numbers(4, 1)
    by_facet = {name: {one.pop("value"): one for one in values} for name, values in told["by_facet"].items()}
    assert by_facet == {
        "focus": {"conjugation": numbers(4, 1)},
        "tense": {"present": numbers(3, 0), "passe_compose": numbers(1, 1)},
        "verb": {"aller": numbers(3, 1), "finir": numbers(1, 0)},
        "cefr": {"A2": numbers(2, 0), "A1": numbers(2, 1)},
        "error_code": {"aux.choice": numbers(4, 1), "agreement.subject_verb": numbers(1, 0)},
        "tag": {"home": numbers(2, 0)},
    }
    assert told["groups"] == [
        {"values": {"focus": ["conjugation"], "tense": ["passe_compose"]}, **numbers(1, 1)},
        {"values": {"focus": ["conjugation"], "tense": ["present"]}, **numbers(3, 0)},
    ]
    some = (await alice.http.get("/problems/stats?verb=aller&tense=present")).json()
    assert (some["total"], some["by_facet"]["cefr"], some["groups"]) == (2, [{"value": "A2", **numbers(2, 0)}], [])
    assert (await alice.http.get("/problems/stats?group_by=person")).json()["code"] == "parameter_refused"


async def test_nobody_sees_draws_or_counts_what_is_another_owners(api: Api, alice: Caller, shelf: Shelf) -> None:
    bob = await api.owner()
    [his] = await Shelf(api, bob.owner_id).put(problem())
    hers = await shelf.put(*[problem()] * 3, request_id=UNKNOWN)

    for query in ("", "tense=present", f"generation_request_id={UNKNOWN}", "limit=1"):
        assert await ids(bob.http, **dict(httpx.QueryParams(query))) <= {his}
    for _ in range(3):
        assert (await bob.http.post("/problems/draw", json={})).json()["id"] == his
        assert (await bob.http.get("/problems/random?tense=present")).json()["id"] == his
    assert (await bob.http.post("/problems/draw", json={"generation_request_id": UNKNOWN})).status_code == 404
    counted = (await bob.http.get("/problems/stats?group_by=tense")).json()
    numbers = {"total": 1, "served": 1, "unserved": 0}
    assert counted["total"] == 1
    assert counted["by_facet"]["tense"] == [{"value": "present", **numbers}]
    assert counted["groups"] == [{"values": {"tense": ["present"]}, **numbers}]
    stats = (await alice.http.get("/problems/stats")).json()
    assert (stats["total"], stats["served"]) == (len(hers), 0)
    cursor = (await alice.http.get("/problems?limit=1")).json()["next_cursor"]
    assert set(await ids(bob.http, limit=1)) == {his}
    assert {one["id"] for one in (await bob.http.get(f"/problems?cursor={cursor}")).json()["results"]} <= {his}


async def test_nobody_sees_another_owners_however_far_it_is_looked_for(api: Api, shelf: Shelf) -> None:
    await shelf.put(problem(verb="aller"), at="2025-01-01T00:00:00Z")
    bob = await api.owner()
    await Shelf(api, bob.owner_id).put(*[problem()] * (WINDOW + 10))

    assert await pages(bob.http, verb="aller") == [[]]
    assert (await bob.http.post("/problems/draw", json={"verb": "aller"})).status_code == 404


async def test_the_document_names_every_filter(api: Api) -> None:
    document = (await api.anonymous().get("/openapi.json")).json()

    filters = {"focus", "tense", "verb", "cefr", "level", "error_code", "tag", "generation_request_id"}
    for path, more in {"": {"limit", "cursor"}, "/random": set(), "/stats": {"group_by"}}.items():
        parameters = {one["name"] for one in document["paths"][f"/problems{path}"]["get"]["parameters"]}
        assert parameters == filters | more
    assert set(document["components"]["schemas"]["DrawProblems"]["properties"]) == filters
