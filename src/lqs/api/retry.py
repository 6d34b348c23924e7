"""Trying again by hand: `POST /generation-requests/{id}/retry`, and what one looks at before: runs and slots."""

from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import body_docs, error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.budgets import refuse_retry_without_money
from lqs.api.generation_requests import parse_id
from lqs.api.idempotency import IdempotencyKey, Keyed
from lqs.api.parts import Parts
from lqs.api.representation import attempt, etag, generation_request, retry_after, slot
from lqs.api.schemas.bounds import MOST_TOLD
from lqs.domain.api_key import Scope
from lqs.domain.errors import IdempotencyKeyExpired, NotFound
from lqs.domain.rates import Rate
from lqs.lifecycle.absence import absence
from lqs.lifecycle.retry import Done, Retry, retry
from lqs.storage import runs, slots, views
from lqs.storage.runs import RunView
from lqs.wiring import ApiParts

router = APIRouter(tags=["generation requests"])

Reader = Annotated[Caller, Depends(needs(Scope.READ))]
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


@router.post(
    "/generation-requests/{request_id}/retry",
    status_code=202,
    operation_id="retry_generation_request",
    summary="Try again what failed",
    response_model=schemas.Restarted,
    responses=error_docs(400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 429),
    openapi_extra=body_docs(schemas.RetryBody, required=False),
)
async def retry_by_hand(
    request: Request,
    parts: Parts,
    caller: Annotated[Caller, Depends(needs(Scope.WRITE, Rate.CREATE))],
    key: IdempotencyKey,
    request_id: str,
) -> Response:
    """Begin a further run of a generation request that is done, under the same id: what was generated stays, what
    failed, or was cancelled, goes to the end of the owner's queue. 409 says whether it is not done or nothing matches.
    """
    refuse_unknown_parameters(request)
    wanted = parse_id(request_id)
    body = await read_body(request, schemas.RetryBody)
    wish = Retry(
        owner_id=caller.owner_id,
        request_id=wanted,
        slots=body.slots,
        max_attempts=body.max_attempts,
        timeout_seconds=body.timeout_seconds,
        max_cost_microusd=body.max_cost_microusd,
        if_version=body.if_version,
        idempotency_key=key,
        requested_by=caller.key_id,
        trace=request.state.trace,
    )
    if caller.budgeted:
        async with parts.database.acquire() as connection:
            view = await views.read(connection, wanted, owner_id=caller.owner_id)
        if view is not None:
            await refuse_retry_without_money(parts, caller, view.entity_type, wish.key)
    done = await retry(parts.database, wish, parts.defaults)
    return await restarted(parts, caller, done, key)


async def restarted(parts: ApiParts, caller: Caller, done: Done, key: str | None) -> Response:
    """The 202 of whatever made a generation request begin again, or made another in its place."""
    if not done.replayed:
        parts.announcer.announce()
    async with parts.database.acquire() as connection:
        view = await views.read(connection, done.subject_id, owner_id=caller.owner_id)
    if view is None:
        raise IdempotencyKeyExpired(done.subject_id)
    keyed = Keyed(key, done.replayed, done.used_at)
    body = generation_request(view, parts.entity_types) | {"idempotency": keyed.body(view.expires_at)}
    headers = keyed.headers | {
        "Location": f"/generation-requests/{view.id}",
        "ETag": etag(view.id, view.version),
    }
    if "poll_after_ms" in body:
        headers["Retry-After"] = retry_after(body["poll_after_ms"])
    return json_answer(body, status=202, headers=headers)


@router.get(
    "/generation-requests/{request_id}/runs",
    operation_id="list_runs",
    summary="List the runs of a generation request",
    response_model=schemas.Runs,
    responses=error_docs(400, 401, 403, 404, 410),
)
async def list_runs(request: Request, parts: Parts, caller: Reader, request_id: str) -> Response:
    """How every run ended, who asked for it, what it made and what it cost; the current one last."""
    refuse_unknown_parameters(request)
    wanted = parse_id(request_id)
    async with parts.database.acquire() as connection:
        found = await runs.of_request(connection, wanted, owner_id=caller.owner_id)
        if not found:
            raise await absence(connection, wanted, owner_id=caller.owner_id)
    bodies = [_run(before, run) for before, run in pairwise([None, *found]) if run]
    return json_answer({"results": bodies[-MOST_TOLD:]}, headers=_CACHING)


@router.get(
    "/generation-requests/{request_id}/slots/{index}",
    operation_id="get_slot",
    summary="Read a slot with all its attempts",
    response_model=schemas.SlotWithAttempts,
    responses=error_docs(400, 401, 403, 404, 410),
)
async def read_slot(request: Request, parts: Parts, caller: Reader, request_id: str, index: str) -> Response:
    """Where a slot stands, and how each attempt at it went: its error, time, tokens and cost."""
    refuse_unknown_parameters(request)
    wanted = parse_id(request_id)
    async with parts.database.acquire() as connection:
        view = await views.read(connection, wanted, owner_id=caller.owner_id)
        if view is None:
            raise await absence(connection, wanted, owner_id=caller.owner_id)
        found = next((one for one in view.slots if str(one.index) == index), None)
        if found is None:
            raise NotFound(f"It has the slots 0 to {len(view.slots) - 1}.")
        history = await slots.attempts(connection, wanted, found.index)
    body = slot(found, view.max_attempts) | {"attempt_history": [attempt(one) for one in history[-MOST_TOLD:]]}
    return json_answer(body, headers=_CACHING)


def _run(before: RunView | None, run: RunView) -> dict[str, Any]:
    """The body of a run (`schemas.Run`): what it added to the totals of the run before."""

    def added(name: str) -> int:
        return int(getattr(run, name)) - (int(getattr(before, name)) if before else 0)

    return {
        "run": run.run,
        "status": run.status,
        "end_reason": run.end_reason,
        "requested_by": run.requested_by,
        "requested_at": run.requested_at,
        "completed_at": run.completed_at,
        "requested_count": run.counts.requested,
        "counts": run.counts.by_status(),
        "usage": {name: added(name) for name in ("input_tokens", "output_tokens", "model_calls")},
        "cost": {"total_microusd": added("cost_microusd"), "wasted_microusd": added("wasted_microusd")},
    }
