"""`/api-keys`: an owner's keys."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.parts import Parts
from lqs.api.schemas.bounds import MOST_TOLD
from lqs.domain.api_key import Scope, is_key_id
from lqs.domain.errors import BodyRefused, Finding, NotFound
from lqs.lifecycle.keys import create_key, revoke_key
from lqs.storage import api_keys

router = APIRouter(tags=["API keys"])

_FAR_FUTURE = datetime(3000, 1, 1, tzinfo=UTC)

Admin = Annotated[Caller, Depends(needs(Scope.ADMIN))]


@router.post(
    "/api-keys",
    status_code=201,
    operation_id="create_api_key",
    summary="Create an API key",
    response_model=schemas.CreatedKey,
    responses=error_docs(400, 401, 403, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CreateKeyBody"}}},
        }
    },
)
async def create(request: Request, parts: Parts, caller: Admin) -> Response:
    """A new key for the same owner. `secret` is shown now and never again."""
    refuse_unknown_parameters(request)
    body = await read_body(request, schemas.CreateKeyBody)
    if body.expires_at is not None and not datetime.now(UTC) < body.expires_at < _FAR_FUTURE:
        raise BodyRefused(
            [Finding("/expires_at", "out_of_range", "A key expires in the future, before the year 3000.")]
        )
    key, stored = await create_key(
        parts.database,
        owner_id=caller.owner_id,
        name=body.name,
        scopes=sorted(set(body.scopes)),
        expires_at=body.expires_at,
        daily_budget_microusd=body.daily_budget_microusd,
    )
    return json_answer(asdict(stored) | {"secret": key.text}, status=201)


@router.get(
    "/api-keys",
    operation_id="list_api_keys",
    summary="List API keys",
    response_model=schemas.Keys,
    responses=error_docs(400, 401, 403),
)
async def list_keys(request: Request, parts: Parts, caller: Admin) -> Response:
    """The keys of the owner, revoked ones too, without their secrets."""
    refuse_unknown_parameters(request)
    async with parts.database.acquire() as connection:
        keys = await api_keys.of_owner(connection, caller.owner_id)
    return json_answer({"results": [asdict(key) for key in keys[-MOST_TOLD:]]})


@router.delete(
    "/api-keys/{key_id}",
    status_code=204,
    operation_id="revoke_api_key",
    summary="Revoke an API key",
    response_class=Response,
    responses=error_docs(400, 401, 403, 404, 422),
)
async def revoke(request: Request, parts: Parts, caller: Admin, key_id: str) -> Response:
    """End a key for good: at once in this process, within 5 s in every other."""
    refuse_unknown_parameters(request)
    if not is_key_id(key_id) or not await revoke_key(parts.database, key_id, owner_id=caller.owner_id):
        raise NotFound("You have no API key with this id. `lqs keys list` shows them.")
    request.app.state.keys.forget(key_id)
    return Response(status_code=204)
