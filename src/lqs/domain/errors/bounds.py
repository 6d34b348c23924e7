"""The call is right, but now is not the time: somebody has had enough, or the service cannot answer."""

from lqs.domain.errors.base import CallerError, ServiceError


class DailyBudgetExhausted(CallerError):
    """The daily budget of the key has no room for another call; the next day begins in `retry_after_seconds`."""

    code = "daily_budget_exhausted"
    title = "The daily budget of this API key has no room for another call"
    retryable = True

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(CallerError):
    """The owner has made as many calls as a minute allows; the next is granted in `retry_after_seconds`."""

    code = "rate_limited"
    title = "Too many calls"
    retryable = True

    def __init__(self, rate: str, quota: int, *, retry_after_seconds: int) -> None:
        super().__init__(
            f"Your owner may make {quota} calls a minute of the kind {rate!r}. GET /limits tells what is left."
        )
        self.retry_after_seconds = retry_after_seconds


class ActiveQuotaExceeded(CallerError):
    """The owner has as many generation requests under way as it may; nothing was stored."""

    code = "active_quota_exceeded"
    title = "Too many generation requests under way"
    retryable = True

    def __init__(self, quota: int) -> None:
        super().__init__(
            f"Your owner may have {quota} generation requests that are not done. Wait for one of them, or cancel one."
        )


class StatisticsTooLarge(CallerError):
    """Counting was ended because it took too long; a narrower window may be counted."""

    code = "statistics_too_large"
    title = "Too much to count at once"


class ServiceUnavailable(ServiceError):
    """The database does not answer, or not in time."""

    code = "service_unavailable"
    title = "The service cannot answer right now"


class QueueFull(ServiceError):
    """More slots wait than the operator ever wants to have waiting; nothing was stored."""

    code = "queue_full"
    title = "The queue is full"

    def __init__(self) -> None:
        super().__init__("More waits already than is accepted. Nothing of this was stored: send it again later.")


class InternalError(ServiceError):
    """A fault of ours."""

    code = "internal_error"
    title = "Something went wrong on our side"
