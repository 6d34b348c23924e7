"""The pool in numbers."""

from typing import Annotated

from pydantic import Field

from lqs.api.schemas.base import Output
from lqs.api.schemas.bounds import MOST_TOLD, FacetValue, Total


class Tally(Output):
    """How many there are; served and unserved add up to the total."""

    total: Total
    served: Total = Field(description="Drawn at least once.")
    unserved: Total


class ValueTally(Tally):
    """How many have this value of a facet."""

    value: FacetValue


class GroupTally(Tally):
    """How many have this combination of values."""

    values: dict[str, Annotated[list[FacetValue], Field(max_length=MOST_TOLD)]] = Field(
        description="By facet; none, if they have no value of it."
    )


class PoolStatistics(Tally):
    """The pool in numbers, as of one moment."""

    by_facet: dict[str, Annotated[list[ValueTally], Field(max_length=MOST_TOLD)]] = Field(
        description="The 1000 most frequent values, most frequent first; what has several counts for each of them."
    )
    groups: list[GroupTally] = Field(
        max_length=MOST_TOLD, description="With group_by: the first 1000 combinations of values."
    )
