"""The terms of a generation request: what a caller may choose beside what is to be generated."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from lqs.domain.generation_request import Priority


@dataclass(frozen=True, slots=True)
class Terms:
    """What the caller chose; None leaves it to the service. Durations are seconds, money is millionths of a US dollar.

    `timeout_seconds` is for the whole run, `start_within_seconds` for the wait until its first attempt,
    `slot_timeout_seconds` for one attempt, `retention_seconds` for the record after its end.
    """

    priority: Priority = Priority.NORMAL
    timeout_seconds: int | None = None
    start_within_seconds: int | None = None
    slot_timeout_seconds: int | None = None
    max_attempts: int | None = None
    max_cost_microusd: int | None = None
    retention_seconds: int | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}


_DEFAULTS = {field.name: field.default for field in fields(Terms)}


def terms_from(chosen: dict[str, Any]) -> Terms:
    """The terms that were stored as `chosen`."""
    return Terms(**chosen | {"priority": Priority(chosen.get("priority", Priority.NORMAL))})
