"""What entities of a type can be found by: how it is declared, its values in a content, what a caller asks for."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

ORIGIN = "generation_request_id"
"""What entities of every type can be found by; it still finds them when the record of that one has been purged."""
RESERVED = frozenset({ORIGIN, "limit", "cursor", "group_by"})
"""Parameters of every list, which no facet may be called."""
MAX_VALUE_CHARACTERS = 200
"""A longer value in a content is no value to find it by."""
MAX_VALUES = 20
"""How many values a caller may give one facet."""

Filters = Mapping[str, Sequence[str]]
"""What is asked for: by the name of a facet, the values of which an entity has one; all named facets must agree."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WHOLE = re.compile(r"-?\d{1,18}")
_YES_OR_NO = ("true", "false")
_KINDS = frozenset({"string", "integer", "boolean"})


class FilterRefused(Exception):
    """A facet is not asked for in a way that could find anything. `name` is the facet, `detail` says what to change."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that entities of a type can be found by.

    `path` says where it stands in the content: names of fields joined by dots, a list on the way meaning each of its
    members. Its type, and its values if they are few, are those of the entity's model at that place. `aliases` are
    further names for callers; `canonical` spells what they wrote as contents spell it.
    """

    name: str
    path: str
    description: str
    aliases: tuple[str, ...] = ()
    canonical: Callable[[str], str] = str

    def values_in(self, content: Any) -> list[str]:
        """The values in a content, which is a JSON value."""
        found: list[Any] = []
        _gather(content, self.path.split("."), 0, found)
        words: list[str] = []
        for value in found:
            word = _word(value)
            if word and len(word) <= MAX_VALUE_CHARACTERS and "\0" not in word:
                words.append(word)
        return words


@dataclass(frozen=True, slots=True)
class Shape:
    """What the values of a facet are: `kind` is their type in JSON, `words` are all of them if they are few."""

    kind: str
    words: tuple[str, ...]

    def json(self, word: str) -> str | int | bool:
        """A value as it stands in JSON."""
        match self.kind:
            case "integer":
                return int(word)
            case "boolean":
                return word == "true"
            case _:
                return word


def terms(facets: Sequence[Facet], content: str) -> tuple[str, ...]:
    """Everything a content (JSON text) can be found by, each once: see `term`."""
    return _terms(facets, from_json(content))


def terms_of(facets: Sequence[Facet], entity: BaseModel) -> tuple[str, ...]:
    """The same of the entity before it is JSON text; of its fields, only those are read in which a facet stands."""
    fields = {facet.path.partition(".")[0] for facet in facets}
    return _terms(facets, entity.model_dump(mode="json", include=fields))


def _terms(facets: Sequence[Facet], content: Any) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for facet in facets:
        for value in facet.values_in(content):
            found[term(facet.name, value)] = None
    return tuple(found)


def term(name: str, value: str) -> str:
    """A value of a facet as one word; names have no `=`, so that the first one ends the name."""
    return f"{name}={value}"


@lru_cache(maxsize=256)
def shape(model: type[BaseModel], path: str) -> Shape:
    """What stands at this place in a model. Raises `ValueError` if nothing can be found by it."""
    schema = model.model_json_schema()
    places = [schema]
    for step in path.split("."):
        places = [
            part["properties"][step]
            for place in places
            for part in _alternatives(place, schema)
            if step in part.get("properties", {})
        ]
    leaves = [leaf for place in places for leaf in _alternatives(place, schema) if leaf.get("type") != "null"]
    kinds = {str(leaf.get("type")) for leaf in leaves}
    if len(kinds) != 1 or not kinds <= _KINDS:
        raise ValueError(f"{model.__name__} has no text, whole number or yes and no at {path}")
    [kind] = kinds
    listed = [leaf.get("enum", [leaf["const"]] if "const" in leaf else None) for leaf in leaves]
    words = () if None in listed else tuple(dict.fromkeys(_word(value) or "" for few in listed for value in few or ()))
    return Shape(kind, _YES_OR_NO if kind == "boolean" else words)


def check_declared(facets: Sequence[Facet], seed_by: Sequence[str], model: type[BaseModel]) -> None:
    """Raise `ValueError` for facets that cannot be honoured."""
    names = [name for facet in facets for name in (facet.name, *facet.aliases)]
    for name in names:
        if not _NAME.fullmatch(name) or name in RESERVED or names.count(name) > 1:
            raise ValueError(f"{name!r} cannot be the name of a facet: it is taken, or not like this_one")
    for facet in facets:
        if facet.path.partition(".")[0] not in model.model_fields:
            raise ValueError(
                f"the facet {facet.name} does not stand in a field of {model.__name__} by the field's own name"
            )
    shapes = {facet.name: shape(model, facet.path) for facet in facets}
    for name in seed_by:
        if name not in shapes or not shapes[name].words:
            raise ValueError(f"cannot seed by {name!r}: it must be a facet with few values")


def read_filters(facets: Sequence[Facet], model: type[BaseModel], given: Mapping[str, Sequence[str]]) -> Filters:
    """What a caller asks for, by the names of facets and in their own spelling; every name must be one of a facet.

    Raises `FilterRefused` for a value that no entity can have.
    """
    by_name = {name: facet for facet in facets for name in (facet.name, *facet.aliases)}
    asked: dict[str, list[str]] = {}
    for name, values in given.items():
        facet = by_name[name]
        if facet.name in asked:
            raise FilterRefused(name, f"The same as {facet.name}, which is given, too: leave one of them out.")
        if not 1 <= len(values) <= MAX_VALUES:
            raise FilterRefused(name, f"Give 1 to {MAX_VALUES} values.")
        asked[facet.name] = [_read(facet, name, value, shape(model, facet.path)) for value in values]
    return {name: tuple(sorted(set(values))) for name, values in sorted(asked.items())}


def _read(facet: Facet, name: str, value: str, shape: Shape) -> str:
    if not 1 <= len(value) <= MAX_VALUE_CHARACTERS or "\0" in value:
        raise FilterRefused(name, f"A value has 1 to {MAX_VALUE_CHARACTERS} characters.")
    word = facet.canonical(value)
    if shape.words and word not in shape.words:
        near = difflib.get_close_matches(word, shape.words, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise FilterRefused(name, f"It is one of: {', '.join(shape.words)}.{hint}")
    if shape.kind == "integer":
        if not _WHOLE.fullmatch(word):
            raise FilterRefused(name, "It is a whole number.")
        return str(int(word))
    return word


def _gather(value: Any, steps: Sequence[str], at: int, found: list[Any]) -> None:
    """Find what stands where the steps from `at` on lead to; of a list, in each of its members."""
    if isinstance(value, list):
        for member in value:
            _gather(member, steps, at, found)
    elif at == len(steps):
        found.append(value)
    elif isinstance(value, dict) and steps[at] in value:
        _gather(value[steps[at]], steps, at + 1, found)


def _word(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else None


def _alternatives(place: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What may stand here: references followed, unions taken apart, lists entered."""
    reference = str(place.get("$ref", "")).removeprefix("#/$defs/")
    if reference:
        yield from _alternatives(schema["$defs"][reference], schema)
    elif "anyOf" in place:
        for choice in place["anyOf"]:
            yield from _alternatives(choice, schema)
    elif place.get("type") == "array":
        for choice in (place.get("items"), *place.get("prefixItems", ())):
            if isinstance(choice, dict):
                yield from _alternatives(choice, schema)
    else:
        yield place
