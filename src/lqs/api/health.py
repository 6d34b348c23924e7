"""`/health`: for whoever watches the process; needs no key."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parts import Parts
from lqs.storage import workers

router = APIRouter(tags=["health"])


@router.get(
    "/health/live",
    operation_id="get_liveness",
    summary="Is the process alive?",
    response_model=schemas.Alive,
    responses=error_docs(400),
)
async def live(request: Request) -> Response:
    """The process answers; it says nothing about the database."""
    refuse_unknown_parameters(request)
    return json_answer({"status": "alive"})


@router.get(
    "/health/ready",
    operation_id="get_readiness",
    summary="Can it serve?",
    response_model=schemas.Ready,
    responses=error_docs(400),
)
async def ready(request: Request, parts: Parts) -> Response:
    """The database answers.

    It is `degraded` without a living worker (generation requests wait, none is lost), and while work cannot reach
    workers in the usual way (it goes on through the database); `reasons` says which.
    """
    refuse_unknown_parameters(request)
    async with parts.database.acquire() as connection:
        crew = await workers.crew(connection, lease_seconds=parts.lease_seconds)
    reasons = [{"code": "transport_in_trouble", "detail": trouble} for trouble in crew.troubles]
    if not crew.alive:
        reasons.append({"code": "no_worker", "detail": "No worker lives, so nothing is generated: start `lqs worker`."})
    return json_answer({"status": "degraded" if reasons else "ready", "workers_alive": crew.alive, "reasons": reasons})
