"""The pool in numbers."""

from pydantic import Field

from lqs.api.schemas.base import Output


class Tally(Output):
    """How many there are; served and unserved add up to the total."""

    total: int
    served: int = Field(description="Drawn at least once.")
    unserved: int


class ValueTally(Tally):
    """How many have this value of a facet."""

    value: str


class GroupTally(Tally):
    """How many have this combination of values."""

    values: dict[str, list[str]] = Field(description="By facet; none, if they have no value of it.")


class PoolStatistics(Tally):
    """The pool in numbers, as of one moment."""

    by_facet: dict[str, list[ValueTally]] = Field(
        description="The most frequent value first. What has several values counts for each of them."
    )
    groups: list[GroupTally] = Field(description="With group_by: every combination that there is.")
