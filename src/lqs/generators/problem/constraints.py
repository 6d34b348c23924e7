"""Refuses constraints that no problem can honour, before anything is stored."""

import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from lqs.domain.entities.problem import ErrorCode, ProblemConstraints
from lqs.domain.entity_type import ConstraintsRefused
from lqs.generators.problem.cells import Cell
from lqs.generators.problem.drafts import Draft, drafts_of, right_statement
from lqs.generators.problem.mistakes import mistakes
from lqs.generators.problem.naming import known_verb, quoted, unknown_verb
from lqs.generators.problem.offered import persons_of
from lqs.generators.problem.room import bearing
from lqs.generators.problem.selection import complete
from lqs.generators.problem.wanted import Wanted, admitted, wanted

_MOST_DRAFTS = 800
"""How many sentences are tried before constraints are called impossible; the order is random, so that a kind of
sentence that exists is met early."""

_NEEDS: MappingProxyType[ErrorCode, str] = MappingProxyType(
    {
        "aux.choice": "a compound tense such as passe_compose and a verb that takes one auxiliary only",
        "participle.agreement": (
            "a compound tense, and a verb with être, a reflexive verb, or an object pronoun before the verb"
        ),
        "reflexive.person": "a reflexive verb such as se lever",
        "reflexive.missing": "a reflexive verb that cannot do without its pronoun, such as se lever or se souvenir",
        "mood.subjunctive": "one of the tenses subjonctif_present and subjonctif_passe",
        "mood.si": "the focus mood and one of the tenses present, imparfait and plus_que_parfait",
        "negation.double": "a negation other than pas",
        "adjective.agreement": "a verb such as être with an adjective",
        "form.imperative": "the tense imperatif",
        "tense.marker": "a tense of the past other than the compound ones, beside a time such as hier",
    }
)


class _Field(NamedTuple):
    """A list among the constraints: its name, its place in `Wanted`, and what a cell has there."""

    name: str
    slot: str
    of: Callable[[Cell], tuple[Any, ...]]


_FIELDS = (
    _Field("verbs", "verbs", lambda cell: (cell.frame.verb,)),
    _Field("tenses", "tenses", lambda cell: (cell.tense,)),
    _Field("focus", "focus", lambda cell: (cell.focus,)),
    _Field("persons", "persons", persons_of),
    _Field("error_codes", "codes", lambda cell: cell.codes),
    _Field("cefr", "cefr", lambda cell: (cell.level,)),
    _Field("topics", "topics", lambda cell: (cell.frame.topic,)),
)
_SINGLE = ("negation", "direct_object", "indirect_object")


def check_constraints(constraints: ProblemConstraints) -> None:
    """Decide whether every listed value can appear in a problem together with the rest.

    Raises `ConstraintsRefused` with the pointer of the value to change, and what it could be instead.
    """
    _refuse_unknown_verbs(constraints)
    want = wanted(constraints)
    if want == wanted(ProblemConstraints(statement_count=constraints.statement_count)):
        return
    _refuse_what_no_sentence_has(want)
    for field in _FIELDS:
        for index, value in enumerate(_listed(constraints, field)):
            if not _can_have(want, field, value):
                raise ConstraintsRefused(f"/{field.name}/{index}", _why(want, field, value))
    if not _possible(want):
        _refuse_too_few(constraints, want)


def _refuse_unknown_verbs(constraints: ProblemConstraints) -> None:
    for index, name in enumerate(constraints.verbs or ()):
        if known_verb(name) is None:
            raise ConstraintsRefused(f"/verbs/{index}", unknown_verb(name))


def _listed(constraints: ProblemConstraints, field: _Field) -> list[Any]:
    values: list[Any] = getattr(constraints, field.name) or []
    return [known_verb(name) for name in values] if field.name == "verbs" else values


def _refuse_what_no_sentence_has(want: Wanted) -> None:
    """Where no sentence at all fits, name the one constraint without which some would."""
    if admitted(want):
        return
    for name in _SINGLE:
        if getattr(want, name) is not None and admitted(_changed(want, name, None)):
            raise ConstraintsRefused(f"/{name}", "No problem with the other constraints can honour this. Leave it out.")
    for field in reversed(_FIELDS):
        if getattr(want, field.slot) and (cells := _cells(_without(want, field))):
            raise ConstraintsRefused(
                f"/{field.name}/0",
                f"No problem with the other constraints can be so.{_needs(want, field)} "
                f"Choose from: {_choices(cells, field)}; or change the others.",
            )
    raise ConstraintsRefused("/tenses", "These constraints exclude each other. Ask for fewer of them at once.")


