"""Client library of the lqs API: generate language-learning entities, wait for them, and know what failed.

    from lqs_client import Client

    with Client() as client:
        request = client.generate_and_wait(count=3)
        for problem in request.raise_for_outcome().entities:
            print(problem.raw["statements"])

`AsyncClient` has the same methods. Everything raised derives from `LqsError`; `_errors.py` draws the tree.
"""

from lqs_client._api_keys import ApiKey, ApiKeyList, NewApiKey, looks_like_key
from lqs_client._async_client import AsyncClient
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
    Counts,
    ErrorCount,
    GenerationFailed,
    GenerationPartial,
    GenerationRequest,
    OutcomeError,
    Slot,
    SlotError,
    Usage,
    WaitTimeout,
)
from lqs_client._version import __version__

__all__ = [
    "Accepted",
    "ApiError",
    "ApiKey",
    "ApiKeyList",
    "AsyncClient",
    "Authentication",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Counts",
    "CredentialsInvalid",
    "Entity",
    "ErrorCount",
    "FieldError",
    "Forbidden",
    "GenerationFailed",
    "GenerationPartial",
    "GenerationRequest",
    "Invalid",
    "LqsError",
    "NewApiKey",
    "NotFound",
    "OutcomeError",
    "Problem",
    "RateLimited",
    "ServerError",
    "Slot",
    "SlotError",
    "Statement",
    "Timeout",
    "UnexpectedAnswer",
    "Usage",
    "WaitTimeout",
    "__version__",
    "looks_like_key",
]
