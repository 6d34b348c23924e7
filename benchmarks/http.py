"""Calls per second of one API process, beside the bare framework and beside one insert per request."""

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from benchmarks.children import child, free_port, until_answering
from benchmarks.ground import Ground, Scale, opened, submit, submitter_for, working
from benchmarks.load import PLACEHOLDER
from benchmarks.report import Expectation, Figure, Series
from lqs.api import app
from lqs.domain.api_key import Scope
from lqs.domain.ids import new_id
from lqs.generators.catalog import entity_types
from lqs.lifecycle.keys import create_key
from lqs.storage.database import Database
from lqs.wiring import ApiParts, open_api_parts

_CALLERS = 8
_SLOTS = 5


class Variant(StrEnum):
    """What a server process serves."""

    OURS = "ours"
    ONE_INSERT_EACH = "one_insert_each"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class Caller:
    """An owner with a key."""

    owner_id: UUID
    key: str

    def post(self, idempotency_key: str, *, count: int = _SLOTS) -> bytes:
        """A whole generate call."""
        body = json.dumps({"count": count, "metadata": {"quiz": "bench"}})
        return self._call("POST /problems/generate", f"Idempotency-Key: {idempotency_key}\r\n", body)

    def wait(self, address: str) -> bytes:
        """A whole read of this address, to be answered at the end."""
        return self._call(f"GET {address}", "Prefer: wait=60\r\n")

    def get(self, request_id: object, etag: str = "") -> bytes:
        """A whole read."""
        return self._call(f"GET /generation-requests/{request_id}", f"If-None-Match: {etag}\r\n" if etag else "")

    def _call(self, line: str, headers: str, body: str = "") -> bytes:
        if body:
            headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"{line} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.key}\r\n{headers}\r\n{body}".encode()


async def measure(ground: Ground) -> list[Figure]:
    """All servers run, one at a time has load, in turns: a slow moment of the machine meets all of them."""
    async with ground.database() as url, opened(url) as database:
        known = await callers(database, _CALLERS)
        reads, unchanged = await _something_to_read(url, database, known[0], ground.scale.connections)
        posts = [caller.post(PLACEHOLDER.decode()) for caller in known]
        async with (
            serving(url, Variant.OURS) as ours,
            serving(url, Variant.ONE_INSERT_EACH) as single,
            serving(url, Variant.BARE) as bare,
        ):
            series = await _in_turns(
                ground,
                {
                    "POST": (ours, posts),
                    "POST, one insert each": (single, posts),
                    "POST, bare framework": (bare, posts),
                    f"GET, {_SLOTS} entities": (ours, reads),
                    "GET, unchanged (304)": (ours, unchanged),
                    "GET, bare framework": (bare, reads),
                },
            )
    return [
        *(Figure("http", name, found.median, "/s", found.spread) for name, found in series.items()),
        _ratio("POST against one insert each", series["POST"], series["POST, one insert each"], at_least=2),
        _ratio("POST against bare framework", series["POST"], series["POST, bare framework"]),
        _ratio("GET against bare framework", series[f"GET, {_SLOTS} entities"], series["GET, bare framework"]),
    ]


def _ratio(name: str, one: Series, other: Series, *, at_least: float | None = None) -> Figure:
    ratios = Series(tuple(a / b for a, b in zip(one.rounds, other.rounds, strict=True)))
    expected = Expectation(at_least=at_least) if at_least else None
    return Figure("http", name, ratios.median, "x", ratios.spread, expected)


async def _in_turns(ground: Ground, loads: dict[str, tuple[int, Sequence[bytes]]]) -> dict[str, Series]:
    found: dict[str, list[float]] = {name: [] for name in loads}
    for _ in range(ground.scale.rounds):
        for name, (port, requests) in loads.items():
            found[name].append(await _load(port, requests, ground.scale))
    return {name: Series(tuple(rounds)) for name, rounds in found.items()}


async def _load(port: int, requests: Sequence[bytes], scale: Scale) -> float:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load"),
        *(f"--port={port}", f"--connections={scale.connections}", f"--seconds={scale.http_seconds}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(json.dumps([request.decode() for request in requests]).encode())
    if process.returncode:
        raise RuntimeError(f"the load ended with {process.returncode}")
    return float(output)


async def callers(database: Database, number: int) -> list[Caller]:
    """New owners, each with a key for everything."""
    made = []
    for _ in range(number):
        owner_id = new_id()
        async with database.acquire() as connection:
            await connection.execute(
                "INSERT INTO owners (id, name, created_at) VALUES ($1, $2, now())", owner_id, str(owner_id)
            )
        key, _ = await create_key(database, owner_id=owner_id, name="bench", scopes=list(Scope))
        made.append(Caller(owner_id, key.text))
    return made


async def _something_to_read(
    url: str, database: Database, caller: Caller, number: int
) -> tuple[list[bytes], list[bytes]]:
    accepted = await submit(database, number, _SLOTS, owner_id=caller.owner_id)
    await working(url, number * _SLOTS)
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT id, version FROM generation_requests WHERE id = ANY ($1)", accepted)
    return (
        [caller.get(row["id"]) for row in rows],
        [caller.get(row["id"], f'W/"{row["id"]}.{row["version"]}"') for row in rows],
    )


@asynccontextmanager
async def serving(url: str, variant: Variant) -> AsyncIterator[int]:
    """A server process of this variant; yields its port."""
    port = free_port()
    environment = {"LQS_DATABASE_URL": url, "LQS_LOG_LEVEL": "error"}
    async with child("benchmarks.http", variant, str(port), environment=environment) as process:
        await until_answering(port, process)
        yield port


def create_ours() -> FastAPI:
    """The service as it is."""
    return app.create()


def create_one_insert_each() -> FastAPI:
    """The service, but each submission commits alone: as many at once as the pool has connections."""
    return app.build(list(entity_types().values()), _parts_that_insert_one_by_one)


@asynccontextmanager
async def _parts_that_insert_one_by_one() -> AsyncIterator[ApiParts]:
    async with open_api_parts() as parts, asyncio.TaskGroup() as flows:
        submitter = submitter_for(parts.database, parts.telemetry, most=1)
        tasks = [flows.create_task(submitter.run()) for _ in range(_CALLERS)]
        yield replace(parts, submitter=submitter)
        for task in tasks:
            task.cancel()


def create_bare() -> FastAPI:
    """The framework alone: reads a body, answers a little."""
    api = FastAPI(docs_url=None, redoc_url=None)

    @api.post("/problems/generate", status_code=202)
    async def generate(request: Request) -> dict[str, Any]:
        return {"message": "accepted", "count": (await request.json())["count"]}

    @api.get("/generation-requests/{request_id}")
    async def read(request_id: str) -> dict[str, Any]:
        return {"request_id": request_id, "status": "completed"}

    return api


def _serve(variant: Variant, port: int) -> None:
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        f"benchmarks.http:create_{variant}",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address="127.0.0.1",
        port=port,
        workers=1,
        workers_kill_timeout=5,
        websockets=False,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", type=Variant)
    parser.add_argument("port", type=int)
    asked = parser.parse_args()
    os.environ.setdefault("LQS_LOG_LEVEL", "error")
    _serve(asked.variant, asked.port)
