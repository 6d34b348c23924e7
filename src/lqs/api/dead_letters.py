"""`/dead-letters`: what failed for good, for operators to look at, to requeue or to discard."""

import re
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic_core import from_json

from lqs.api import schemas
from lqs.api.answers import body_docs, error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.budgets import refuse_retry_without_money
from lqs.api.cursors import read_cursor, write_cursor
from lqs.api.idempotency import IdempotencyKey, Keyed
from lqs.api.parameters import CURSOR, LIMIT, MOMENT, NAME, limit_of, moment_of, one_of, word_of
from lqs.api.parts import Parts
from lqs.api.representation import raw_attempt
from lqs.api.retry import restarted
from lqs.api.schemas.bounds import MOST_TOLD
from lqs.domain.api_key import Scope
from lqs.domain.errors import NotFound, ParameterRefused
from lqs.domain.rates import Rate
from lqs.domain.slot_errors import KINDS, SlotErrorCode
from lqs.lifecycle.dead_letters import Operator, Order, count_matching, discard, requeue, requeue_matching
from lqs.storage import dead_letters
from lqs.storage.dead_letters import Filter, LetterView, State

router = APIRouter(tags=["dead letters"])

Admin = Annotated[Caller, Depends(needs(Scope.ADMIN))]
Maker = Annotated[Caller, Depends(needs(Scope.ADMIN, Rate.CREATE))]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parameters of a list."""

    code: Annotated[str | None, one_of(SlotErrorCode), Query(description="Only those with this error.")] = None
    entity_type: Annotated[str | None, NAME, Query(description="Only those of this entity type.")] = None
    since: Annotated[str | None, MOMENT, Query(description="Failed at or after this time, RFC 3339.")] = None
    state: Annotated[str, one_of(State), Query(description="open, requeued or discarded.")] = State.OPEN
    limit: Annotated[str, LIMIT, Query(description="Results on a page, at most 100.")] = "20"
    cursor: Annotated[str | None, CURSOR, Query(description="next_cursor of the page before.")] = None


_PARAMETERS = frozenset(one.name for one in fields(_Asked))


@router.get(
    "/dead-letters",
    operation_id="list_dead_letters",
    summary="List dead letters",
    response_model=schemas.DeadLetters,
    responses=error_docs(400, 401, 403, 422),
)
async def list_dead_letters(
    request: Request, parts: Parts, caller: Admin, asked: Annotated[_Asked, Depends()]
) -> Response:
    """Slots of this owner that failed for good, newest first; unless told otherwise those nobody has dealt with."""
    refuse_unknown_parameters(request, _PARAMETERS)
    wanted = Filter(
        error_code=SlotErrorCode(word_of("code", asked.code, SlotErrorCode)) if asked.code is not None else None,
        entity_type=_name(asked.entity_type) if asked.entity_type is not None else None,
        since=moment_of("since", asked.since) if asked.since is not None else None,
    )
    chosen, most = State(word_of("state", asked.state, State)), limit_of(request)
    filters = asdict(wanted) | {"state": chosen}
    async with parts.database.acquire() as connection:
        found = await dead_letters.page(
            connection,
            owner_id=caller.owner_id,
            state=chosen,
            wanted=wanted,
            before=read_cursor(asked.cursor, filters) if asked.cursor is not None else None,
            most=most + 1,
        )
    shown, more = found[:most], len(found) > most
    body = {
        "results": [_letter(one) for one in shown],
        "next_cursor": write_cursor((shown[-1].failed_at, shown[-1].id), filters) if more else None,
        "has_more": more,
    }
    return json_answer(body, headers=_CACHING)


@router.get(
    "/dead-letters/{dead_letter_id}",
    operation_id="get_dead_letter",
    summary="Read a dead letter",
    response_model=schemas.WholeDeadLetter,
    responses=error_docs(400, 401, 403, 404),
)
async def read(request: Request, parts: Parts, caller: Admin, dead_letter_id: str) -> Response:
    """What was asked for, and every attempt at it with what was really said; also when its record has been purged."""
    refuse_unknown_parameters(request)
    async with parts.database.acquire() as connection:
        whole = await dead_letters.read(connection, _parse_id(dead_letter_id), owner_id=caller.owner_id)
    if whole is None:
        raise _unknown()
    payload = {
        "constraints": from_json(whole.constraints),
        "metadata": from_json(whole.metadata),
        "options": from_json(whole.options),
    }
    body = _letter(whole.letter) | {
        "payload": payload,
        "attempts": [raw_attempt(one) for one in whole.attempts[-MOST_TOLD:]],
    }
    return json_answer(body, headers=_CACHING)


@router.post(
    "/dead-letters/requeue",
    status_code=202,
    operation_id="requeue_dead_letters",
    summary="Requeue all dead letters that match",
    response_model=schemas.Requeued,
    responses=error_docs(400, 401, 403, 404, 409, 413, 415, 422)
    | {200: {"description": "A dry run: how many match now.", "model": schemas.Requeued}},
    openapi_extra=body_docs(schemas.RequeueBody),
)
async def requeue_by_filter(request: Request, parts: Parts, caller: Maker, key: IdempotencyKey) -> Response:
    """Try again what matches, of up to 100 generation requests a call; 200 for a dry run, which only counts."""
    refuse_unknown_parameters(request)
    body = await read_body(request, schemas.RequeueBody)
    told = body.filter.model_dump(mode="json", exclude_none=True)
    wanted = Filter(body.filter.code, body.filter.entity_type, body.filter.since)
    if body.dry_run:
        matched = await count_matching(parts.database, wanted, owner_id=caller.owner_id)
        return json_answer(_requeued(0, 0, matched) | {"dry_run": True, "idempotency": None})
    order = Order(wanted, told)
    operator = Operator(caller.owner_id, caller.key_id, key)
    done = await requeue_matching(parts.database, order, operator, parts.defaults)
    keyed = Keyed(key, replayed=done.id != order.id)
    if done.requeued and not keyed.replayed:
        parts.announcer.announce()
    answer = _requeued(done.requeued, done.skipped, done.remaining)
    return json_answer(answer | {"dry_run": False, "idempotency": keyed.body(None)}, status=202, headers=keyed.headers)


@router.post(
    "/dead-letters/{dead_letter_id}/requeue",
    status_code=202,
    operation_id="requeue_dead_letter",
    summary="Requeue a dead letter",
    response_model=schemas.Restarted,
    responses=error_docs(400, 401, 403, 404, 409, 410, 413, 415, 422, 429),
    openapi_extra=body_docs(schemas.NoBody, required=False),
)
async def requeue_one(
    request: Request, parts: Parts, caller: Maker, key: IdempotencyKey, dead_letter_id: str
) -> Response:
    """Try its slot again: in a further run of its generation request or, if that was purged, in a new one whose
    `origin` is the former.
    """
    refuse_unknown_parameters(request)
    wanted = _parse_id(dead_letter_id)
    await read_body(request, schemas.NoBody)
    operator = Operator(caller.owner_id, caller.key_id, key)
    if caller.budgeted:
        async with parts.database.acquire() as connection:
            whole = await dead_letters.read(connection, wanted, owner_id=caller.owner_id)
        if whole is not None:
            used = operator.key(f"POST /dead-letters/{wanted}/requeue")
            await refuse_retry_without_money(parts, caller, whole.letter.entity_type, used)
    return await restarted(parts, caller, await requeue(parts.database, wanted, operator, parts.defaults), key)


@router.delete(
    "/dead-letters/{dead_letter_id}",
    status_code=204,
    operation_id="discard_dead_letter",
    summary="Discard a dead letter",
    response_class=Response,
    responses=error_docs(400, 401, 403, 404, 409, 422),
)
async def discard_one(request: Request, parts: Parts, caller: Admin, dead_letter_id: str) -> Response:
    """Put it away without trying again. Its generation request is as it was, and can still be retried by hand."""
    refuse_unknown_parameters(request)
    await discard(parts.database, _parse_id(dead_letter_id), Operator(caller.owner_id, caller.key_id))
    return Response(status_code=204)


def _letter(view: LetterView) -> dict[str, Any]:
    """The body of a dead letter (`schemas.DeadLetter`)."""
    kind = KINDS[view.error_code]
    body = asdict(view)
    del body["error_code"]
    return body | {"code": view.error_code, "category": kind.category, "message": kind.message}


def _requeued(requeued: int, skipped: int, remaining: int) -> dict[str, Any]:
    matched = requeued + skipped + remaining
    return {"matched": matched, "requeued": requeued, "skipped": skipped, "remaining": remaining}


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _unknown() from None


def _unknown() -> NotFound:
    return NotFound("You have no dead letter with this id. `lqs dead-letters list` shows the open ones.")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ParameterRefused("entity_type", "It is the name of an entity type, such as problem.")
    return text
