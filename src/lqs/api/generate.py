"""`POST /<plural>/generate`: one operation for every registered entity type."""

from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import body_docs, error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.budgets import call_price, refuse_without_money
from lqs.api.idempotency import IdempotencyKey, Keyed
from lqs.api.parts import Parts
from lqs.api.representation import etag, links, poll_after_ms, retry_after
from lqs.crash_points import CrashPoint, crash_point
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import ConstraintsRefused, EntityType
from lqs.domain.errors import BodyRefused, Finding, IdempotencyKeyExpired
from lqs.domain.generation_request import Priority, Status
from lqs.domain.rates import Rate
from lqs.domain.terms import Terms
from lqs.lifecycle.submission import Accepted, Submission
from lqs.observability.telemetry import add_to_step
from lqs.storage import views
from lqs.storage.views import Progress
from lqs.wiring import ApiParts


def operation(entity_type: EntityType) -> str:
    """The scope of the idempotency keys of this entity type's generate operation."""
    return f"POST /{entity_type.plural}/generate"


def generate_router(entity_type: EntityType) -> APIRouter:
    """The generate operation of this entity type."""
    router = APIRouter(tags=[entity_type.plural])
    model = schemas.generate_body(entity_type)

    @router.post(
        f"/{entity_type.plural}/generate",
        status_code=202,
        operation_id=f"generate_{entity_type.plural}",
        summary=f"Generate {entity_type.plural}",
        response_model=schemas.Accepted,
        responses=error_docs(400, 401, 403, 410, 413, 415, 422, 429),
        openapi_extra=body_docs(model, required=False),
    )
    async def generate(
        request: Request,
        parts: Parts,
        caller: Annotated[Caller, Depends(needs(Scope.WRITE, Rate.CREATE))],
        key: IdempotencyKey,
    ) -> Response:
        """Accept a generation request. It is durable before the answer leaves, and it always ends."""
        refuse_unknown_parameters(request)
        body: Any = await read_body(request, model)
        _check(entity_type, body.constraints)
        terms = _terms(body)
        if terms.priority is Priority.HIGH:
            caller.require(Scope.PRIORITY)
        submission = Submission(
            owner_id=caller.owner_id,
            operation=operation(entity_type),
            entity_type=entity_type.name,
            count=body.count,
            constraints=body.constraints.model_dump(mode="json", exclude_defaults=True),
            metadata=body.metadata,
            idempotency_key=key,
            terms=terms,
            requested_by=caller.key_id,
            call_price_microusd=call_price(parts, entity_type, caller, terms),
            trace=request.state.trace,
        )
        price, most = submission.call_price_microusd, terms.max_cost_microusd
        await refuse_without_money(parts, caller, price, submission.key, most=most)
        accepted = await parts.submitter.submit(submission)
        add_to_step(request_id=str(accepted.request_id), replayed=accepted.replayed)
        if not accepted.replayed:
            parts.announcer.announce()
        crash_point(CrashPoint.SUBMIT_ANNOUNCED)
        return await _answer(parts, submission, accepted)

    return router


def _check(entity_type: EntityType, constraints: Any) -> None:
    try:
        entity_type.check_constraints(constraints)
    except ConstraintsRefused as refusal:
        finding = Finding(f"/constraints{refusal.pointer}", "constraints_infeasible", refusal.detail)
        raise BodyRefused([finding]) from None


def _terms(body: schemas.GenerateBody) -> Terms:
    terms = Terms(**{field.name: getattr(body, field.name) for field in fields(Terms)})
    if terms.start_within_seconds and terms.timeout_seconds and terms.start_within_seconds > terms.timeout_seconds:
        detail = f"The run ends after timeout_seconds, {terms.timeout_seconds}; a start within more says nothing."
        raise BodyRefused([Finding("/start_within_seconds", "out_of_range", detail, {"max": terms.timeout_seconds})])
    return terms


async def _answer(parts: ApiParts, submission: Submission, accepted: Accepted) -> Response:
    if accepted.stored is not None:
        progress, deadline_at, expires_at = _fresh(submission, accepted), accepted.stored.deadline_at, None
    else:
        async with parts.database.acquire() as connection:
            view = await views.read(connection, accepted.request_id, owner_id=submission.owner_id)
        if view is None:
            raise IdempotencyKeyExpired(accepted.request_id)
        progress, deadline_at, expires_at = view.progress, view.deadline_at, view.expires_at
    hint = poll_after_ms(progress)
    keyed = Keyed(submission.idempotency_key, accepted.replayed, accepted.used_at)
    body: dict[str, Any] = {
        "message": "Generation request accepted" if accepted.stored else "Generation request was accepted before",
        "request_id": accepted.request_id,
        "count": submission.count,
        "status": progress.status,
        "done": progress.status.done,
        "deadline_at": deadline_at,
        "idempotency": keyed.body(expires_at),
        "links": links(accepted.request_id, progress.status, parts.entity_types[submission.entity_type]),
    }
    headers = keyed.headers | {
        "Location": f"/generation-requests/{accepted.request_id}",
        "ETag": etag(accepted.request_id, progress.version),
    }
    if hint is not None:
        body["poll_after_ms"] = hint
        headers["Retry-After"] = retry_after(hint)
    return json_answer(body, status=202, headers=headers)


def _fresh(submission: Submission, accepted: Accepted) -> Progress:
    assert accepted.stored is not None
    return Progress(
        version=1,
        status=Status.PENDING,
        run_requested_at=accepted.stored.requested_at,
        started_at=None,
        requested_count=submission.count,
        settled_count=0,
        read_at=accepted.stored.requested_at,
    )
