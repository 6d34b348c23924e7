"""What several shapes share."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from lqs.api.moments import MAX_CHARACTERS, YEARS, read_moment
from lqs.api.schemas.bounds import NO_NUL
from lqs.domain import limits


class Input(BaseModel):
    """What callers send; nothing is there that is not named."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """What we answer; nothing is there that is not named."""

    model_config = ConfigDict(extra="forbid")


MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_METADATA_KEY_CHARACTERS)]
MetadataValue = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=limits.MAX_METADATA_VALUE_CHARACTERS)]
Metadata = Annotated[
    dict[
        MetadataKey,
        MetadataValue,
    ],
    Field(
        max_length=limits.MAX_METADATA_PAIRS,
        description="Your own words, returned with the generation request.",
        examples=[{"lesson": "A1-7"}],
    ),
]


IF_VERSION = "Only if the generation request still has this version; else 412."
IfVersion = Annotated[int | None, Field(ge=1, le=limits.MAX_VERSION, description=IF_VERSION)]


def _written(value: Any) -> Any:
    """Read here, as everywhere: pydantic would take a number in quotes, too."""
    if not isinstance(value, str):
        return value
    moment = read_moment(value)
    if moment is None:
        raise ValueError("It is a time with its offset, such as 2030-01-31T12:00:00Z")
    return moment


MOMENT = {
    "type": "string",
    "format": "date-time",
    "pattern": YEARS,
    "maxLength": MAX_CHARACTERS,
    "examples": ["2030-01-31T12:00:00Z"],
}
Moment = Annotated[AwareDatetime, BeforeValidator(_written), WithJsonSchema(MOMENT)]


class NoBody(Input):
    """This operation takes no fields."""
