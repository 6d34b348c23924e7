"""What a caller wants of the pool, read from a query or a body: the facets of an entity type, a page, a grouping."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from lqs.api.bodies import read_body, refuse_unknown_parameters
from lqs.api.parameters import CURSOR, LIMIT_SCHEMA, single
from lqs.api.schemas.bounds import NO_NUL
from lqs.domain.entity_type import EntityType
from lqs.domain.errors import BodyRefused, Finding, ParameterRefused
from lqs.domain.facets import (
    MAX_VALUE_CHARACTERS,
    MAX_VALUES,
    ORIGIN,
    Facet,
    FilterRefused,
    Filters,
    read_filters,
    shape,
)
from lqs.domain.limits import MAX_RESULTS

PAGING = frozenset({"limit", "cursor"})
GROUPING = frozenset({"group_by"})
_MOST_GROUPED = 3
_MOST_WHOLE = 10**18 - 1
_ORIGIN_WORDS = "The generation request that made it, even when its record has been purged."


def filters_of_query(request: Request, kind: EntityType, also: frozenset[str] = frozenset()) -> Filters:
    """The filters of a query, whose values are given by commas or by repeating the name; `also` are known, too.

    Raises `ParameterUnknown` and `ParameterRefused`.
    """
    names = {*_names(kind), ORIGIN}
    refuse_unknown_parameters(request, frozenset(names | also), lists=frozenset(names))
    given = {
        name: [value for text in request.query_params.getlist(name) for value in text.split(",")]
        for name in names & set(request.query_params)
    }
    try:
        return _read(kind, given)
    except FilterRefused as refusal:
        raise ParameterRefused(refusal.name, refusal.detail) from None


async def filters_of_body(request: Request, kind: EntityType, model: type[BaseModel]) -> Filters:
    """The filters of a body, an object with the names of facets. Raises `BodyRefused` and what `read_body` raises."""
    body = await read_body(request, model)
    given = {name: values for name in (*_names(kind), ORIGIN) if (values := getattr(body, name)) is not None}
    try:
        return _read(kind, given)
    except FilterRefused as refusal:
        raise BodyRefused([Finding(f"/{refusal.name}", "unknown_value", refusal.detail)]) from None


def grouping_of(request: Request, kind: EntityType) -> Sequence[str]:
    """The facets to group by. Raises `ParameterRefused` for what is none, or for too many."""
    text = single(request, "group_by")
    names = list(dict.fromkeys(text.split(","))) if text else []
    known = [facet.name for facet in kind.facets]
    if len(names) > _MOST_GROUPED or not set(names) <= set(known):
        listed = ", ".join(known) or "nothing"
        raise ParameterRefused("group_by", f"It takes up to {_MOST_GROUPED}, separated by commas, of: {listed}.")
    return names


def draw_body(kind: EntityType) -> type[BaseModel]:
    """The body of `POST /<plural>/draw` for this entity type."""
    fields: dict[str, Any] = {
        name: (_values_type(kind, facet), Field(None, description=_words(facet, name)))
        for facet in kind.facets
        for name in (facet.name, *facet.aliases)
    }
    fields[ORIGIN] = (_values_type(kind, None), Field(None, description=_ORIGIN_WORDS))
    noun = "".join(word.capitalize() for word in kind.plural.split("_"))
    return create_model(
        f"Draw{noun}",
        __config__=ConfigDict(extra="forbid"),
        __doc__=f"Which {kind.plural} may be drawn: those that match all of it; with nothing, all.",
        **fields,
    )


def documented_filters(kind: EntityType, *, paging: bool = False, grouping: bool = False) -> dict[str, Any]:
    """The parameters of a query, for the OpenAPI document."""
    listed = [
        _documented(name, _words(facet, name), _some_values(kind, facet))
        for facet in kind.facets
        for name in (facet.name, *facet.aliases)
    ]
    listed.append(_documented(ORIGIN, _ORIGIN_WORDS, _some_values(kind, None)))
    if paging:
        listed.append(_documented("limit", f"Results on a page; more than {MAX_RESULTS} counts as that.", LIMIT_SCHEMA))
        listed.append(
            _documented("cursor", "next_cursor of the page before, with the same filters.", CURSOR.json_schema or {})
        )
    if grouping and kind.facets:
        names = {
            "type": "array",
            "items": {"type": "string", "enum": [facet.name for facet in kind.facets]},
            "maxItems": _MOST_GROUPED,
        }
        listed.append(_documented("group_by", "Count every combination of values of these facets, too.", names))
    return {"parameters": listed}


def _read(kind: EntityType, given: Mapping[str, Sequence[str]]) -> Filters:
    facets = {name: values for name, values in given.items() if name != ORIGIN}
    filters = dict(read_filters(kind.facets, kind.entity_model, facets))
    if ORIGIN in given:
        if not 1 <= len(given[ORIGIN]) <= MAX_VALUES:
            raise FilterRefused(ORIGIN, f"Give 1 to {MAX_VALUES} values.")
        filters[ORIGIN] = tuple(sorted({_id(value) for value in given[ORIGIN]}))
    return filters


def _id(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise FilterRefused(ORIGIN, "It is an id such as 0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d.") from None


def _names(kind: EntityType) -> list[str]:
    return [name for facet in kind.facets for name in (facet.name, *facet.aliases)]


def _values_type(kind: EntityType, facet: Facet | None) -> Any:
    """One value or a list of them; whole numbers and yes and no as such."""
    one = _value_schema(kind, facet)
    schema: Any = {"anyOf": [one, _some_values(kind, facet), {"type": "null"}]}
    return Annotated[list[str] | None, BeforeValidator(_as_texts), Field(json_schema_extra=schema)]


def _some_values(kind: EntityType, facet: Facet | None) -> dict[str, Any]:
    return {"type": "array", "items": _value_schema(kind, facet), "minItems": 1, "maxItems": MAX_VALUES}


def _as_texts(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    return None if value is None else [_as_text(one) for one in values]


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, int) else value


def _value_schema(kind: EntityType, facet: Facet | None) -> dict[str, Any]:
    if facet is None:
        return {"type": "string", "format": "uuid"}
    found = shape(kind.entity_model, facet.path)
    if found.kind == "integer":
        return {"type": "integer", "minimum": -_MOST_WHOLE, "maximum": _MOST_WHOLE}
    if found.kind == "string" and not found.words:
        return {"type": "string", "pattern": NO_NUL, "minLength": 1, "maxLength": MAX_VALUE_CHARACTERS}
    return {"type": found.kind} | ({"enum": list(found.words)} if found.kind == "string" else {})


def _words(facet: Facet, name: str) -> str:
    return facet.description if name == facet.name else f"The same as {facet.name}."


def _documented(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    lists = {"style": "form", "explode": False} if schema["type"] == "array" else {}
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema} | lists
