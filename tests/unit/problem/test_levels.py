"""The level of a problem: the highest of what its tense, its verb and its kind of sentence ask for."""

import pytest

from lqs.domain.entities.problem import LEVELS, TENSES
from lqs.generators.french.levels import TENSE_LEVELS, error_level
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.offered import cells


@pytest.mark.parametrize(
    ("verb", "tense", "shape", "negation", "level"),
    [
        ("parler", "present", Shape.STATEMENT, None, "A1"),
        ("parler", "passe_compose", Shape.STATEMENT, None, "A2"),
        ("se méfier", "present", Shape.STATEMENT, None, "B1"),
        ("parler", "present", Shape.STATEMENT, "plus", "A2"),
        ("se laver", "passe_simple", Shape.STATEMENT, None, "B2"),
        ("chercher", "present", Shape.DIRECT, None, "A2"),
        ("écouter", "passe_compose", Shape.DIRECT, None, "B1"),
        ("donner", "present", Shape.BOTH, None, "B1"),
        ("parler", "subjonctif_present", Shape.SUBJUNCTIVE, None, "B1"),
        ("regarder", "present", Shape.CONDITION, None, "B1"),
        ("parler", "conditionnel_passe", Shape.STATEMENT, None, "B2"),
    ],
)
def test_the_level_is_the_highest_of_what_is_asked(
    verb: str, tense: str, shape: Shape, negation: str | None, level: str
):
    found = {
        cell.level
        for cell in cells()
        if (cell.frame.verb.name, cell.tense, cell.shape, cell.negation) == (verb, tense, shape, negation)
    }
    assert found == {level}


def test_a_reflexive_verb_with_an_object_is_late_in_compound_tenses():
    brush = [cell for cell in cells() if cell.frame.verb.name == "se brosser" and cell.shape is Shape.STATEMENT]
    assert {cell.level for cell in brush if cell.tense == "present" and cell.negation is None} == {"A1"}
    assert {cell.level for cell in brush if cell.tense == "passe_compose" and cell.negation is None} == {"B1"}


def test_no_error_is_above_the_level_of_its_problem():
    assert set(TENSE_LEVELS) == set(TENSES)
    for cell in cells():
        assert all(LEVELS.index(error_level(code)) <= LEVELS.index(cell.level) for code in cell.codes)
