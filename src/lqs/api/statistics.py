"""`GET /generation-requests/stats`: how many, how fast, how well, and for how much."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lqs.api import schemas
from lqs.api.answers import error_docs, json_answer
from lqs.api.auth import Caller, needs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.parameters import MOMENT, moment_of, one_of, some_of, word_of, words_of
from lqs.api.parts import Parts
from lqs.domain.api_key import Scope
from lqs.domain.errors import ParameterRefused, StatisticsTooLarge
from lqs.storage import statistics
from lqs.storage.database import Connection
from lqs.storage.statistics import Bucket, Dimension, Group, Question, TooLarge

router = APIRouter(tags=["generation requests"])

_LONGEST_WINDOW = timedelta(days=31)
_USUAL_WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The query as it was written."""

    group_by: Annotated[
        str | None,
        some_of(Dimension),
        Query(description="Comma-separated, of: entity_type, status, end_reason, priority, model."),
    ] = None
    since: Annotated[str | None, MOMENT, Query(description="RFC 3339; a day before `until` unless given.")] = None
    until: Annotated[str | None, MOMENT, Query(description="RFC 3339; now unless given.")] = None
    bucket: Annotated[str | None, one_of(Bucket), Query(description="hour or day (UTC): numbers for each of them.")] = (
        None
    )
    scope: Annotated[
        str, one_of(("own", "all")), Query(description="own, or all owners' with a key of the scope admin.")
    ] = "own"


@router.get(
    "/generation-requests/stats",
    operation_id="get_statistics",
    summary="Count generation requests",
    response_model=schemas.Statistics,
    responses=error_docs(400, 401, 403, 422),
)
async def read(
    request: Request,
    parts: Parts,
    caller: Annotated[Caller, Depends(needs(Scope.READ))],
    asked: Annotated[Asked, Depends()],
) -> Response:
    """Counts, success rates, times, failure reasons and cost of the generation requests asked for in a window.

    By model only attempts are counted, because one generation request may have used several.
    """
    refuse_unknown_parameters(request, frozenset(field.name for field in fields(Asked)))
    everybody = word_of("scope", asked.scope, ("own", "all")) == "all"
    if everybody:
        caller.require(Scope.ADMIN)
    groups = words_of("group_by", asked.group_by, Dimension) if asked.group_by is not None else ()
    pieces = Bucket(word_of("bucket", asked.bucket, Bucket)) if asked.bucket is not None else None
    async with request.app.state.counting, parts.database.acquire() as connection:
        since, until = await _window(connection, asked)
        question = Question(None if everybody else caller.owner_id, since, until, groups, pieces)
        try:
            found = await statistics.count(connection, question, timeout_seconds=parts.statistics_timeout_seconds)
        except TooLarge as error:
            raise StatisticsTooLarge(f"{error} Ask for a shorter window, or for fewer groups.") from None
    return json_answer(_body(question, found, asked.scope))


async def _window(connection: Connection, asked: Asked) -> tuple[datetime, datetime]:
    until = moment_of("until", asked.until) if asked.until is not None else await statistics.now(connection)
    since = moment_of("since", asked.since) if asked.since is not None else until - _USUAL_WINDOW
    if since >= until:
        raise ParameterRefused("since", "The window must begin before it ends.")
    if until - since > _LONGEST_WINDOW:
        raise ParameterRefused("since", f"A window has at most {_LONGEST_WINDOW.days} days; ask for several.")
    return since, until


def _body(question: Question, found: list[Group], scope: str) -> dict[str, Any]:
    return {
        "since": question.since,
        "until": question.until,
        "scope": scope,
        "group_by": question.group_by,
        "bucket": question.bucket,
        "results": [_group(group, question) for group in found],
    }


def _group(group: Group, question: Question) -> dict[str, Any]:
    requests, entities = group.requests, group.entities
    return {
        "bucket": group.key.bucket,
        "group": {name: getattr(group.key, name) for name in question.group_by},
        "requests": requests
        and {**asdict(requests), "success_rate": _share(requests.completed, requests.partial + requests.failed)},
        "entities": entities and {**asdict(entities), "success_rate": _share(entities.generated, entities.failed)},
        "attempts": asdict(group.attempts),
        "failures": [asdict(failure) for failure in group.failures],
        "cost": {
            "currency": "USD",
            "total_microusd": group.cost.total,
            "wasted_microusd": group.cost.wasted,
            "estimated_microusd": group.cost.estimated,
        },
    }


def _share(good: int, bad: int) -> float | None:
    return good / (good + bad) if good + bad else None
