"""`GET /limits`: what a caller may do, and what is left of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parts import Parts
from lqs.api.waiting import MOST_SECONDS
from lqs.domain import limits
from lqs.domain.api_key import Scope
from lqs.domain.rates import WINDOW_SECONDS, Allowance, Rate
from lqs.lifecycle.watch import MOST_WAITS
from lqs.storage import quotas

router = APIRouter(tags=["limits"])


@router.get(
    "/limits",
    operation_id="get_limits",
    summary="Read what may be done",
    response_model=schemas.Limits,
    responses=error_docs(400, 401, 403),
)
async def read(request: Request, parts: Parts, caller: Annotated[Caller, Depends(needs(Scope.READ))]) -> Response:
    """The rates and quotas of the caller's owner with what is left of them, and the limits that hold for everybody.

    A rate is that of one process of the API; a null is no limit.
    """
    refuse_unknown_parameters(request)
    rates = {rate: _rate(parts.rates.take(caller.owner_id, rate, calls=0)) for rate in Rate}
    async with parts.database.acquire() as connection:
        active = (await quotas.active(connection, [caller.owner_id]))[caller.owner_id]
    body = {
        "rates": rates,
        "active_requests": {"limit": parts.quotas.active, "used": active},
        "held_answers": {"limit": MOST_WAITS, "used": parts.watch.held_for(caller.owner_id)},
        "body_bytes": limits.MAX_BODY_BYTES,
        "entities_per_request": limits.MAX_ENTITIES,
        "metadata_pairs": limits.MAX_METADATA_PAIRS,
        "run_seconds": limits.MAX_TIMEOUT_SECONDS,
        "attempt_seconds": limits.MAX_SLOT_TIMEOUT_SECONDS,
        "attempts_per_slot": limits.MAX_ATTEMPTS,
        "retention_seconds": limits.MAX_RETENTION_SECONDS,
        "wait_seconds": MOST_SECONDS,
    }
    return json_answer(body, headers={"Cache-Control": "no-store"})


def _rate(left: Allowance | None) -> dict[str, Any] | None:
    if left is None:
        return None
    return {
        "limit": left.quota,
        "window_seconds": WINDOW_SECONDS,
        "remaining": left.remaining,
        "reset_seconds": left.reset_seconds,
    }
