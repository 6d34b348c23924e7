"""`GET /generation-requests`: those that match, a page at a time; or what an idempotency key made."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.cursors import read_cursor, write_cursor
from lqs.api.generate import operation
from lqs.api.idempotency import parse_key
from lqs.api.parameters import (
    BOOLEAN,
    CURSOR,
    KEY,
    LIMIT,
    MOMENT,
    NAME,
    limit_of,
    moment_of,
    one_of,
    some_of,
    word_of,
    words_of,
)
from lqs.api.parts import Parts
from lqs.api.representation import VIEWS, generation_request
from lqs.api.schemas.bounds import NO_NUL
from lqs.domain import limits
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import EntityType
from lqs.domain.errors import IdempotencyKeyExpired, ParameterRefused
from lqs.domain.generation_request import EndReason, Priority, Status
from lqs.domain.selection import Filter
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage import idempotency_keys, selection, views
from lqs.storage.database import Connection
from lqs.storage.idempotency_keys import Key
from lqs.storage.selection import END, Place, Search
from lqs.storage.views import GenerationRequestView
from lqs.wiring import ApiParts

_NEWEST, _OLDEST = "-requested_at", "requested_at"
_MOST_WHOLE = 20
"""Whole ones carry their entities, some kilobytes each."""
_PAIR = re.compile(r"metadata\[(.+)\]", re.DOTALL)
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
_AGE = WithJsonSchema({"type": "integer", "minimum": 0, "maximum": limits.MAX_AGE_SECONDS})


@dataclass(frozen=True, slots=True)
class Asked:
    """The query as it was written. Words of one parameter are separated by commas, and one of them is enough."""

    entity_type: Annotated[str | None, NAME, Query(description="Only of this entity type.")] = None
    status: Annotated[
        str | None,
        some_of(Status),
        Query(description="Only with one of these statuses.", examples=[["partial", "failed"]]),
    ] = None
    done: Annotated[str | None, BOOLEAN, Query(description="true: only what is done; false: only what is not.")] = None
    end_reason: Annotated[
        str | None, some_of(EndReason), Query(description="Only what ended for one of these reasons.")
    ] = None
    error_code: Annotated[
        str | None, some_of(SlotErrorCode), Query(description="Only where a slot failed with one of these codes.")
    ] = None
    priority: Annotated[str | None, some_of(Priority), Query(description="Only of one of these priorities.")] = None
    requested_after: Annotated[str | None, MOMENT, Query(description="Asked for at this time or later, RFC 3339.")] = (
        None
    )
    requested_before: Annotated[str | None, MOMENT, Query(description="Asked for before this time.")] = None
    completed_after: Annotated[str | None, MOMENT, Query(description="Done at this time or later.")] = None
    completed_before: Annotated[str | None, MOMENT, Query(description="Done before this time.")] = None
    older_than_seconds: Annotated[
        str | None, _AGE, Query(description="Only what ended, or while it is not done was asked for, longer ago.")
    ] = None
    idempotency_key: Annotated[
        str | None, KEY, Query(description="What this key of a generate call made; stands alone, or with view.")
    ] = None
    order_by: Annotated[
        str, one_of((_NEWEST, _OLDEST)), Query(description=f"{_NEWEST} (the newest first) or {_OLDEST}.")
    ] = _NEWEST
    limit: Annotated[
        str, LIMIT, Query(description="Results on a page: from 1; more than 100 counts as 100, whole as 20.")
    ] = "20"
    cursor: Annotated[
        str | None, CURSOR, Query(description="next_cursor of the page before, with the same filters.")
    ] = None
    view: Annotated[str, one_of(VIEWS), Query(description="summary, or full: with slots and entities.")] = "summary"
    scope: Annotated[
        str, one_of(("own", "all")), Query(description="own, or all owners' with a key of the scope admin.")
    ] = "own"


_PARAMETERS = frozenset(one.name for one in fields(Asked))
_METADATA_DOCS = {
    "parameters": [
        {
            "name": "metadata",
            "in": "query",
            "style": "deepObject",
            "explode": True,
            "description": "Only with all of these pairs: metadata[lesson]=A1-7.",
            "schema": {
                "type": "object",
                "additionalProperties": {
                    "type": "string",
                    "pattern": NO_NUL,
                    "maxLength": limits.MAX_METADATA_VALUE_CHARACTERS,
                },
                "maxProperties": limits.MAX_METADATA_PAIRS,
            },
        }
    ]
}


def listing_router(types: list[EntityType]) -> APIRouter:
    """The list, and the look-up of keys over the generate operations of these entity types."""
    router = APIRouter(tags=["generation requests"])
    operations = [operation(entity_type) for entity_type in types]

    @router.get(
        "/generation-requests",
        operation_id="list_generation_requests",
        summary="List generation requests",
        response_model=schemas.GenerationRequestPage,
        responses=error_docs(400, 401, 403, 410, 422),
        openapi_extra=_METADATA_DOCS,
    )
    async def list_page(
        request: Request,
        parts: Parts,
        caller: Annotated[Caller, Depends(needs(Scope.READ))],
        asked: Annotated[Asked, Depends()],
    ) -> Response:
        """Those that match everything named, the newest first, a page at a time.

        A page can have fewer results than its limit, even none, and still lead to a next one: only so much is looked
        through at once. With `idempotency_key`: what was made with it, none if the key is free, 410 if that was purged.
        """
        metadata = _metadata(request)
        refuse_unknown_parameters(request, _PARAMETERS | metadata.keys())
        whole = word_of("view", asked.view, VIEWS) == "full"
        if asked.idempotency_key is not None:
            _refuse_company(request)
            keys = [Key(caller.owner_id, one, parse_key(asked.idempotency_key)) for one in operations]
            async with parts.database.acquire() as connection:
                made = await _made_with(connection, keys, whole=whole)
            return _page([generation_request(view, parts.entity_types, whole=whole) for view in made], None, None)
        if word_of("scope", asked.scope, ("own", "all")) == "all":
            caller.require(Scope.ADMIN)
        return await _listed(request, parts, caller, asked, _filter(asked, metadata, parts), whole=whole)

    return router


async def _listed(
    request: Request, parts: ApiParts, caller: Caller, asked: Asked, wanted: Filter | None, *, whole: bool
) -> Response:
    newest_first = word_of("order_by", asked.order_by, (_NEWEST, _OLDEST)) == _NEWEST
    most = limit_of(request, _MOST_WHOLE) if whole else limit_of(request)
    marked: dict[str, object] = {
        "list": "generation-requests", "order_by": asked.order_by, "scope": asked.scope, "done": asked.done
    }  # fmt: skip
    marked |= _in_one_order(wanted)
    after = None if asked.cursor is None else Place(*read_cursor(asked.cursor, marked))
    if wanted is None:
        return _page([], None, None)
    owner_id = None if asked.scope == "all" else caller.owner_id
    search = Search(owner_id, None, wanted, END.requested_at, newest_first)
    async with request.app.state.listing:
        if wanted.older_than_seconds is not None:
            async with parts.database.acquire() as connection:
                search = replace(search, filter=wanted.fixed(await selection.clock(connection)))
        found = await selection.page(parts.database, search, after=after, most=most + 1)
    shown = found.places[:most]
    last = shown[-1] if len(found.places) > most else found.up_to
    async with parts.database.acquire() as connection:
        read = await views.read_all(connection, [place.id for place in shown], owner_id=owner_id, whole=whole)
    cursor = write_cursor((last.requested_at, last.id), marked) if last else None
    following = _address(request, cursor) if cursor else None
    # One that was purged between the two looks is left out.
    there = [generation_request(read[place.id], parts.entity_types, whole=whole) for place in shown if place.id in read]
    return _page(there, cursor, following)


def _in_one_order(wanted: Filter | None) -> dict[str, object]:
    """The filter, the same however its words were ordered."""
    named = wanted.named if wanted else {}
    return {name: sorted(value) if isinstance(value, tuple | list) else value for name, value in named.items()}


def _page(found: Sequence[Mapping[str, Any]], cursor: str | None, following: str | None) -> Response:
    body = {
        "results": found,
        "next_cursor": cursor,
        "has_more": cursor is not None,
        "links": {"next": following},
    }
    return json_answer(body, headers=_CACHING | ({"Link": f'<{following}>; rel="next"'} if following else {}))


async def _made_with(connection: Connection, keys: Sequence[Key], *, whole: bool) -> list[GenerationRequestView]:
    uses = await idempotency_keys.read(connection, keys)
    ids = [use.subject_id for use in uses.values()]
    found = (await views.read_all(connection, ids, owner_id=keys[0].owner_id, whole=whole)).values()
    if uses and not found:
        raise IdempotencyKeyExpired(ids[0])
    return sorted(found, key=lambda view: view.requested_at, reverse=True)


def _filter(asked: Asked, metadata: Mapping[str, str], parts: ApiParts) -> Filter | None:
    """What is asked for; None if it contradicts itself, so that nothing can match."""
    status = words_of("status", asked.status, Status) if asked.status is not None else ()
    if asked.done is not None:
        wanted = word_of("done", asked.done, ("true", "false")) == "true"
        status = tuple(one for one in (status or Status) if one.done is wanted)
        if not status:
            return None
    if asked.entity_type is not None:
        word_of("entity_type", asked.entity_type, sorted(parts.entity_types))
    return Filter(
        entity_type=asked.entity_type,
        status=status,
        end_reason=words_of("end_reason", asked.end_reason, EndReason) if asked.end_reason is not None else (),
        error_code=words_of("error_code", asked.error_code, SlotErrorCode) if asked.error_code is not None else (),
        priority=words_of("priority", asked.priority, Priority) if asked.priority is not None else (),
        metadata={_PAIR.fullmatch(name)[1]: value for name, value in metadata.items()},  # type: ignore[index]
        requested_after=_moment(asked, "requested_after"),
        requested_before=_moment(asked, "requested_before"),
        completed_after=_moment(asked, "completed_after"),
        completed_before=_moment(asked, "completed_before"),
        older_than_seconds=_seconds(asked.older_than_seconds),
    )


def _moment(asked: Asked, name: str) -> datetime | None:
    text = getattr(asked, name)
    return None if text is None else moment_of(name, text)


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) <= limits.MAX_AGE_SECONDS):
        raise ParameterRefused("older_than_seconds", f"It is a number of seconds, at most {limits.MAX_AGE_SECONDS}.")
    return int(text)


def _metadata(request: Request) -> dict[str, str]:
    """The parameters that ask for metadata, by their whole names."""
    found = {name: value for name, value in request.query_params.items() if _PAIR.fullmatch(name)}
    if len(found) > limits.MAX_METADATA_PAIRS:
        raise ParameterRefused("metadata", f"There are at most {limits.MAX_METADATA_PAIRS} pairs.")
    for name, value in found.items():
        if "\0" in name or "\0" in value:
            raise ParameterRefused("metadata", "Text may not contain the character U+0000.")
        if len(value) > limits.MAX_METADATA_VALUE_CHARACTERS:
            raise ParameterRefused(
                "metadata", f"A value has at most {limits.MAX_METADATA_VALUE_CHARACTERS} characters."
            )
    return found


def _refuse_company(request: Request) -> None:
    others = sorted(set(request.query_params) - {"idempotency_key", "view"})
    if others:
        raise ParameterRefused("idempotency_key", f"It stands alone: leave out {', '.join(others)}, or the key.")


def _address(request: Request, cursor: str) -> str:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"/generation-requests?{urlencode([*asked, ('cursor', cursor)])}"