def _needs(want: Wanted, field: _Field) -> str:
    """What an error code that is asked for alone needs; empty for anything else."""
    needs = [_NEEDS[code] for code in want.codes if code in _NEEDS]
    alone = field.name == "error_codes" and len(want.codes) == 1
    return f" It needs {needs[0]}." if alone and needs else ""


def _changed(want: Wanted, name: str, value: Any) -> Wanted:
    changes: dict[str, Any] = {name: value}
    return want._replace(**changes)


def _without(want: Wanted, field: _Field) -> Wanted:
    return _changed(want, field.slot, frozenset())


def _cells(want: Wanted) -> tuple[Cell, ...]:
    return tuple(cell for some in admitted(want).values() for cell in some if _persons(want, cell))


def _bearing(want: Wanted) -> tuple[Cell, ...]:
    return tuple(cell for some in bearing(want).values() for cell in some if _persons(want, cell))


def _persons(want: Wanted, cell: Cell) -> tuple[Any, ...]:
    return tuple(person for person in persons_of(cell) if not want.persons or person in want.persons)


def _choices(cells: tuple[Cell, ...], field: _Field) -> str:
    values = dict.fromkeys(value for cell in cells for value in field.of(cell))
    return ", ".join(value.name if field.name == "verbs" else value for value in values)


def _can_have(want: Wanted, field: _Field, value: Any) -> bool:
    if field.name == "error_codes":
        return _can_show(want, value)
    return _possible(_changed(want, field.slot, frozenset({value})))


def _why(want: Wanted, field: _Field, value: Any) -> str:
    name = quoted(value.name) if field.name == "verbs" else str(value)
    needs = f" It needs {_NEEDS[value]}." if field.name == "error_codes" and value in _NEEDS else ""
    others = tuple(cell for cell in _cells(_without(want, field)) if value not in field.of(cell))
    if field.name == "verbs":
        own = _cells(_without(want, _FIELDS[1])._replace(verbs=frozenset({value})))
        tenses = _choices(own, _FIELDS[1])
        if tenses and want.tenses and not any(cell.tense in want.tenses for cell in own):
            return f"{name} is only offered in {tenses} here. Add one of these tenses, or leave the verb out."
        return f"No problem about {name} can be made with the other constraints. Leave it out, or change the others."
    choices = _choices(others, field)
    instead = f" Choose from: {choices}; or change the others." if choices else " Change the others."
    return f"No problem with the other constraints can have {name}.{needs}{instead}"


def _refuse_too_few(constraints: ProblemConstraints, want: Wanted) -> None:
    if constraints.error_codes:
        raise ConstraintsRefused(
            "/error_codes",
            f"A problem needs {want.wrong} different wrong statements, and with the other constraints the error codes "
            "asked for give fewer. Add other codes, such as agreement.subject_verb, ask for fewer statements with "
            "statement_count, or leave the codes out.",
        )
    if constraints.statement_count:
        raise ConstraintsRefused(
            "/statement_count", "So many different wrong statements cannot be proven here. Ask for fewer."
        )
    raise ConstraintsRefused(
        "/tenses", "Too few wrong statements can be proven with these constraints. Ask for fewer of them at once."
    )


@lru_cache(maxsize=512)
def _possible(want: Wanted) -> bool:
    rng = random.Random(0)
    return any(complete(want, draft, rng) for draft in _drafts(want, _bearing(want)))


@lru_cache(maxsize=512)
def _can_show(want: Wanted, code: ErrorCode) -> bool:
    rng = random.Random(0)
    cells = tuple(cell for cell in _bearing(want) if code in cell.codes)
    for draft in _drafts(want, cells):
        try:
            right = right_statement(draft)
        except LookupError:
            continue
        if next(mistakes(right, code, rng), None) and complete(want, draft, rng):
            return True
    return False


def _drafts(want: Wanted, cells: tuple[Cell, ...]) -> Iterator[Draft]:
    """Drafts of all cells, one of each cell and person before a second of any, up to a limit."""
    rng = random.Random(1)
    streams = [
        drafts_of(cell, person)
        for cell in rng.sample(cells, min(len(cells), _MOST_DRAFTS))
        for person in _persons(want, cell)
    ]
    given = 0
    while streams and given < _MOST_DRAFTS:
        for stream in [*streams]:
            draft = next(stream, None)
            if draft is None:
                streams.remove(stream)
                continue
            yield draft
            given += 1
            if given >= _MOST_DRAFTS:
                return
