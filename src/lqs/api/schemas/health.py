"""Whether the process lives, and can serve."""

from typing import Literal

from lqs.api.schemas.base import Output


class Alive(Output):
    """The process answers."""

    status: Literal["alive"]


class Reason(Output):
    """Something that is not as it should be, though the service goes on."""

    code: Literal["no_worker", "transport_in_trouble"]
    detail: str


class Ready(Output):
    """The process can serve. `degraded`: it accepts and answers, but not all is as it should be, for these reasons."""

    status: Literal["ready", "degraded"]
    workers_alive: int
    reasons: list[Reason]
