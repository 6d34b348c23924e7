"""`POST /generation-requests/{id}/cancel`, and `DELETE`, which means the same."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.generation_requests import parse_id
from lqs.api.parts import Parts
from lqs.api.records import purge as purge_record
from lqs.api.representation import cancelled_too_late, etag, generation_request, retry_after
from lqs.domain.api_key import Scope
from lqs.domain.limits import MAX_VERSION
from lqs.lifecycle.cancel import Wish, cancel
from lqs.wiring import ApiParts

router = APIRouter(tags=["generation requests"])

Writer = Annotated[Caller, Depends(needs(Scope.WRITE))]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Done: cancelled by this or before, or ended before (`cancel.outcome` is too_late)."},
    202: {
        "description": "What is in flight goes on, until `cancel.settles_by` at the latest.",
        "model": schemas.GenerationRequest,
    },
}


@router.post(
    "/generation-requests/{request_id}/cancel",
    operation_id="cancel_generation_request",
    summary="Cancel a generation request",
    response_model=schemas.GenerationRequest,
    responses=error_docs(400, 401, 403, 404, 410, 412, 413, 415, 422) | _ANSWERS,
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CancelBody"}}},
        }
    },
)
async def post(request: Request, parts: Parts, caller: Writer, request_id: str) -> Response:
    """Want no more of it: what nobody works on is cancelled at once, what exists stays.

    What is in flight finishes and is kept, or with the mode abort is cancelled, too. Asking again changes nothing, but
    for an abort after a graceful cancellation. What is done stays as it is.
    """
    refuse_unknown_parameters(request)
    wanted = parse_id(request_id)
    body = await read_body(request, schemas.CancelBody)
    return await _cancel(parts, caller, wanted, Wish(body.mode, body.reason), body.if_version)


@router.delete(
    "/generation-requests/{request_id}",
    operation_id="delete_generation_request",
    summary="Cancel a generation request gracefully, or purge it",
    response_model=schemas.GenerationRequest,
    responses=error_docs(400, 401, 403, 404, 409, 410, 412, 422) | _ANSWERS | {204: {"description": "Purged."}},
)
async def delete(
    request: Request,
    parts: Parts,
    caller: Writer,
    request_id: str,
    if_version: Annotated[int | None, Query(ge=1, le=MAX_VERSION, description=schemas.IF_VERSION)] = None,
    purge: Annotated[
        bool, Query(description="true: erase the record of what is done instead; its entities stay.")
    ] = False,
) -> Response:
    """The same as a graceful cancellation, which erases nothing, unless `purge` is true."""
    refuse_unknown_parameters(request, frozenset({"if_version", "purge"}))
    if purge:
        return await purge_record(parts, caller, parse_id(request_id), if_version)
    return await _cancel(parts, caller, parse_id(request_id), Wish(), if_version)


async def _cancel(parts: ApiParts, caller: Caller, request_id: UUID, wish: Wish, if_version: int | None) -> Response:
    view = await cancel(parts.database, request_id, wish, owner_id=caller.owner_id, if_version=if_version)
    body = generation_request(view, parts.entity_types)
    if view.cancel is None:
        body["cancel"] = cancelled_too_late(wish.mode, wish.reason)
    headers = {"ETag": etag(view.id, view.version)}
    if "poll_after_ms" in body:
        headers["Retry-After"] = retry_after(body["poll_after_ms"])
    return json_answer(body, status=200 if view.status.done else 202, headers=headers)
