"""`GET /generation-requests/{id}`: the truth about one generation request."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parameters import one_of, word_of
from lqs.api.parts import Parts
from lqs.api.representation import VIEWS, etag, generation_request, poll_after_ms, progress, retry_after
from lqs.api.waiting import hold, preferred_wait
from lqs.domain.api_key import Scope
from lqs.domain.errors import NotFound
from lqs.lifecycle.absence import UNKNOWN, absence
from lqs.storage import views
from lqs.storage.views import Progress
from lqs.wiring import ApiParts

router = APIRouter(tags=["generation requests"])

_HEADER = WithJsonSchema({"type": "string", "pattern": r"^[\x20-\x7e]*$", "maxLength": 2000})
CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept, Prefer"}


@dataclass(frozen=True, slots=True)
class Asked:
    """How a generation request is to be told."""

    if_none_match: Annotated[str | None, _HEADER, Header(description="The ETag of the last answer.")] = None
    prefer: Annotated[str | None, _HEADER, Header(description="wait=N: hold the answer, for 60 seconds at most.")] = (
        None
    )
    view: Annotated[str, one_of(VIEWS), Query(description="full, or summary: without slots and entities.")] = "full"


@router.get(
    "/generation-requests/{request_id}",
    operation_id="get_generation_request",
    summary="Read a generation request",
    response_model=schemas.GenerationRequest,
    responses=error_docs(400, 401, 403, 404, 410, 422)
    | {304: {"description": "Nothing changed since the version of If-None-Match."}},
)
async def read(
    request: Request,
    parts: Parts,
    caller: Annotated[Caller, Depends(needs(Scope.READ))],
    request_id: str,
    asked: Annotated[Asked, Depends()],
) -> Response:
    """Where a generation request stands: its counts, slots, and the entities that exist so far, as of one moment.

    Poll until `done`, after `poll_after_ms`; with If-None-Match an unchanged one answers 304. With `Prefer: wait=N` the
    answer waits until it is done or, with If-None-Match, until it has changed; `Preference-Applied` says that it did.
    """
    refuse_unknown_parameters(request, frozenset({"view"}))
    whole = word_of("view", asked.view, VIEWS) == "full"
    look = _Look(parts, caller, parse_id(request_id), asked.if_none_match, whole)
    seconds = preferred_wait(request)
    held = seconds is not None and await look.hold(request, seconds)
    answer = await look.unchanged() or await look.answer()
    if held:
        answer.headers["Preference-Applied"] = f"wait={seconds}"
    return answer


@dataclass(frozen=True, slots=True)
class _Look:
    """What a caller wants to see, and the tags of what it knows."""

    parts: ApiParts
    caller: Caller
    request_id: UUID
    if_none_match: str | None
    whole: bool

    async def hold(self, request: Request, seconds: int) -> bool:
        """Wait for something to say; whether that was to be waited for."""
        progress = await self._progress()
        if not self._knows(progress) if self.if_none_match else progress.status.done:
            return True
        return await hold(
            self.parts.watch,
            request,
            self.request_id,
            owner_id=self.caller.owner_id,
            version=progress.version if self.if_none_match else None,
            seconds=seconds,
        )

    async def unchanged(self) -> Response | None:
        """A 304, if the caller knows it all."""
        if not self.if_none_match or not self._knows(progress := await self._progress()):
            return None
        headers = CACHING | {"ETag": etag(self.request_id, progress.version, whole=self.whole)}
        if (hint := poll_after_ms(progress)) is not None:
            headers["Retry-After"] = retry_after(hint)
        return Response(status_code=304, headers=headers)

    async def answer(self) -> Response:
        """The whole picture."""
        async with self.parts.database.acquire() as connection:
            found = await views.read_all(connection, [self.request_id], owner_id=self.caller.owner_id, whole=self.whole)
            if self.request_id not in found:
                raise await absence(connection, self.request_id, owner_id=self.caller.owner_id)
            view = found[self.request_id]
            foreseen = await self.parts.foresight.look_ahead(connection, view)
        body = generation_request(view, self.parts.entity_types, whole=self.whole) | progress(foreseen)
        headers = CACHING | {"ETag": etag(view.id, view.version, whole=self.whole)}
        if "poll_after_ms" in body:
            headers["Retry-After"] = retry_after(body["poll_after_ms"])
        return json_answer(body, headers=headers)

    async def _progress(self) -> Progress:
        async with self.parts.database.acquire() as connection:
            progress = await views.progress(connection, self.request_id, owner_id=self.caller.owner_id)
            if progress is None:
                raise await absence(connection, self.request_id, owner_id=self.caller.owner_id)
        return progress

    def _knows(self, progress: Progress) -> bool:
        tag = etag(self.request_id, progress.version, whole=self.whole)
        candidates = {one.strip().removeprefix("W/") for one in (self.if_none_match or "").split(",")}
        return tag.removeprefix("W/") in candidates or "*" in candidates


def parse_id(text: str) -> UUID:
    """An id from a path; a malformed one is as unknown as any other."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(UNKNOWN) from None
