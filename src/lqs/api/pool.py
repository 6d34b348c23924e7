"""`GET /<plural>`, `POST /<plural>/draw`, `GET /<plural>/random`, `GET /<plural>/stats`: the pool of an entity type."""

from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.cursors import read_cursor, write_cursor
from lqs.api.filters import (
    GROUPING,
    PAGING,
    documented_filters,
    draw_body,
    filters_of_body,
    filters_of_query,
    grouping_of,
)
from lqs.api.parameters import cursor_of, limit_of
from lqs.api.parts import Parts
from lqs.api.representation import documented_entity, entity
from lqs.api.schemas.bounds import MOST_TOLD, Address, Cursor
from lqs.domain import limits
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import ConstraintsRefused, EntityType
from lqs.domain.errors import NothingMatches
from lqs.domain.facets import ORIGIN, Filters
from lqs.lifecycle.draw import draw
from lqs.storage import pool
from lqs.storage.pool import Statistics, Tally, Wanted
from lqs.wiring import ApiParts

Reader = Annotated[Caller, Depends(needs(Scope.READ))]
_Register = Callable[[APIRouter, EntityType], None]

_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def pool_router(kind: EntityType) -> APIRouter:
    """The operations on the pool of this entity type."""
    router = APIRouter(tags=[kind.plural])
    registers: tuple[_Register, ...] = (_register_list, _register_draw, _register_random, _register_stats)
    for register in registers:
        register(router, kind)
    return router


def _register_list(router: APIRouter, kind: EntityType) -> None:
    @router.get(
        f"/{kind.plural}",
        operation_id=f"list_{kind.plural}",
        summary=f"List {kind.plural}",
        responses=_page_docs(kind) | error_docs(400, 401, 403, 422),
        openapi_extra=documented_filters(kind, paging=True),
    )
    async def read_page(request: Request, parts: Parts, caller: Reader) -> Response:
        """Those that match all filters, newest first, a page at a time."""
        filters, most = filters_of_query(request, kind, PAGING), limit_of(request)
        marked = {"list": kind.plural, **filters}
        cursor = cursor_of(request)
        before = None if cursor is None else read_cursor(cursor, marked)
        wanted = Wanted(caller.owner_id, kind.name, filters)
        async with parts.database.acquire() as connection:
            found = await pool.page(connection, wanted, before=before, most=most + 1)
        shown, more = found[:most], len(found) > most
        after = write_cursor((shown[-1].created_at, shown[-1].id), marked) if more else None
        following = _address(kind, filters, limit=most, cursor=after) if after else None
        body = {
            "results": [entity(one) for one in shown],
            "next_cursor": after,
            "has_more": more,
            "links": {"next": following},
        }
        return json_answer(body, headers=_CACHING | ({"Link": f'<{following}>; rel="next"'} if following else {}))


