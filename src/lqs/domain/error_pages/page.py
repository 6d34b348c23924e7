"""The shape of what is told about one error code."""

from dataclasses import dataclass
from enum import StrEnum


class Teller(StrEnum):
    """Who tells a code."""

    API = "an error answer of the API"
    SLOT = "why a slot of a generation request failed"
    COMMAND = "an error of the command `lqs`"


@dataclass(frozen=True, slots=True)
class Told:
    """What is told about an error: what `happened`, its `causes`, and the `next_step`, with commands in backticks."""

    happened: str
    causes: tuple[str, ...]
    next_step: str


@dataclass(frozen=True, slots=True)
class Page:
    """One code and all that is told about it; `retryable` is None where nobody repeats by it."""

    code: str
    title: str
    teller: Teller
    retryable: bool | None
    told: Told


def slug(code: str) -> str:
    """The code as an address has it."""
    return code.replace("_", "-")
