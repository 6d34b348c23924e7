"""`GET /generation-requests?idempotency_key=K`: what a key made, for callers that never saw the 202."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lqs.api import schemas_retry
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.generate import operation
from lqs.api.idempotency import parse_key
from lqs.api.parts import Parts
from lqs.api.representation import generation_request
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import EntityType
from lqs.domain.errors import IdempotencyKeyExpired, ParameterRefused
from lqs.storage import generation_requests, idempotency_keys
from lqs.storage.idempotency_keys import Key

_PARAMETER = "idempotency_key"


def find_router(types: list[EntityType]) -> APIRouter:
    """The look-up over the generate operations of these entity types."""
    router = APIRouter(tags=["generation requests"])
    operations = [operation(entity_type) for entity_type in types]

    @router.get(
        "/generation-requests",
        operation_id="find_generation_requests",
        summary="Find what an idempotency key made",
        response_model=schemas_retry.FoundRequests,
        responses=error_docs(400, 401, 403, 410, 422),
    )
    async def find(
        request: Request,
        parts: Parts,
        caller: Annotated[Caller, Depends(needs(Scope.READ))],
        idempotency_key: Annotated[str | None, Query(description="The key that was sent with a generate call.")] = None,
    ) -> Response:
        """The generation request that was made with this key, to follow or to cancel it; none if the key is free.

        410 when it was purged: generating with this key again is refused, too.
        """
        refuse_unknown_parameters(request, frozenset({_PARAMETER}))
        if idempotency_key is None or len(request.query_params.getlist(_PARAMETER)) > 1:
            raise ParameterRefused(_PARAMETER, "Name one key.")
        key = parse_key(idempotency_key)
        async with parts.database.acquire() as connection:
            uses = await idempotency_keys.read(connection, [Key(caller.owner_id, one, key) for one in operations])
            views = [
                await generation_requests.read(connection, use.subject_id, owner_id=caller.owner_id)
                for use in uses.values()
            ]
        found = sorted((view for view in views if view), key=lambda view: view.requested_at, reverse=True)
        if uses and not found:
            raise IdempotencyKeyExpired(next(iter(uses.values())).subject_id)
        return json_answer(
            {"results": [generation_request(view) for view in found]},
            headers={"Cache-Control": "private, no-cache", "Vary": "Authorization"},
        )

    return router
