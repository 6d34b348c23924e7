"""What the API is made of, built by `wiring` and handed to every operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from lqs.dispatch.postgres import Announcer
from lqs.domain.entity_type import EntityType
from lqs.lifecycle.submit import Submitter
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import Database


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The open resources of one API process."""

    database: Database
    submitter: Submitter
    announcer: Announcer
    telemetry: Telemetry
    entity_types: Mapping[str, EntityType]
    max_attempts: int
    lease_seconds: float


def _parts(request: Request) -> ApiParts:
    parts = request.app.state.parts
    assert isinstance(parts, ApiParts)
    return parts


Parts = Annotated[ApiParts, Depends(_parts)]
