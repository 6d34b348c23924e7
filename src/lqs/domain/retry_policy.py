"""Which failed attempt is tried again, how often, and after how long."""

import random
from dataclasses import dataclass

from lqs.domain.slot_errors import KINDS, SlotErrorCode


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: the delay is uniform between 0 and a ceiling that doubles per attempt.

    Durations are seconds. Full jitter as described in the AWS Architecture Blog, "Exponential Backoff And Jitter".
    """

    max_attempts: int = 3
    base_seconds: float = 1.0
    cap_seconds: float = 60.0

    def delay_seconds(
        self, code: SlotErrorCode, attempt: int, *, retry_after_seconds: float | None = None, rng: random.Random
    ) -> float | None:
        """How long to wait after attempt number `attempt` failed with `code`; None means: do not try again.

        A provider's own `retry_after_seconds` is a floor under the jittered delay.
        """
        if attempt >= self.max_attempts or not KINDS[code].retryable:
            return None
        ceiling = min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1))
        return max(rng.uniform(0, ceiling), retry_after_seconds or 0.0)
