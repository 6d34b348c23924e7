"""`GET /generation-requests/{id}`: the truth about one generation request."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parameters import word_of
from lqs.api.parts import Parts
from lqs.api.representation import VIEWS, etag, generation_request, poll_after_ms, retry_after
from lqs.domain.api_key import Scope
from lqs.domain.errors import NotFound
from lqs.lifecycle.absence import UNKNOWN, absence
from lqs.storage import views
from lqs.wiring import ApiParts

router = APIRouter(tags=["generation requests"])

CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}


@router.get(
    "/generation-requests/{request_id}",
    operation_id="get_generation_request",
    summary="Read a generation request",
    response_model=schemas.GenerationRequest,
    responses=error_docs(400, 401, 403, 404, 410)
    | {304: {"description": "Nothing changed since the version of If-None-Match."}},
)
async def read(
    request: Request,
    parts: Parts,
    caller: Annotated[Caller, Depends(needs(Scope.READ))],
    request_id: str,
    if_none_match: Annotated[str | None, Header(description="The ETag of the last answer.")] = None,
    view: Annotated[str, Query(description="full, or summary: without slots and entities.")] = "full",
) -> Response:
    """Where a generation request stands: its counts, slots, and the entities that exist so far, as of one moment.

    Poll until `done`, after `poll_after_ms`; with If-None-Match an unchanged one answers 304.
    """
    refuse_unknown_parameters(request, frozenset({"view"}))
    whole = word_of("view", view, VIEWS) == "full"
    wanted = parse_id(request_id)
    if if_none_match and (unchanged := await _unchanged(parts, wanted, caller, if_none_match, whole=whole)):
        return unchanged
    async with parts.database.acquire() as connection:
        found = await views.read_all(connection, [wanted], owner_id=caller.owner_id, whole=whole)
        if wanted not in found:
            raise await absence(connection, wanted, owner_id=caller.owner_id)
    body = generation_request(found[wanted], whole=whole)
    headers = CACHING | {"ETag": etag(wanted, found[wanted].version, whole=whole)}
    if "poll_after_ms" in body:
        headers["Retry-After"] = retry_after(body["poll_after_ms"])
    return json_answer(body, headers=headers)


def parse_id(text: str) -> UUID:
    """An id from a path; a malformed one is as unknown as any other."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(UNKNOWN) from None


async def _unchanged(
    parts: ApiParts, request_id: UUID, caller: Caller, if_none_match: str, *, whole: bool
) -> Response | None:
    async with parts.database.acquire() as connection:
        progress = await views.progress(connection, request_id, owner_id=caller.owner_id)
        if progress is None:
            raise await absence(connection, request_id, owner_id=caller.owner_id)
    tag = etag(request_id, progress.version, whole=whole)
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    if tag.removeprefix("W/") not in candidates and "*" not in candidates:
        return None
    headers = CACHING | {"ETag": tag}
    if (hint := poll_after_ms(progress)) is not None:
        headers["Retry-After"] = retry_after(hint)
    return Response(status_code=304, headers=headers)
