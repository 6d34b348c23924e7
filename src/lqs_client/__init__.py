"""Client library of the lqs API: generate language-learning entities, wait for them, and know what failed.

    from lqs_client import Client

    with Client() as client:
        request = client.generate_and_wait(count=3)
        for problem in request.raise_for_outcome().entities:
            for statement in problem.statements:
                print(statement.is_correct, statement.text, statement.translation or statement.explanation)

`AsyncClient` has the same methods. What is raised, beside `ValueError` for an argument that cannot be, is one tree:

    LqsError
    ├── CredentialsInvalid          yours: no key, or one that cannot be sent; nothing was sent
    ├── ConnectionFailed            the way to the API: refused, cut, no such host
    ├── Timeout                     the way, or an API under load: no answer in time
    ├── UnexpectedAnswer            the address: what answered is not this API, or a proxy stands before it
    ├── ApiError                    the API answered with an error (status, code, detail, errors, trace_id)
    │   ├── Invalid                 yours: 400, 413, 415, 422; `errors` names the fields
    │   ├── Authentication          yours: 401; the key is unknown, revoked or expired
    │   ├── Forbidden               yours: 403; the key lacks a scope
    │   ├── NotFound                yours: 404; no such thing, or it belongs to somebody else
    │   ├── Conflict                yours: 409, 412; it is not in a state, or has not the version, that allows this
    │   ├── Gone                    yours: 410; its record was purged, its entities are still there
    │   ├── RateLimited             yours: 429; slow down
    │   └── ServerError             ours: every 5xx; quote `trace_id` when you report it
    ├── WaitTimeout                 nobody's: the work goes on, only the waiting ended
    └── OutcomeError                raised by `raise_for_outcome()` alone
        ├── GenerationFailed        the generation request is done and made nothing, or was cancelled
        └── GenerationPartial       it is done and made some of what was asked for
"""

from lqs_client._api_keys import ApiKey, ApiKeyList, NewApiKey, looks_like_key
from lqs_client._async_client import AsyncClient
from lqs_client._bulk_operation import BulkOperation, BulkPreview
from lqs_client._client import Client
from lqs_client._entities import Entity, Problem, Statement
from lqs_client._errors import (
    ApiError,
    Authentication,
    Conflict,
    ConnectionFailed,
    CredentialsInvalid,
    FieldError,
    Forbidden,
    Gone,
    Invalid,
    LqsError,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    UnexpectedAnswer,
)
from lqs_client._generation import (
    Accepted,
    Cancellation,
    Cost,
    Counts,
    ErrorCount,
    GenerationFailed,
    GenerationPartial,
    GenerationRequest,
    OutcomeError,
    Progress,
    Slot,
    SlotError,
    Usage,
    WaitTimeout,
)
from lqs_client._history import (
    Attempt,
    DeadLetter,
    DeadLetterPage,
    FoundRequests,
    Requeued,
    Run,
    RunList,
    SlotHistory,
)
from lqs_client._pool import EntityPage, Group, PoolStatistics, Tally
from lqs_client._requests import GenerationRequestPage, RequestFilters
from lqs_client._statistics import (
    AttemptStatistics,
    EntityStatistics,
    FailureCount,
    RequestStatistics,
    Statistics,
    StatisticsGroup,
    Times,
)
from lqs_client._version import __version__
from lqs_client._wire import Terms

__all__ = [
    "Accepted",
    "ApiError",
    "ApiKey",
    "ApiKeyList",
    "AsyncClient",
    "Attempt",
    "AttemptStatistics",
    "Authentication",
    "BulkOperation",
    "BulkPreview",
    "Cancellation",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Cost",
    "Counts",
    "CredentialsInvalid",
    "DeadLetter",
    "DeadLetterPage",
    "Entity",
    "EntityPage",
    "EntityStatistics",
    "ErrorCount",
    "FailureCount",
    "FieldError",
    "Forbidden",
    "FoundRequests",
    "GenerationFailed",
    "GenerationPartial",
    "GenerationRequest",
    "GenerationRequestPage",
    "Gone",
    "Group",
    "Invalid",
    "LqsError",
    "NewApiKey",
    "NotFound",
    "OutcomeError",
    "PoolStatistics",
    "Problem",
    "Progress",
    "RateLimited",
    "RequestFilters",
    "RequestStatistics",
    "Requeued",
    "Run",
    "RunList",
    "ServerError",
    "Slot",
    "SlotError",
    "SlotHistory",
    "Statement",
    "Statistics",
    "StatisticsGroup",
    "Tally",
    "Terms",
    "Timeout",
    "Times",
    "UnexpectedAnswer",
    "Usage",
    "WaitTimeout",
    "__version__",
    "looks_like_key",
]
