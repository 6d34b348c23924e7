"""Shows entities to people: which statement is right and what it means, and why the others are wrong."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from lqs.cli.plain import clean
from lqs_client import Entity, Problem, Statement

_INDENT = " " * 4
"""As wide as the number of the tenth entity."""


def console(*, stderr: bool = False) -> Console:
    """A console that never breaks or colours what is read by a program, and honours NO_COLOR."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_entities(target: Console, entities: Iterable[Entity], *, ids: bool = True) -> None:
    """Print entities one below the other, numbered by their slot; with their ids, unless nobody could use these."""
    for entity in entities:
        target.print(entity_view(entity, ids=ids))
        target.print()


def entity_view(entity: Entity, *, ids: bool) -> RenderableType:
    """One entity for the eye: a problem as an exercise with its answers, an unknown type as indented JSON."""
    return _problem(entity, ids=ids) if isinstance(entity, Problem) else _unknown(entity)


def _problem(problem: Problem, *, ids: bool) -> Group:
    level = (f"  level {problem.cefr}" if problem.cefr else "", "dim")
    head = _line(_number(problem), (problem.instructions, "bold"), level)
    lines = [line for statement in problem.statements for line in _statement(statement)]
    return Group(head, *lines, *([_line((f"{_INDENT}id {problem.id}", "dim"))] if ids else []))


@dataclass(frozen=True, slots=True)
class _Remark:
    """A text below a statement: on a terminal folded at words and kept in its column, elsewhere one line."""

    text: Text
    indent: str = _INDENT * 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self.text.wrap(console, console.width - len(self.indent)) if console.is_terminal else [self.text]
        for line in lines:
            line.rstrip()
            yield Text.assemble(self.indent, line)


def _statement(statement: Statement) -> list[RenderableType]:
    letter = (f"{_INDENT}{statement.key} ", "")
    because = [_Remark(_line((statement.explanation, "dim")))] if statement.explanation else []
    if statement.is_correct:
        meaning = [_Remark(_line((f"“{statement.translation}”", "italic")))] if statement.translation else []
        return [_line(letter, ("✓ ", "bold green"), (statement.text, "green")), *meaning, *because]
    return [_line(letter, ("✗ ", "bold red"), *_wrong_words(statement)), *because]


def _wrong_words(statement: Statement) -> tuple[tuple[str, str], ...]:
    """The statement with the wrong words marked, where the API says which they are."""
    place = statement.raw.get("error")
    start, end = (place.get("start"), place.get("end")) if isinstance(place, dict) else (None, None)
    text = statement.text
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
        return ((text, ""),)
    return ((text[:start], ""), (text[start:end], "red underline"), (text[end:], ""))


def _unknown(entity: Entity) -> Group:
    body = json.dumps(entity.raw, ensure_ascii=False, indent=2)
    return Group(_line(_number(entity), (entity.entity_type, "bold")), _line((body, "")))


def _number(entity: Entity) -> tuple[str, str]:
    number = f"{entity.slot_index + 1}." if entity.slot_index is not None else ""
    return (number.ljust(len(_INDENT)) if number else "", "bold")


def _line(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*((clean(words), style) for words, style in parts))
