"""What a caller may do."""

from pydantic import Field

from lqs.api.schemas.base import Output
from lqs.domain.rates import Rate


class RateLimit(Output):
    """Calls an owner may make to one process of the API."""

    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int = Field(description="Until all of it is there again.")


class Quota(Output):
    """How much there may be at the same time, and how much there is."""

    limit: int | None
    used: int


class Limits(Output):
    """The owner's own limits, with what is left of them, and those that hold for everybody; null is none."""

    rates: dict[Rate, RateLimit | None]
    active_requests: Quota = Field(description="Generation requests that are not done.")
    held_answers: Quota = Field(description="Answers that are held for Prefer: wait.")
    body_bytes: int
    entities_per_request: int
    metadata_pairs: int
    run_seconds: int
    attempt_seconds: int
    attempts_per_slot: int
    retention_seconds: int
    wait_seconds: int
