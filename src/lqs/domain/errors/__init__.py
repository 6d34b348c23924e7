"""The errors this service can answer with, as one tree; each class has one stable code.

LqsError
  CallerError                   the caller can mend it
    BodyMalformed               not JSON at all
    BodyRefused                 JSON, but not what was asked for; names every place
    BodyTooLarge
    BodyTooSlow                 it did not arrive in the time that a body has
    MediaTypeUnsupported
    ParameterUnknown
    ParameterRefused            a query parameter has a value that it does not take
    CursorMismatch              a cursor of another list, or none at all
    IdempotencyKeyMalformed
    IdempotencyKeyReused        the key was used for another body
    IdempotencyKeyExpired       what the key made was purged
    NotAuthenticated
    ScopeMissing
    NotFound                    unknown, or another owner's: the two are not told apart
    NothingMatches              the owner has no entity of this kind
    MethodNotAllowed
    NotDone                     only what is done can be tried again, or purged
    NothingToRetry              every entity is there, or nothing matches what was chosen
    BudgetSpent                 its own budget cannot pay another call
    VersionMismatch             it changed since the caller looked
    GenerationRequestPurged     it was there, and its record has been purged
    GenerationRequestPinned     it has to be unpinned first
    PriorityFixed               its slots have left the queue
    DeadLetterResolved          somebody has requeued or discarded it
    DailyBudgetExhausted        the key has spent what it may spend today
    RateLimited                 the owner calls more often than it may
    ActiveQuotaExceeded         the owner has as much under way as it may
    StatisticsTooLarge          too much to count in the time that counting may take
  ServiceError                  the caller can only try again later
    ServiceUnavailable          the database does not answer
    QueueFull                   more waits than is ever accepted
    InternalError               a fault of ours; logged with its trace id
"""

from lqs.domain.errors.base import CallerError, Finding, LqsError, ServiceError
from lqs.domain.errors.bounds import (
    ActiveQuotaExceeded,
    DailyBudgetExhausted,
    InternalError,
    QueueFull,
    RateLimited,
    ServiceUnavailable,
    StatisticsTooLarge,
)
from lqs.domain.errors.calls import (
    BodyMalformed,
    BodyRefused,
    BodyTooLarge,
    BodyTooSlow,
    CursorMismatch,
    IdempotencyKeyExpired,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    MediaTypeUnsupported,
    MethodNotAllowed,
    NotAuthenticated,
    ParameterRefused,
    ParameterUnknown,
    ScopeMissing,
)
from lqs.domain.errors.states import (
    BudgetSpent,
    DeadLetterResolved,
    GenerationRequestPinned,
    GenerationRequestPurged,
    NotDone,
    NotFound,
    NothingMatches,
    NothingToRetry,
    PriorityFixed,
    VersionMismatch,
)

__all__ = [
    "ActiveQuotaExceeded",
    "BodyMalformed",
    "BodyRefused",
    "BodyTooLarge",
    "BodyTooSlow",
    "BudgetSpent",
    "CallerError",
    "CursorMismatch",
    "DailyBudgetExhausted",
    "DeadLetterResolved",
    "Finding",
    "GenerationRequestPinned",
    "GenerationRequestPurged",
    "IdempotencyKeyExpired",
    "IdempotencyKeyMalformed",
    "IdempotencyKeyReused",
    "InternalError",
    "LqsError",
    "MediaTypeUnsupported",
    "MethodNotAllowed",
    "NotAuthenticated",
    "NotDone",
    "NotFound",
    "NothingMatches",
    "NothingToRetry",
    "ParameterRefused",
    "ParameterUnknown",
    "PriorityFixed",
    "QueueFull",
    "RateLimited",
    "ScopeMissing",
    "ServiceError",
    "ServiceUnavailable",
    "StatisticsTooLarge",
    "VersionMismatch",
]
