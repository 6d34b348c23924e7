"""Whether the process lives, and can serve."""

from typing import Literal

from pydantic import Field

from lqs.api.schemas.base import Output
from lqs.api.schemas.bounds import Message, Number


class Alive(Output):
    """The process answers."""

    status: Literal["alive"]


class Reason(Output):
    """Something that is not as it should be, though the service goes on."""

    code: Literal["no_worker", "transport_in_trouble"]
    detail: Message


class Ready(Output):
    """The process can serve. `degraded`: it accepts and answers, but not all is as it should be, for these reasons."""

    status: Literal["ready", "degraded"]
    workers_alive: Number
    reasons: list[Reason] = Field(max_length=10)
