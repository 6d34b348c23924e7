"""`/generation-requests/bulk`: one wish for many generation requests, and how far it has come."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.idempotency import IdempotencyKey, Keyed
from lqs.api.parts import Parts
from lqs.domain.api_key import Scope
from lqs.domain.bulk import BulkAction, BulkStatus
from lqs.domain.errors import BodyRefused, Finding, NotFound
from lqs.domain.rates import Rate
from lqs.domain.selection import Filter
from lqs.lifecycle.bulk import BulkWish, Preview, begin_bulk, preview
from lqs.storage import bulk_operations
from lqs.storage.bulk_operations import BulkView
from lqs.wiring import EntityTypes

router = APIRouter(tags=["generation requests"])

_POLL_SECONDS = 1
_OPTIONS: Mapping[BulkAction, frozenset[str]] = MappingProxyType(
    {
        BulkAction.CANCEL: frozenset({"mode", "reason"}),
        BulkAction.RETRY: frozenset({"slots", "max_attempts", "timeout_seconds"}),
        BulkAction.PURGE: frozenset(),
    }
)


@router.post(
    "/generation-requests/bulk",
    status_code=202,
    operation_id="begin_bulk_operation",
    summary="Cancel, retry or purge many",
    response_model=schemas.BulkOperation,
    responses=error_docs(400, 401, 403, 404, 413, 415, 422)
    | {
        200: {
            "description": "A dry run: what would change now.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BulkPreview"}}},
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BulkBody"}}},
        }
    },
)
async def begin(
    request: Request,
    parts: Parts,
    caller: Annotated[Caller, Depends(needs(Scope.WRITE, Rate.CREATE))],
    key: IdempotencyKey,
) -> Response:
    """Do the same with every generation request that matches a filter. It is durable, and goes on by itself.

    It comes by what was there when it was accepted, each once. With `dry_run` nothing changes.
    """
    refuse_unknown_parameters(request)
    body = await read_body(request, schemas.BulkBody)
    if body.scope == "all":
        caller.require(Scope.ADMIN)
    wish = BulkWish(
        owner_id=caller.owner_id,
        action=body.action,
        filter=_filter(body.filter, parts.entity_types),
        everybody=body.scope == "all",
        options=_options(body),
        requested_by=caller.key_id,
        idempotency_key=key,
    )
    if body.dry_run:
        return json_answer(_previewed(wish, await preview(parts.database, wish)))
    begun = await begin_bulk(parts.database, wish)
    bulk, keyed = begun.bulk, Keyed(key, begun.replayed, begun.used_at)
    return json_answer(
        _told(bulk) | {"idempotency": keyed.body(_forgotten_at(bulk, parts.kept.tombstone_seconds))},
        status=202,
        headers=_headers(bulk) | keyed.headers | {"Location": _address(bulk.id)},
    )


@router.get(
    "/generation-requests/bulk/{bulk_id}",
    operation_id="get_bulk_operation",
    summary="Read a bulk operation",
    response_model=schemas.BulkOperation,
    responses=error_docs(400, 401, 403, 404),
)
async def read(
    request: Request, parts: Parts, caller: Annotated[Caller, Depends(needs(Scope.READ))], bulk_id: str
) -> Response:
    """How far it has come. `matched` is what it has found so far: what it changed and what it had to skip."""
    refuse_unknown_parameters(request)
    unknown = NotFound("You have no bulk operation with this id. It is the bulk_id of the answer that began it.")
    try:
        wanted = UUID(bulk_id)
    except ValueError:
        raise unknown from None
    async with parts.database.acquire() as connection:
        found = await bulk_operations.read(connection, wanted, owner_id=caller.owner_id)
    if found is None:
        raise unknown
    return json_answer(_told(found), headers=_headers(found) | {"Cache-Control": "private, no-cache"})


def _filter(body: schemas.BulkFilter, types: EntityTypes) -> Filter:
    named: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in body}
    wanted = Filter(**named)
    if not wanted.named:
        detail = "An empty filter would match everything. Name at least one thing, such as older_than_seconds."
        raise BodyRefused([Finding("/filter", "empty_filter", detail)])
    if wanted.entity_type is not None and wanted.entity_type not in types:
        detail = f"There is no such entity type. There is: {', '.join(sorted(types))}."
        raise BodyRefused([Finding("/filter/entity_type", "unknown_value", detail)])
    return wanted


def _options(body: schemas.BulkBody) -> dict[str, Any]:
    given = {name: getattr(body, name) for named in _OPTIONS.values() for name in named}
    chosen = {name: value for name, value in given.items() if value is not None}
    takes = _OPTIONS[body.action]
    findings = [
        Finding(f"/{name}", "unknown_field", f"This is not for {body.action}.")
        for name in sorted(chosen.keys() - takes)
    ]
    if findings:
        raise BodyRefused(findings)
    return chosen


def _previewed(wish: BulkWish, seen: Preview) -> dict[str, Any]:
    return {
        "action": wish.action,
        "dry_run": True,
        "scope": "all" if wish.everybody else "own",
        "filter": seen.filter.named,
        "options": wish.options,
        "matched": seen.matched,
        "sample_request_ids": seen.sample,
    }


def _told(bulk: BulkView) -> dict[str, Any]:
    done = bulk.status is BulkStatus.COMPLETED
    body: dict[str, Any] = {
        "bulk_id": bulk.id,
        "action": bulk.action,
        "scope": "all" if bulk.options["everybody"] else "own",
        "filter": bulk.filter.named,
        "options": {name: value for name, value in bulk.options.items() if name != "everybody"},
        "status": bulk.status,
        "done": done,
        "matched": bulk.matched,
        "changed": bulk.changed,
        "skipped": bulk.skipped,
        "requested_at": bulk.requested_at,
        "completed_at": bulk.completed_at,
        "links": {"self": _address(bulk.id)},
    }
    return body if done else body | {"poll_after_ms": _POLL_SECONDS * 1000}


def _forgotten_at(bulk: BulkView, kept_seconds: int) -> datetime | None:
    return bulk.completed_at + timedelta(seconds=kept_seconds) if bulk.completed_at else None


def _headers(bulk: BulkView) -> dict[str, str]:
    return {} if bulk.status is BulkStatus.COMPLETED else {"Retry-After": str(_POLL_SECONDS)}


def _address(bulk_id: UUID) -> str:
    return f"/generation-requests/bulk/{bulk_id}"
