"""`PATCH` and the purge of `/generation-requests/{id}`: what its owner may change, and how it is erased."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.generation_requests import CACHING, parse_id
from lqs.api.parts import Parts
from lqs.api.representation import etag, generation_request, retry_after
from lqs.domain.api_key import Scope
from lqs.domain.errors import BodyRefused, Finding
from lqs.domain.generation_request import Priority
from lqs.lifecycle.absence import absence
from lqs.lifecycle.change import Changes, change
from lqs.lifecycle.purge import purge_one
from lqs.storage import views
from lqs.wiring import ApiParts

router = APIRouter(tags=["generation requests"])


@router.patch(
    "/generation-requests/{request_id}",
    operation_id="change_generation_request",
    summary="Change a generation request",
    response_model=schemas.GenerationRequest,
    responses=error_docs(400, 401, 403, 404, 409, 410, 412, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ChangeBody"}}},
        }
    },
)
async def patch(
    request: Request, parts: Parts, caller: Annotated[Caller, Depends(needs(Scope.WRITE))], request_id: str
) -> Response:
    """Change its metadata, its priority while it is pending, or whether it is pinned; what is not named stays."""
    refuse_unknown_parameters(request)
    wanted = parse_id(request_id)
    body = await read_body(request, schemas.ChangeBody)
    changes = Changes(body.metadata, body.priority, body.pinned)
    if changes == Changes():
        raise BodyRefused([Finding("", "required", "Name what to change: metadata, priority or pinned.")])
    if changes.priority is Priority.HIGH:
        caller.require(Scope.PRIORITY)
    await change(parts.database, wanted, changes, owner_id=caller.owner_id, if_version=body.if_version)
    async with parts.database.acquire() as connection:
        view = await views.read(connection, wanted, owner_id=caller.owner_id)
        if view is None:
            raise await absence(connection, wanted, owner_id=caller.owner_id)
    told = generation_request(view, parts.entity_types)
    headers = CACHING | {"ETag": etag(view.id, view.version)}
    if "poll_after_ms" in told:
        headers["Retry-After"] = retry_after(told["poll_after_ms"])
    return json_answer(told, headers=headers)


async def purge(parts: ApiParts, caller: Caller, request_id: UUID, if_version: int | None) -> Response:
    """The answer to `DELETE /generation-requests/{id}?purge=true`: nothing, once the record is gone."""
    await purge_one(
        parts.database,
        request_id,
        owner_id=caller.owner_id,
        tombstone_seconds=parts.kept.tombstone_seconds,
        if_version=if_version,
    )
    return Response(status_code=204)
