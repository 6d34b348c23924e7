"""What the OpenAPI document says beside the routes: headers, links, examples, tags, and how to authenticate."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from lqs.api.schemas.bounds import NO_NUL, Address, KeyId
from lqs.domain import limits
from lqs.domain.entity_type import EntityType

Json = dict[str, Any]

SUMMARY = "Generates language-learning entities, and tells the truth about every generation request."
CONTACT = {"name": "Whoever runs this service"}
LICENCE = {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"}
SERVERS = [{"url": "/", "description": "Where this document comes from, local or production.", "x-internal": False}]
API_KEY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "lqs_live_<key id>_<secret>",
    "description": "An API key. `lqs up` makes the first one, POST /api-keys all others.",
}

_TAGS: Mapping[str, str] = MappingProxyType(
    {
        "generation requests": "What was asked for: where it stands, how it ended, how to cancel and to retry it.",
        "dead letters": "Slots that failed for good: for operators to look at, to requeue or to discard.",
        "API keys": "The keys of an owner, each with its scopes and, if wanted, a daily budget.",
        "errors": "What the codes of error answers mean, and what to do next; needs no key.",
        "limits": "What a caller may do, and what is left of it.",
        "health": "For whoever watches the process; needs no key.",
    }
)


def tag(name: str, types: list[EntityType]) -> str:
    """What a group of operations is about; every entity type has one."""
    return (
        _TAGS[name] if name in _TAGS else f"The entity type {_of(name, types)}: generating, finding and drawing {name}."
    )


def _of(plural: str, types: list[EntityType]) -> str:
    return next(kind.name for kind in types if kind.plural == plural)


_UUID = {"type": "string", "format": "uuid"}
_ADDRESS = TypeAdapter(Address).json_schema()
_SECONDS = {"type": "integer", "minimum": 1, "maximum": 86_400}


def _header(description: str, schema: Json, *, required: bool = False) -> Json:
    return {"description": description, "schema": schema} | ({"required": True} if required else {})


HEADERS: Json = {
    "ETag": _header(
        "Changes with every durable change; send it back as If-None-Match.",
        {"type": "string", "pattern": r'^W/"[0-9a-f.-]+(summary)?"$', "maxLength": 80},
        required=True,
    ),
    "Idempotent-Replayed": _header(
        "Whether the key had done its work before; absent without a key.", {"type": "string", "enum": ["true", "false"]}
    ),
    "Link": _header(
        'The next page, as rel="next"; absent on the last one.',
        {"type": "string", "pattern": '^</\\S*>; rel="next"$', "maxLength": _ADDRESS["maxLength"] + 20},
    ),
    "Location": _header("Where to follow it.", _ADDRESS, required=True),
    "Preference-Applied": _header(
        "That the answer was held, as Prefer had asked.",
        {"type": "string", "pattern": "^wait=[0-9]+$", "maxLength": 10},
    ),
    "RateLimit": _header(
        "Calls that are left (r), and in how many seconds all are there again (t); absent where nothing is counted.",
        {"type": "string", "pattern": '^"[a-z]+";r=[0-9]+;t=[0-9]+$', "maxLength": 60},
    ),
    "RateLimit-Policy": _header(
        "Calls of an owner (q) in so many seconds (w), to one process of the API; absent where nothing is counted.",
        {"type": "string", "pattern": '^"[a-z]+";q=[0-9]+;w=[0-9]+$', "maxLength": 60},
    ),
    "Retry-After": _header("When to look or to try again, in seconds; absent when there is no need.", _SECONDS),
    "WWW-Authenticate": _header(
        "How to authenticate.", {"type": "string", "pattern": '^Bearer realm="lqs"$', "maxLength": 40}, required=True
    ),
    "X-Trace-Id": _header(
        "The id of this call in the logs of the service; that of `traceparent`, if one was sent.",
        {"type": "string", "pattern": "^[0-9a-f]{32}$", "maxLength": 32},
        required=True,
    ),
}
KEYLESS = ("/health/", "/errors/")
"""How the addresses begin that need no key."""
TEXT: Json = {"type": "string", "pattern": NO_NUL, "maxLength": 1_000_000}
EVERYWHERE = ("X-Trace-Id",)
"""The headers of every answer."""
COUNTED = ("RateLimit", "RateLimit-Policy")
"""The headers of every answer to a call with a key, where calls are limited."""

_PATH: Mapping[str, Json] = MappingProxyType(
    {
        "request_id": {"description": "The id of a generation request: `request_id` of its 202.", "schema": _UUID},
        "bulk_id": {"description": "The id of a bulk operation: `bulk_id` of its 202.", "schema": _UUID},
        "dead_letter_id": {"description": "The id of a dead letter, from their list.", "schema": _UUID},
        "key_id": {
            "description": "The id of an API key: what stands between its prefix and its secret.",
            "schema": TypeAdapter(KeyId).json_schema(),
        },
        "code": {
            "description": "An error code, with hyphens as in the `type` of an error answer.",
            "schema": {"type": "string", "pattern": "^[a-z_-]+$", "maxLength": 64},
        },
        "index": {
            "description": "The index of a slot.",
            "schema": {"type": "integer", "minimum": 0, "maximum": limits.MAX_ENTITIES - 1},
        },
    }
)


def path_parameter(name: str) -> Json:
    """The words and the schema of a parameter of an address; other than these there are only the ids of entities."""
    return dict(_PATH.get(name) or {"description": f"The id of a {name.removesuffix('_id')}.", "schema": _UUID})


_WORK = ("Location", "ETag", "Retry-After", "Idempotent-Replayed")
_HEADERS_OF: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("generate", "202"): _WORK,
        ("retry_generation_request", "202"): _WORK,
        ("requeue_dead_letter", "202"): _WORK,
        ("requeue_dead_letters", "202"): ("Idempotent-Replayed",),
        ("get_generation_request", "200"): ("ETag", "Retry-After", "Preference-Applied"),
        ("get_generation_request", "304"): ("ETag", "Retry-After", "Preference-Applied"),
        ("change_generation_request", "200"): ("ETag", "Retry-After"),
        ("cancel_generation_request", "200"): ("ETag",),
        ("cancel_generation_request", "202"): ("ETag", "Retry-After"),
        ("delete_generation_request", "200"): ("ETag",),
        ("delete_generation_request", "202"): ("ETag", "Retry-After"),
        ("list_generation_requests", "200"): ("Link",),
        ("list", "200"): ("Link",),
        ("begin_bulk_operation", "202"): ("Location", "Retry-After", "Idempotent-Replayed"),
        ("get_bulk_operation", "200"): ("Retry-After",),
    }
)
_HEADERS_OF_ERRORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "500": ("Retry-After",), "503": ("Retry-After",)}
)

_ID = "$response.body#/request_id"
_FOLLOW = {
    "get_generation_request": {"request_id": _ID},
    "cancel_generation_request": {"request_id": _ID},
    "list_runs": {"request_id": _ID},
    "get_slot": {"request_id": _ID, "index": "0"},
    "change_generation_request": {"request_id": _ID},
}
_FIRST_ID = "$response.body#/results/0/id"
_LINKS_OF: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        ("generate", "202"): _FOLLOW | {"delete_generation_request": {"request_id": _ID}},
        ("get_generation_request", "200"): _FOLLOW
        | {"retry_generation_request": {"request_id": _ID}, "delete_generation_request": {"request_id": _ID}},
        ("cancel_generation_request", "200"): {
            "get_generation_request": {"request_id": _ID},
            "retry_generation_request": {"request_id": _ID},
        },
        ("retry_generation_request", "202"): _FOLLOW,
        ("list_generation_requests", "200"): {
            "get_generation_request": {"request_id": "$response.body#/results/0/request_id"}
        },
        ("begin_bulk_operation", "202"): {"get_bulk_operation": {"bulk_id": "$response.body#/bulk_id"}},
        ("create_api_key", "201"): {"revoke_api_key": {"key_id": "$response.body#/key_id"}},
        ("list_dead_letters", "200"): {
            "get_dead_letter": {"dead_letter_id": _FIRST_ID},
            "requeue_dead_letter": {"dead_letter_id": _FIRST_ID},
            "discard_dead_letter": {"dead_letter_id": _FIRST_ID},
        },
    }
)


class Told:
    """What is said of single operations; those of all entity types are told alike."""

    def __init__(self, types: list[EntityType]) -> None:
        self._alike = {f"{verb}_{kind.plural}": verb for kind in types for verb in ("generate", "list")}
        self._drawn = {f"{verb}_{kind.name}": kind for kind in types for verb in ("draw", "random")}
        self._lists = {f"list_{kind.plural}": kind for kind in types}

    def alike(self, operation: str) -> str:
        """What an operation is called in the tables: for those of entity types only what they do."""
        return self._alike.get(operation, operation)

    def headers(self, operation: str, status: str) -> tuple[str, ...]:
        """The names of the headers of an answer, beside those of every one."""
        if status in _HEADERS_OF_ERRORS:
            return _HEADERS_OF_ERRORS[status]
        return _HEADERS_OF.get((self.alike(operation), status), ())

    def links(self, operation: str, status: str) -> Json:
        """What can be called next with what the answer says."""
        found = _LINKS_OF.get((self.alike(operation), status), {})
        if status == "200" and (kind := self._drawn.get(operation)):
            found = {f"get_{kind.name}": {f"{kind.name}_id": "$response.body#/id"}}
        if status == "200" and (kind := self._lists.get(operation)):
            found = {f"get_{kind.name}": {f"{kind.name}_id": _FIRST_ID}}
        return {name: {"operationId": name, "parameters": dict(values)} for name, values in found.items()}
