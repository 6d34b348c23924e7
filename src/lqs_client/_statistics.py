"""Statistics of generation requests: what is asked, and what the API answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import decimal, moment, object_at, objects, text, whole
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import Exchange, HttpRequest, body_of


@dataclass(frozen=True, slots=True)
class Question:
    """What to count; see `Client.stats`."""

    group_by: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    bucket: str | None
    all_owners: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds; None when there was nothing to measure."""

    average: float | None
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatistics:
    """Generation requests by what became of them; the rest of `total` is not done.

    `success_rate` is the share of completed ones among those that ended without being cancelled, None without any.
    """

    total: int
    completed: int
    partial: int
    failed: int
    cancelled: int
    success_rate: float | None
    seconds: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityStatistics:
    """What was asked for by what became of it; `success_rate` is of those that were generated or failed."""

    requested: int
    generated: int
    failed: int
    cancelled: int
    success_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStatistics:
    """Attempts by how they ended; a late one ended after its slot had gone on without it."""

    total: int
    generated: int
    failed: int
    late: int
    seconds: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """How many slots ended with `code` (None by model), and how many attempts failed with it."""

    code: str
    slots: int | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsGroup:
    """The numbers of one group: `group` has what its members share, `bucket` the begin of its hour or day.

    Money is in millionths of a US dollar. By model there are only attempts: the other numbers are None.
    """

    bucket: datetime | None
    group: Mapping[str, str | None]
    requests: RequestStatistics | None
    entities: EntityStatistics | None
    attempts: AttemptStatistics
    failures: tuple[FailureCount, ...]
    cost_microusd: int
    wasted_microusd: int
    estimated_microusd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Numbers of the generation requests that were asked for from `since` on and before `until`."""

    since: datetime | None
    until: datetime | None
    results: tuple[StatisticsGroup, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def statistics(question: Question, policy: RetryPolicy) -> Exchange[Statistics]:
    """Ask and read the answer."""
    response = yield from exchange(_call(question), policy)
    body = body_of(response)
    if not isinstance(body.get("results"), list):
        raise UnexpectedAnswer("the answer holds no statistics: results is missing")
    return Statistics(
        since=moment(body, "since"),
        until=moment(body, "until"),
        results=tuple(_group(one) for one in objects(body, "results")),
        raw=body,
    )


def _call(question: Question) -> HttpRequest:
    parameters = {
        "group_by": ",".join(question.group_by),
        "since": question.since.isoformat() if question.since else "",
        "until": question.until.isoformat() if question.until else "",
        "bucket": question.bucket or "",
        "scope": "all" if question.all_owners else "",
    }
    query = urlencode({name: value for name, value in parameters.items() if value})
    return HttpRequest("GET", "/generation-requests/stats" + (f"?{query}" if query else ""))


def _group(body: Mapping[str, Any]) -> StatisticsGroup:
    requests, entities, cost = object_at(body, "requests"), object_at(body, "entities"), object_at(body, "cost")
    group = object_at(body, "group")
    return StatisticsGroup(
        bucket=moment(body, "bucket"),
        group={name: text(group, name) for name in group},
        requests=_requests(requests) if requests else None,
        entities=_entities(entities) if entities else None,
        attempts=_attempts(object_at(body, "attempts")),
        failures=tuple(_failure(one) for one in objects(body, "failures")),
        cost_microusd=whole(cost, "total_microusd") or 0,
        wasted_microusd=whole(cost, "wasted_microusd") or 0,
        estimated_microusd=whole(cost, "estimated_microusd"),
    )


def _requests(body: Mapping[str, Any]) -> RequestStatistics:
    return RequestStatistics(
        total=whole(body, "total") or 0,
        completed=whole(body, "completed") or 0,
        partial=whole(body, "partial") or 0,
        failed=whole(body, "failed") or 0,
        cancelled=whole(body, "cancelled") or 0,
        success_rate=decimal(body, "success_rate"),
        seconds=_times(object_at(body, "seconds")),
    )


def _entities(body: Mapping[str, Any]) -> EntityStatistics:
    return EntityStatistics(
        requested=whole(body, "requested") or 0,
        generated=whole(body, "generated") or 0,
        failed=whole(body, "failed") or 0,
        cancelled=whole(body, "cancelled") or 0,
        success_rate=decimal(body, "success_rate"),
    )


def _attempts(body: Mapping[str, Any]) -> AttemptStatistics:
    return AttemptStatistics(
        total=whole(body, "total") or 0,
        generated=whole(body, "generated") or 0,
        failed=whole(body, "failed") or 0,
        late=whole(body, "late") or 0,
        seconds=_times(object_at(body, "seconds")),
    )


def _failure(body: Mapping[str, Any]) -> FailureCount:
    return FailureCount(
        code=text(body, "code") or "", slots=whole(body, "slots"), attempts=whole(body, "attempts") or 0
    )


def _times(body: Mapping[str, Any]) -> Times:
    return Times(average=decimal(body, "average"), p50=decimal(body, "p50"), p95=decimal(body, "p95"))
