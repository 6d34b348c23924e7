"""What every error has."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a body: where (a JSON pointer), a stable code, what to change, and the limits if any."""

    pointer: str
    code: str
    detail: str
    limits: Mapping[str, object] = field(default_factory=dict)


class LqsError(Exception):
    """Base of all. `title` is the same for every instance of a code; `detail` is about this one."""

    code: str
    title: str
    retryable = False

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CallerError(LqsError):
    """The caller can mend it."""


class ServiceError(LqsError):
    """The caller can only try again later."""

    retryable = True
