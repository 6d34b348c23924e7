"""Which failed attempt is tried again, how often, and after how long."""

import random
from dataclasses import dataclass

from lqs.domain.slot_errors import KINDS, SlotErrorCode

LONGEST_WISH_SECONDS = 3600.0
"""A provider that asks for more waits no longer; the deadline of the generation request comes first anyway."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: the delay is uniform between 0 and a ceiling that doubles per attempt.

    Durations are seconds. Full jitter as described in the AWS Architecture Blog, "Exponential Backoff And Jitter".
    """

    base_seconds: float = 1.0
    cap_seconds: float = 60.0

    @property
    def longest_seconds(self) -> float:
        """No delay is longer."""
        return max(self.cap_seconds, LONGEST_WISH_SECONDS)

    def delay_seconds(
        self,
        code: SlotErrorCode,
        attempt: int,
        *,
        max_attempts: int,
        retry_after_seconds: float | None = None,
        rng: random.Random,
    ) -> float | None:
        """How long to wait after attempt `attempt` of `max_attempts` failed with `code`; None: do not try again.

        A provider's own `retry_after_seconds` is a floor under the jittered delay, up to an hour.
        """
        if attempt >= max_attempts or not KINDS[code].retryable:
            return None
        ceiling = min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1))
        wished = min(retry_after_seconds or 0.0, LONGEST_WISH_SECONDS)
        return max(rng.uniform(0, ceiling), wished)
