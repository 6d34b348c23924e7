"""What the pool of an entity type tells: pages of entities, and the pool in numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lqs_client._entities import Entity, parse_entity
from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import boolean, object_at, objects, text, texts, whole

Value: TypeAlias = str | int | bool
Filter: TypeAlias = Value | Sequence[Value]
"""One value of a facet, or several of which one is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPage:
    """Some of the entities that match, the newest first; `next_cursor` leads to the next page, None on the last."""

    results: tuple[Entity, ...]
    next_cursor: str | None
    has_more: bool
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many there are; `served` of them were drawn at least once, `unserved` never."""

    total: int
    served: int
    unserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Tally):
    """How many have this combination of values; several values of one facet count as one combination."""

    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatistics(Tally):
    """The pool in numbers: by facet and value, and by combination of the facets asked for."""

    by_facet: Mapping[str, Mapping[str, Tally]]
    groups: tuple[Group, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def parse_page(body: Mapping[str, Any]) -> EntityPage:
    """Read a page. Raises `UnexpectedAnswer` if the body is none."""
    if not isinstance(body.get("results"), list):
        raise UnexpectedAnswer("the answer is no page of a list: results is missing")
    return EntityPage(
        results=tuple(parse_entity(one) for one in objects(body, "results")),
        next_cursor=text(body, "next_cursor"),
        has_more=boolean(body, "has_more") or False,
        raw=body,
    )


def parse_statistics(body: Mapping[str, Any]) -> PoolStatistics:
    """Read the pool in numbers. Raises `UnexpectedAnswer` if the body is none."""
    if whole(body, "total") is None:
        raise UnexpectedAnswer("the answer tells no numbers of a pool: total is missing")
    facets = object_at(body, "by_facet")
    return PoolStatistics(
        **_numbers(body),
        by_facet={
            name: {text(one, "value") or "": Tally(**_numbers(one)) for one in objects(facets, name)} for name in facets
        },
        groups=tuple(_parse_group(one) for one in objects(body, "groups")),
        raw=body,
    )


def _parse_group(body: Mapping[str, Any]) -> Group:
    values = object_at(body, "values")
    return Group(**_numbers(body), values={name: texts(values, name) for name in values})


def _numbers(body: Mapping[str, Any]) -> dict[str, int]:
    return {name: whole(body, name) or 0 for name in ("total", "served", "unserved")}
