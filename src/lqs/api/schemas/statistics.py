"""Generation requests in numbers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from lqs.api.schemas.base import Output
from lqs.api.schemas.bounds import Message, Microusd, Total
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage.statistics import MOST_GROUPS, Dimension


class Times(Output):
    """Seconds; null when there was nothing to measure."""

    average: float | None
    p50: float | None
    p95: float | None


class RequestStatistics(Output):
    """Generation requests by what became of them; the rest of the total is not done."""

    total: Total
    completed: Total
    partial: Total
    failed: Total
    cancelled: Total
    success_rate: float | None = Field(description="Completed ones of those that ended without being cancelled.")
    seconds: Times = Field(description="From asked for to done, of the latest run.")


class EntityStatistics(Output):
    """What was asked for by what became of it; the rest of it is not settled."""

    requested: Total
    generated: Total
    failed: Total
    cancelled: Total
    success_rate: float | None = Field(description="Generated ones of those that were generated or failed.")


class AttemptStatistics(Output):
    """Attempts that workers reported, by how they ended."""

    total: Total
    generated: Total
    failed: Total
    late: Total = Field(description="Too late: the slot had gone on without them.")
    seconds: Times


class FailureStatistics(Output):
    """A code, how many slots ended with it, and how many attempts failed with it."""

    code: SlotErrorCode
    slots: Total | None = Field(description="null by model: a slot has none.")
    attempts: Total


class CostStatistics(Output):
    """What the calls cost, in millionths of a US dollar."""

    currency: Literal["USD"]
    total_microusd: Microusd
    wasted_microusd: Microusd = Field(description="Of the total, what made no entity.")
    estimated_microusd: Microusd | None = Field(
        description="Of the total, what is counted at the highest price, for nobody told the real one; null by model."
    )


class StatisticsGroup(Output):
    """The numbers of one group; by model only those of attempts."""

    bucket: datetime | None = Field(description="When the hour or day of this group begins; null without buckets.")
    group: dict[str, Message | None] = Field(examples=[{"status": "completed"}])
    requests: RequestStatistics | None
    entities: EntityStatistics | None
    attempts: AttemptStatistics
    failures: list[FailureStatistics] = Field(max_length=MOST_GROUPS, description="The most frequent first.")
    cost: CostStatistics


class Statistics(Output):
    """Numbers of the generation requests that were asked for from `since` on and before `until`."""

    since: datetime
    until: datetime
    scope: Literal["own", "all"]
    group_by: list[Dimension] = Field(max_length=len(Dimension))
    bucket: Literal["hour", "day"] | None
    results: list[StatisticsGroup] = Field(max_length=4 * MOST_GROUPS)
