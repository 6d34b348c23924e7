"""Whether the process lives, and can serve."""

from typing import Literal

from lqs.api.schemas.base import Output


class Alive(Output):
    """The process answers."""

    status: Literal["alive"]


class Ready(Output):
    """The process can serve. `degraded`: it accepts and answers, but no worker lives, so nothing is generated."""

    status: Literal["ready", "degraded"]
    workers_alive: int
