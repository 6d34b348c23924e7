"""The call is right, but what it is about does not allow it."""

from collections.abc import Mapping
from datetime import datetime

from lqs.domain.errors.base import CallerError


class NotFound(CallerError):
    """Nothing of the caller's has this address."""

    code = "not_found"
    title = "Not found"


class NothingMatches(CallerError):
    """The caller has no entity that can be drawn; `generate` is what to send to have some made, if any can be.

    Each code names the entity type, such as `no_problem_matches`.
    """

    code = "no_entity_matches"
    title = "Nothing matches"

    def __init__(self, entity_type: str, detail: str, generate: Mapping[str, object] | None) -> None:
        super().__init__(detail)
        self.code = f"no_{entity_type}_matches"
        self.generate = generate


class NotDone(CallerError):
    """Its run has to end first."""

    code = "generation_request_not_done"
    title = "The generation request is not done"


class NothingToRetry(CallerError):
    """Nothing of what was chosen failed or was cancelled."""

    code = "nothing_to_retry"
    title = "There is nothing to try again"


class BudgetSpent(CallerError):
    """A further run has the budget of the runs before, and that has no room for another call."""

    code = "budget_spent"
    title = "The budget of this generation request is spent"


class VersionMismatch(CallerError):
    """The caller named a version, and that is no longer the current one."""

    code = "version_mismatch"
    title = "It has changed since"

    def __init__(self, wanted: int, current: int) -> None:
        super().__init__(f"It has version {current}, not {wanted}. Nothing was done: look at it again, then decide.")
        self.current = current


class GenerationRequestPurged(CallerError):
    """Its record is gone; what is left of it stands here, its entities stay. `counts` are those of its last run."""

    code = "generation_request_purged"
    title = "The record of this generation request has been purged"

    def __init__(self, purged_at: datetime, status: str, counts: Mapping[str, int]) -> None:
        super().__init__(
            f"It ended as {status} and was purged at {purged_at:%Y-%m-%dT%H:%M:%SZ}; its entities are still there."
        )
        self.purged_at = purged_at
        self.status = status
        self.counts = dict(counts)


class GenerationRequestPinned(CallerError):
    """Somebody wants it kept."""

    code = "generation_request_pinned"
    title = "The generation request is pinned"

    def __init__(self) -> None:
        super().__init__('It is pinned, so it is kept. To purge it, first unpin it: PATCH it with {"pinned": false}.')


class PriorityFixed(CallerError):
    """The order of the queue no longer decides about it."""

    code = "priority_fixed"
    title = "The priority can no longer be changed"


class DeadLetterResolved(CallerError):
    """A dead letter is requeued or discarded once."""

    code = "dead_letter_resolved"
    title = "This dead letter has been dealt with"
