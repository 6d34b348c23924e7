"""What was generated: an entity of any type, and the one type this library knows better, the problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lqs_client._fields import boolean, moment, object_at, objects, text, texts, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One generated entity of any type; its content stands in `raw`, the body as the API sent it."""

    id: str
    entity_type: str
    generation_request_id: str | None
    slot_index: int | None
    created_at: datetime | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a problem: right with its `translation`, or wrong with its `explanation`.

    `error` names the kind of mistake; it is None for the right one.
    """

    key: str
    text: str
    is_correct: bool
    translation: str | None
    error: str | None
    explanation: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(Entity):
    """A multiple-choice problem: exactly one of its statements is right, `correct_index` says which."""

    instructions: str
    statements: tuple[Statement, ...]
    correct_index: int | None
    target: Mapping[str, Any]
    tags: tuple[str, ...]
    cefr: str | None


def parse_entity(body: Mapping[str, Any]) -> Entity:
    """The entity in a body: a `Problem` for problems, an `Entity` for every type this library does not know."""
    if text(body, "entity_type") == "problem":
        return _parse_problem(body)
    return Entity(
        id=text(body, "id") or "",
        entity_type=text(body, "entity_type") or "",
        generation_request_id=text(body, "generation_request_id"),
        slot_index=whole(body, "slot_index"),
        created_at=moment(body, "created_at"),
        raw=body,
    )


def _parse_problem(body: Mapping[str, Any]) -> Problem:
    return Problem(
        id=text(body, "id") or "",
        entity_type="problem",
        generation_request_id=text(body, "generation_request_id"),
        slot_index=whole(body, "slot_index"),
        created_at=moment(body, "created_at"),
        instructions=text(body, "instructions") or "",
        statements=tuple(_parse_statement(one) for one in objects(body, "statements")),
        correct_index=whole(body, "correct_index"),
        target=object_at(body, "target"),
        tags=texts(body, "tags"),
        cefr=text(body, "cefr"),
        raw=body,
    )


def _parse_statement(body: Mapping[str, Any]) -> Statement:
    error = object_at(body, "error")
    return Statement(
        key=text(body, "key") or "",
        text=text(body, "text") or "",
        is_correct=boolean(body, "is_correct") or False,
        translation=text(body, "translation"),
        error=text(body, "error") or text(error, "code"),
        explanation=text(body, "explanation"),
        raw=body,
    )
