"""A new entity type is one registration: the routes, the tables, the pool, the worker and the checks follow from it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field

from lqs.api.app import build
from lqs.domain.entity_type import (
    ConstraintsRefused,
    EntityType,
    Generated,
    GenerationOrder,
    Generator,
    VerificationFailed,
)
from lqs.domain.facets import Facet
from lqs.lifecycle.keys import bootstrap
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.wiring import migrate_all, open_api_parts, open_worker_parts
from lqs.worker.worker import Worker

Mood = Literal["merry", "stern"]


class Word(BaseModel):
    model_config = ConfigDict(extra="forbid")

    form: str
    mood: Mood | None = None


class Proverb(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    words: tuple[Word, ...] = ()
    length: int = 0
    checked: bool = False


class ProverbConstraints(BaseModel):
    model_config = ConfigDict(extra="forbid")

    about: str = "patience"
    moods: list[Mood] | None = None
    length: list[int] | None = None


class ProverbGenerator:
    async def generate(self, order: GenerationOrder) -> Generated:
        assert isinstance(order.constraints, ProverbConstraints)
        about, mood = order.constraints.about, (order.constraints.moods or ["merry"])[0]
        words = (Word(form=about, mood=mood), Word(form="and"))
        return Generated(Proverb(text=f"{about} {order.slot_index}", words=words, length=len(about)))


def refuse_the_impossible(constraints: ProverbConstraints) -> None:
    if constraints.about == "nothing":
        raise ConstraintsRefused("/about", "A proverb is about something.")


def verify(proverb: Proverb, _constraints: ProverbConstraints) -> Proverb:
    if proverb.text.endswith("1"):
        raise VerificationFailed("P1", "unlucky")
    return proverb.model_copy(update={"checked": True})


PROVERB = EntityType(
    name="proverb",
    plural="proverbs",
    entity_model=Proverb,
    constraints_model=ProverbConstraints,
    check_constraints=refuse_the_impossible,
    verify=verify,
    generators=MappingProxyType[str, type[Generator]]({"offline": ProverbGenerator}),
    default_generator="offline",
    facets=(
        Facet("word", "words.form", "A word of it.", canonical=str.lower),
        Facet("mood", "words.mood", "How it sounds.", aliases=("sound",)),
        Facet("length", "length", "Its letters."),
        Facet("checked", "checked", "Whether somebody looked."),
    ),
    seed_by=("mood",),
)
TYPES = MappingProxyType({"proverb": PROVERB})


@asynccontextmanager
async def service(database: Database, url: str) -> AsyncIterator[httpx.AsyncClient]:
    await migrate_all(database, TYPES)
    key = await bootstrap(database, owner_name="somebody")
    assert key is not None
    settings = Settings(database_url=url, log_level="error", max_attempts=1)
    app = build([PROVERB], lambda: open_api_parts(settings, TYPES))
    async with open_worker_parts(settings, TYPES) as parts, app.router.lifespan_context(app):
        worker = Worker(parts)
        working = asyncio.ensure_future(worker.run())
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://lqs",
            headers={"Authorization": f"Bearer {key.text}"},
        ) as http:
            yield http
        worker.stop()
        await working


async def _done(http: httpx.AsyncClient, address: str) -> bool:
    return bool((await http.get(address)).json()["done"])


async def test_an_own_entity_type_is_generated_verified_stored_and_documented(
    database: Database, database_url: str, eventually: Callable[..., Awaitable[None]]
) -> None:
    async with service(database, database_url) as http:
        accepted = await http.post("/proverbs/generate", json={"count": 3, "constraints": {"about": "rain"}})
        assert accepted.status_code == 202, accepted.text
        await eventually(partial(_done, http, accepted.headers["Location"]))
        body = (await http.get(accepted.headers["Location"])).json()
        entity = (await http.get(f"/proverbs/{body['entities'][0]['id']}")).json()
        refused = await http.post("/proverbs/generate", json={"constraints": {"about": "nothing"}})
        document = (await http.get("/openapi.json")).json()

    assert (body["entity_type"], body["status"]) == ("proverb", "partial")
    assert [(e["text"], e["checked"]) for e in body["entities"]] == [("rain 0", True), ("rain 2", True)]
    assert body["slots"][1]["error"]["code"] == "output_invalid"
    assert entity == body["entities"][0]
    assert refused.json()["errors"][0]["pointer"] == "/constraints/about"
    assert {"/proverbs/generate", "/proverbs/{proverb_id}"} <= document["paths"].keys()
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM proverbs") == 2


async def test_an_own_entity_type_can_be_found_drawn_and_counted_by_what_it_declares(
    database: Database, database_url: str, eventually: Callable[..., Awaitable[None]]
) -> None:
    async with service(database, database_url) as http:

        async def made(about: str, mood: str) -> dict[str, Any]:
            body = {"constraints": {"about": about, "moods": [mood]}}
            address = (await http.post("/proverbs/generate", json=body)).headers["Location"]
            await eventually(partial(_done, http, address))
            [entity] = (await http.get(address)).json()["entities"]
            return dict(entity)

        async def found(query: str) -> list[Any]:
            return list((await http.get(f"/proverbs?{query}")).json()["results"])

        rain, sun = await made("rain", "stern"), await made("sun", "merry")
        assert await found("") == [sun, rain]
        assert await found("word=RAIN") == await found("mood=stern") == await found("length=4") == [rain]
        assert await found("word=and&checked=true&sound=merry") == [sun]
        assert await found("checked=false") == []
        drawn = [
            (await http.post("/proverbs/draw", json=body)).json() for body in ({"length": 3}, {}, {"checked": True})
        ]
        assert drawn == [sun, rain, sun]
        nothing = (await http.get("/proverbs/random?mood=merry&word=snow&length=7")).json()
        counted = (await http.get("/proverbs/stats?group_by=mood")).json()
        refused = [(await http.get(f"/proverbs?{query}")).json()["detail"] for query in ("mood=sad", "length=long")]

    assert nothing["code"] == "no_proverb_matches"
    assert nothing["generate"]["body"]["constraints"] == {"moods": ["merry"], "length": [7]}
    assert [(one["value"], one["total"]) for one in counted["by_facet"]["word"]] == [
        ("and", 2),
        ("rain", 1),
        ("sun", 1),
    ]
    assert [one["values"] for one in counted["groups"]] == [{"mood": ["merry"]}, {"mood": ["stern"]}]
    assert refused == ["mood: It is one of: merry, stern.", "length: It is a whole number."]


@pytest.mark.parametrize(
    ("facets", "seed_by"),
    [
        ((Facet("limit", "text", ""),), ()),
        ((Facet("Word", "text", ""),), ()),
        ((Facet("word", "text", ""), Facet("other", "text", "", aliases=("word",))), ()),
        ((Facet("word", "nowhere", ""),), ()),
        ((Facet("word", "words", ""),), ()),
        ((Facet("word", "text", ""),), ("word",)),
        ((), ("mood",)),
    ],
)
def test_facets_that_cannot_be_honoured_are_refused_when_they_are_registered(
    facets: tuple[Facet, ...], seed_by: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"facet|no text"):
        replace(PROVERB, facets=facets, seed_by=seed_by)


def test_a_facet_of_a_field_that_goes_by_another_name_is_refused_when_it_is_registered() -> None:
    class Renamed(BaseModel):
        model_config = ConfigDict(serialize_by_alias=True)

        text: str = Field(alias="words")

    with pytest.raises(ValueError, match="the field's own name"):
        replace(PROVERB, entity_model=Renamed, facets=(Facet("word", "words", ""),), seed_by=())


async def test_the_pool_is_filled_anew_when_other_facets_are_declared(
    database: Database, database_url: str, eventually: Callable[..., Awaitable[None]]
) -> None:
    async with service(database, database_url) as http:
        address = (await http.post("/proverbs/generate", json={"constraints": {"about": "rain"}})).headers["Location"]
        await eventually(partial(_done, http, address))
        await http.post("/proverbs/draw", json={})
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM pool")
        await migrate_all(database, TYPES)
        before = await connection.fetchval("SELECT tsvector_to_array(facets) FROM pool")
        await connection.execute("UPDATE pool SET served_at = created_at")
        other = replace(PROVERB, facets=(Facet("topic", "words.form", ""),), seed_by=())
        await migrate_all(database, MappingProxyType({"proverb": other}))
        row = await connection.fetchrow("SELECT tsvector_to_array(facets) AS words, served_at FROM pool")

    origin = f"generation_request_id={address.rpartition('/')[2]}"
    assert set(before) == {"checked=true", "length=4", "mood=merry", "word=and", "word=rain", origin}
    assert set(row["words"]) == {"topic=and", "topic=rain", origin}
    assert row["served_at"] is not None


async def test_an_entity_type_can_be_registered_beside_another(database: Database, database_url: str) -> None:
    sayings = replace(PROVERB, name="saying", plural="sayings")
    types = MappingProxyType({"proverb": PROVERB, "saying": sayings})
    await migrate_all(database, types)
    await migrate_all(database, types)

    async with database.acquire() as connection:
        partitions = await connection.fetch("SELECT inhrelid::regclass::text FROM pg_inherits")
    assert {"proverbs", "sayings"} <= {row[0] for row in partitions}
