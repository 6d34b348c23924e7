"""A new entity type is one registration: the routes, the tables, the worker and the checks follow from it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import httpx
from pydantic import BaseModel, ConfigDict

from lqs.api.app import build
from lqs.domain.entity_type import (
    ConstraintsRefused,
    EntityType,
    Generated,
    GenerationOrder,
    Generator,
    VerificationFailed,
)
from lqs.lifecycle.keys import bootstrap
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.wiring import migrate_all, open_api_parts, open_worker_parts
from lqs.worker.worker import Worker


class Proverb(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    checked: bool = False


class ProverbConstraints(BaseModel):
    model_config = ConfigDict(extra="forbid")

    about: str = "patience"


class ProverbGenerator:
    async def generate(self, order: GenerationOrder) -> Generated:
        assert isinstance(order.constraints, ProverbConstraints)
        return Generated(Proverb(text=f"{order.constraints.about} {order.slot_index}"))


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


async def test_an_entity_type_can_be_registered_beside_another(database: Database, database_url: str) -> None:
    sayings = replace(PROVERB, name="saying", plural="sayings")
    types = MappingProxyType({"proverb": PROVERB, "saying": sayings})
    await migrate_all(database, types)
    await migrate_all(database, types)

    async with database.acquire() as connection:
        partitions = await connection.fetch("SELECT inhrelid::regclass::text FROM pg_inherits")
    assert {"proverbs", "sayings"} <= {row[0] for row in partitions}