def _register_draw(router: APIRouter, kind: EntityType) -> None:
    model = draw_body(kind)

    @router.post(
        f"/{kind.plural}/draw",
        operation_id=f"draw_{kind.name}",
        summary=f"Draw a {kind.name}",
        responses=documented_entity(kind) | error_docs(400, 401, 403, 404, 413, 415, 422),
        openapi_extra={"requestBody": {"required": False, "content": {"application/json": {
            "schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}}},
    )  # fmt: skip
    async def draw_one(request: Request, parts: Parts, caller: Reader) -> Response:
        """The least recently served one that matches, never-served ones first; from now on it counts as served."""
        refuse_unknown_parameters(request)
        return await _drawn(parts, caller, kind, await filters_of_body(request, kind, model))


def _register_random(router: APIRouter, kind: EntityType) -> None:
    @router.get(
        f"/{kind.plural}/random",
        operation_id=f"random_{kind.name}",
        summary=f"Draw a {kind.name} with a GET",
        responses=documented_entity(kind) | error_docs(400, 401, 403, 404, 422),
        openapi_extra=documented_filters(kind),
    )
    async def draw_by_get(request: Request, parts: Parts, caller: Reader) -> Response:
        """The same as drawing, for clients that expect a GET; it is not chance that decides, but whose turn it is."""
        return await _drawn(parts, caller, kind, filters_of_query(request, kind))


def _register_stats(router: APIRouter, kind: EntityType) -> None:
    @router.get(
        f"/{kind.plural}/stats",
        operation_id=f"count_{kind.plural}",
        summary=f"Count {kind.plural}",
        response_model=schemas.PoolStatistics,
        responses=error_docs(400, 401, 403, 422),
        openapi_extra=documented_filters(kind, grouping=True),
    )
    async def count(request: Request, parts: Parts, caller: Reader) -> Response:
        """How many match all filters, and how many of them were served: by facet and value, and by combination."""
        filters, group_by = filters_of_query(request, kind, GROUPING), grouping_of(request, kind)
        wanted, names = Wanted(caller.owner_id, kind.name, filters), [facet.name for facet in kind.facets]
        async with parts.database.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            counted = await pool.statistics(connection, wanted, names=names, group_by=group_by)
        return json_answer(_statistics(counted), headers=_CACHING)


async def _drawn(parts: ApiParts, caller: Caller, kind: EntityType, filters: Filters) -> Response:
    found = await draw(parts.database, Wanted(caller.owner_id, kind.name, filters))
    if found is None:
        raise _nothing_matches(kind, filters)
    return json_answer(entity(found), headers={"Cache-Control": "no-store"})


def _nothing_matches(kind: EntityType, filters: Filters) -> NothingMatches:
    """Says what there is none of, and what to send to have some made, if any can be made."""
    told = " and ".join(f"{name} {' or '.join(values)}" for name, values in filters.items())
    detail = f"You have no {kind.name}{f' with {told}' if told else ' yet'}."
    constraints = kind.constraints_for(filters)
    try:
        kind.check_constraints(kind.constraints_model.model_validate(constraints))
    except (ConstraintsRefused, ValueError) as refusal:
        reason = refusal.detail if isinstance(refusal, ConstraintsRefused) else "no generator makes such."
        return NothingMatches(kind.name, f"{detail} None can be generated either: {reason}", None)
    body = {"count": limits.MAX_ENTITIES, "constraints": constraints}
    generate = {"method": "POST", "path": f"/{kind.plural}/generate", "body": body}
    left_over = [name for name in filters if name != ORIGIN and not kind.constraint_for(name)]
    hope = f", and hope for the {' and '.join(left_over)}, which cannot be asked for" if left_over else ""
    return NothingMatches(
        kind.name, f"{detail} Have some generated with POST /{kind.plural}/generate{hope}; then draw again.", generate
    )


def _address(kind: EntityType, filters: Filters, **also: object) -> str:
    words = {name: ",".join(values) for name, values in filters.items()}
    return f"/{kind.plural}?{urlencode(words | also)}"


def _statistics(counted: Statistics) -> dict[str, Any]:
    return {
        **_tally(counted.tally),
        "by_facet": {
            name: [{"value": value, **_tally(tally)} for value, tally in islice(values.items(), MOST_TOLD)]
            for name, values in counted.by_facet.items()
        },
        "groups": [{"values": values, **_tally(tally)} for values, tally in counted.groups[:MOST_TOLD]],
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {"total": tally.total, "served": tally.served, "unserved": tally.total - tally.served}


def _page_docs(kind: EntityType) -> dict[int | str, dict[str, Any]]:
    one = documented_entity(kind)[200]["content"]["application/json"]["schema"]
    following = TypeAdapter(Address | None).json_schema()
    cursor = TypeAdapter(Cursor | None).json_schema()
    schema = {
        "type": "object",
        "required": ["results", "next_cursor", "has_more", "links"],
        "properties": {
            "results": {"type": "array", "items": one, "maxItems": limits.MAX_RESULTS},
            "next_cursor": cursor | {"description": "The cursor of the next page; null on the last one."},
            "has_more": {"type": "boolean"},
            "links": {"type": "object", "required": ["next"], "properties": {"next": following}},
        },
    }
    return {
        200: {
            "description": f"A page of {kind.plural}.",
            "content": {"application/json": {"schema": schema}},
        }
    }
