"""The application: routes for every registered entity type, opened and closed with its resources."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from lqs import __version__
from lqs.api import (
    api_keys,
    bulk,
    cancellation,
    dead_letters,
    docs_page,
    envelope,
    error_pages,
    generation_requests,
    health,
    limits,
    metrics,
    records,
    retry,
    statistics,
)
from lqs.api.auth import KeyCache
from lqs.api.document import document_of
from lqs.api.entities import entity_router
from lqs.api.generate import generate_router
from lqs.api.listing import listing_router
from lqs.api.methods import refuse_other_methods
from lqs.api.pool import pool_router
from lqs.domain.entity_type import EntityType
from lqs.generators.catalog import entity_types
from lqs.wiring import ApiParts, open_api_parts

_DESCRIPTION = """\
Generates language-learning entities with language models, and tells the truth about every generation request:
one id from the 202 on, and from then on what is pending, processing, generated or failed, and why."""

_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Ours is the envelope's: that of FastAPI would tell the same again, with queries and errors in it as they came."""
_MOST_LISTING = 3
"""Lists looked through at the same time, for the same reason."""
_MOST_COUNTING = 2
"""Statistics counted at the same time; more would take the connections that everything else needs."""


def create(on_open: Callable[[ApiParts], None] = lambda _: None) -> FastAPI:
    """The application with the settings of this process; `on_open` is called with its resources when they are open."""
    return build(list(entity_types().values()), open_api_parts, on_open)


def build(
    types: list[EntityType],
    open_parts: Callable[[], AbstractAsyncContextManager[ApiParts]],
    on_open: Callable[[ApiParts], None] = lambda _: None,
) -> FastAPI:
    """An application for these entity types; `open_parts` opens its resources at start and closes them at the end."""

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with open_parts() as parts:
            api.state.parts = parts
            api.state.keys = KeyCache()
            api.state.counting = asyncio.Semaphore(_MOST_COUNTING)
            api.state.listing = asyncio.Semaphore(_MOST_LISTING)
            on_open(parts)
            yield

    api = FastAPI(
        title="lqs",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    for entity_type in types:
        api.include_router(generate_router(entity_type))
        # before the route of one entity, which would take their last words for an id
        api.include_router(pool_router(entity_type))
        api.include_router(entity_router(entity_type))
    api.include_router(listing_router(types))
    api.include_router(bulk.router)  # before what would take its address for an id
    api.include_router(statistics.router)  # before the ids, for one of which its last word would be taken
    api.include_router(generation_requests.router)
    api.include_router(cancellation.router)
    api.include_router(records.router)
    api.include_router(retry.router)
    api.include_router(dead_letters.router)
    api.include_router(api_keys.router)
    api.include_router(limits.router)
    api.include_router(health.router)
    api.include_router(metrics.router)
    api.include_router(error_pages.router)
    api.include_router(docs_page.router)
    refuse_other_methods(api)
    envelope.install(api)
    document = cache(lambda: document_of(api, types))
    api.openapi = document  # type: ignore[method-assign]
    return api
