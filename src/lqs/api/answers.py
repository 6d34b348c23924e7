"""Small pieces that every operation answers with."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel
from pydantic_core import to_json

from lqs.api import schemas
from lqs.api.error_responses import MEDIA_TYPE


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; times are RFC 3339 in UTC."""
    return Response(
        to_json(body), status_code=status, media_type="application/json", headers=dict(headers) if headers else None
    )


def error_docs(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` entry that documents these error statuses, and those that always come with them."""
    told = {*statuses, 500, 503} | ({429} if 401 in statuses else set()) | ({408} if 413 in statuses else set())
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": _ERROR_REF}}}
        for status in sorted(told)
    }


def body_docs(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The `openapi_extra` entry that documents a body which is read by hand."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


_ERROR_REF = {"$ref": f"#/components/schemas/{schemas.Error.__name__}"}
_MEANINGS = {
    400: "The call is malformed.",
    401: "No API key, or one that is not valid.",
    403: "The key lacks the scope.",
    404: "Unknown, or another owner's.",
    408: "The body did not arrive in time.",
    409: "It is not in a state that allows this; `code` says which.",
    410: "It was there, and has been purged.",
    412: "It is not at the version that was named.",
    413: "The body is too large.",
    415: "The body is not announced as JSON.",
    422: "The body, or a parameter, is not what this operation takes; `errors` names every place.",
    429: "The owner, or its key, has had what it may have for now; `code` says of what, Retry-After when to come back.",
    500: "A fault on the side of the service.",
    503: "The database does not answer, or the queue is full; try again.",
}
