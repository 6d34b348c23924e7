"""What a caller may do."""

from pydantic import Field

from lqs.api.schemas.base import Output
from lqs.api.schemas.bounds import Number
from lqs.domain.rates import Rate


class RateLimit(Output):
    """Calls an owner may make to one process of the API."""

    limit: Number
    window_seconds: Number
    remaining: Number
    reset_seconds: Number = Field(description="Until all of it is there again.")


class Quota(Output):
    """How much there may be at the same time, and how much there is."""

    limit: Number | None
    used: Number


class Limits(Output):
    """The owner's own limits, with what is left of them, and those that hold for everybody; null is none."""

    rates: dict[Rate, RateLimit | None]
    active_requests: Quota = Field(description="Generation requests that are not done.")
    held_answers: Quota = Field(description="Answers that are held for Prefer: wait.")
    body_bytes: Number
    entities_per_request: Number
    metadata_pairs: Number
    run_seconds: Number
    attempt_seconds: Number
    attempts_per_slot: Number
    retention_seconds: Number
    wait_seconds: Number
