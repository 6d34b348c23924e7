"""`GET /<plural>/{id}`: one operation for every registered entity type."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parts import Parts
from lqs.api.representation import documented_entity, entity
from lqs.domain.api_key import Scope
from lqs.domain.entity_type import EntityType
from lqs.domain.errors import NotFound
from lqs.storage import entities


def entity_router(entity_type: EntityType) -> APIRouter:
    """The read operation of this entity type."""
    router = APIRouter(tags=[entity_type.plural])

    @router.get(
        f"/{entity_type.plural}/{{{entity_type.name}_id}}",
        operation_id=f"get_{entity_type.name}",
        summary=f"Read a {entity_type.name}",
        responses=documented_entity(entity_type) | error_docs(400, 401, 403, 404),
    )
    async def read(request: Request, parts: Parts, caller: Annotated[Caller, Depends(needs(Scope.READ))]) -> Response:
        """One entity, which stays when the generation request that made it is gone."""
        refuse_unknown_parameters(request)
        unknown = NotFound(f"You have no {entity_type.name} with this id.")
        try:
            wanted = UUID(request.path_params[f"{entity_type.name}_id"])
        except ValueError:
            raise unknown from None
        async with parts.database.acquire() as connection:
            found = await entities.read(connection, wanted, entity_type=entity_type.name, owner_id=caller.owner_id)
        if found is None:
            raise unknown
        return json_answer(entity(found), headers={"Cache-Control": "private, no-cache", "Vary": "Authorization"})

    return router
