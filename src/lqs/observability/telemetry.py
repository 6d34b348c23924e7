"""What happened, emitted once by the steps; whoever observes listens here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened.

    `name` is a stable word such as `slots.claimed`; `fields` are plain values; `error` is set when something broke
    that should not have.
    """

    name: str
    fields: Mapping[str, object]
    error: BaseException | None = None


Listener = Callable[[Happening], None]


class Telemetry:
    """Tells every listener what the steps of the service did. Listeners must be quick and must not raise."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def emit(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        self._tell(Happening(name, fields))

    def fault(self, name: str, error: BaseException, /, **fields: object) -> None:
        """Something broke that should not have."""
        self._tell(Happening(name, fields, error))

    def _tell(self, happening: Happening) -> None:
        for listener in self._listeners:
            listener(happening)
