"""`GET /metrics`: how things stand and what this process has counted, in the words of Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from lqs.api.answers import error_docs
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parts import Parts
from lqs.domain.api_key import Scope
from lqs.storage import gauges
from lqs.storage.gauges import Gauges

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Read the metrics",
    response_class=Response,
    responses=error_docs(400, 401, 403)
    | {200: {"description": "In the text format of Prometheus.", "content": {"text/plain": {}}}},
)
async def read(request: Request, parts: Parts, _caller: Annotated[Caller, Depends(needs(Scope.ADMIN))]) -> Response:
    """How much waits and how old it is, what is in flight, who lives; and what this process of the API has counted.

    Needs a key with the scope admin: it tells of all owners' work together. Workers tell what they count themselves.
    """
    refuse_unknown_parameters(request)
    async with parts.database.acquire() as connection:
        now = await gauges.read(connection, lease_seconds=parts.lease_seconds)
    text = generate_latest(registry_of(now)) + generate_latest(parts.metrics.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def registry_of(now: Gauges) -> CollectorRegistry:
    """What is told of the whole service, at this moment."""
    registry = CollectorRegistry()
    unsettled = Gauge("lqs_slots_unsettled", "Slots that are not settled, by status.", ["status"], registry=registry)
    for status, count in (("pending", now.pending), ("processing", now.processing), ("retrying", now.retrying)):
        unsettled.labels(status).set(count)
    for name, help_text, value in (
        ("lqs_oldest_pending_seconds", "Age of the oldest run that waits for a worker.", now.oldest_pending_seconds),
        ("lqs_requests_open", "Generation requests that are not done.", now.open_requests),
        ("lqs_dead_letters_open", "Slots that failed for good and that nobody has dealt with.", now.dead_letters),
        (
            "lqs_oldest_unpublished_seconds",
            "Age of the oldest event that waits for Kafka; 0 without.",
            now.oldest_unpublished_seconds,
        ),
        ("lqs_workers_alive", "Workers that beat within the lease.", now.alive),
        ("lqs_worker_places", "Calls that all living workers can hold in flight.", now.places),
        ("lqs_worker_in_flight", "Calls in flight, as the workers last told.", now.in_flight),
    ):
        Gauge(name, help_text, registry=registry).set(value)
    return registry
