"""Error codes that are asked for alone: honoured after few tries, or refused; no sentence has more than was counted."""

import random
import sys
from collections.abc import Callable

import pytest

from lqs.domain.entities.problem import ERROR_CODES, ErrorCode, ProblemConstraints
from lqs.domain.entity_type import ConstraintsRefused
from lqs.generators.problem.cells import Cell
from lqs.generators.problem.constraints import check_constraints
from lqs.generators.problem.drafts import Right, drafts_of, right_statement
from lqs.generators.problem.mistakes import OPERATORS, mistakes
from lqs.generators.problem.offered import cells, persons_of
from lqs.generators.problem.offline import compose
from lqs.generators.problem.room import room
from lqs.generators.problem.selection import complete
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted

MOST_TRIES = 300
"""Drafts that may be tried for one slot, all earlier slots of its seed included."""

MOST_STATEMENTS: dict[ErrorCode, int] = {
    "agreement.subject_verb": 5,
    "form.stem_or_spelling": 5,
    "form.imperative": 4,
    "participle.agreement": 4,
    "mood.subjunctive": 4,
    "mood.si": 3,
    "reflexive.person": 5,
    "negation.order": 5,
    "pronoun.placement": 4,
    "pronoun.agreement": 3,
    "np.gender": 3,
    "adjective.agreement": 4,
    "elision": 5,
    "preposition.verb": 3,
}
"""With how many statements a problem can show errors of one kind only; every other kind needs another beside it."""


def alone(code: ErrorCode, statements: int) -> ProblemConstraints:
    return ProblemConstraints(error_codes=[code], statement_count=statements)


def tries_of(make: Callable[[], object]) -> int:
    tries = 0

    def seen(frame: object, event: str, _: object) -> None:
        nonlocal tries
        tries += event == "call" and getattr(frame, "f_code", None) is complete.__code__

    sys.setprofile(seen)
    try:
        make()
    finally:
        sys.setprofile(None)
    return tries


@pytest.mark.parametrize(("code", "most"), MOST_STATEMENTS.items())
def test_a_code_asked_for_alone_is_met_after_few_tries(code: ErrorCode, most: int):
    for statements in range(3, most + 1):
        asked = alone(code, statements)
        check_constraints(asked)
        want = wanted(asked)
        for slot_index in range(4):
            assert tries_of(lambda slot=slot_index, want=want: compose(want, 77, slot)) <= MOST_TRIES
            made = verify_problem(compose(want, 77, slot_index), asked)
            assert {s.error.code for s in made.statements if s.error} == {code}


@pytest.mark.parametrize("code", ERROR_CODES)
def test_a_code_asked_for_alone_is_refused_where_no_sentence_has_room_for_so_many_of_it(code: ErrorCode):
    for statements in range(MOST_STATEMENTS.get(code, 2) + 1, 6):
        with pytest.raises(ConstraintsRefused) as refused:
            check_constraints(alone(code, statements))
        assert refused.value.pointer.startswith("/error_codes")


def provable_or_proposed(right: Right, code: ErrorCode) -> int:
    """Of forms that are made up most are words, which is found out by proving."""
    if code == "form.stem_or_spelling":
        return len([*mistakes(right, code, random.Random(0))])
    proposed = OPERATORS[code](*right)
    texts = {one if isinstance(one, str) else right.parts._replace(**one).text for one in proposed}
    return len(texts - {right.text})


def rights(cell: Cell, rng: random.Random) -> list[Right]:
    found: list[Right] = []
    for person in persons_of(cell):
        drafts = list(drafts_of(cell, person))
        try:
            found.append(right_statement(rng.choice(drafts)))
        except LookupError:  # no draft, or no such form
            continue
    return found


def test_no_sentence_has_more_mistakes_of_a_kind_than_its_cell_has_room_for():
    rng = random.Random(4)
    for cell in rng.sample(cells(), 600):
        for right in rights(cell, rng):
            for code in cell.codes:
                assert provable_or_proposed(right, code) <= room(code, cell), (code, right.text)


@pytest.mark.parametrize("more", [{}, {"tenses": ["subjonctif_passe", "subjonctif_present"]}, {"persons": ["1s"]}])
def test_three_wrong_moods_are_found_where_the_conditional_is_one_of_them(more: dict[str, list[str]]):
    """After « je doute que » it is right, too, and most sentences in the subjonctif passé begin with that."""
    asked = ProblemConstraints.model_validate(
        {"tenses": ["subjonctif_passe"], "error_codes": ["mood.subjunctive"], "statement_count": 4} | more
    )
    check_constraints(asked)
    for slot in range(5):
        verify_problem(compose(wanted(asked), 7, slot), asked)


def test_three_wrong_moods_are_refused_where_there_are_only_two():
    asked = ProblemConstraints.model_validate(
        {"verbs": ["manger"], "tenses": ["subjonctif_passe"], "error_codes": ["mood.subjunctive"]}
    )
    with pytest.raises(ConstraintsRefused):
        check_constraints(asked)
    check_constraints(asked.model_copy(update={"statement_count": 3}))
