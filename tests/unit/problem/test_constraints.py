"""Constraints that no problem can honour are refused before anything is stored, with the place and the way out."""

from collections import Counter
from itertools import pairwise, product

import pytest
from pydantic import ValidationError

from lqs.domain.entities.problem import (
    ERROR_CODES,
    PERSONS,
    TENSES,
    WRONG_STATEMENTS,
    ErrorCode,
    Person,
    ProblemConstraints,
    Tense,
)
from lqs.domain.entity_type import ConstraintsRefused
from lqs.generators.french.contrast import prove
from lqs.generators.french.errors import OPERATORS
from lqs.generators.french.verbs import VERBS
from lqs.generators.problem.candidates import CANDIDATES, wanted
from lqs.generators.problem.constraints import check_constraints
from lqs.generators.problem.offline import compose
from lqs.generators.problem.selection import Draft, sentence_of
from lqs.generators.problem.verify import verify_problem

KINDS_OF_VERB = ["manger", "travailler", "aller", "monter", "se laver", "se souvenir", "naître"]
CODE_SETS: list[list[ErrorCode]] = [[code] for code in ERROR_CODES] + [list(pair) for pair in pairwise(ERROR_CODES)]

REFUSED = [
    ({"verbs": ["parler", "parlr"]}, "/verbs/1", "Did you mean parler"),
    ({"verbs": ["laver"]}, "/verbs/0", "Did you mean se laver?"),
    ({"verbs": ["s'habiler"]}, "/verbs/0", "Did you mean s’habiller"),
    ({"verbs": ["xyzzy"]}, "/verbs/0", "The verbs are: être, avoir"),
    ({"verbs": ["naître"], "tenses": ["present"]}, "/verbs/0", "“naître” is only offered in passe_compose"),
    (
        {"verbs": ["aller", "naître"], "tenses": ["present"]},
        "/verbs/1",
        "Add that to the tenses, or leave the verb out",
    ),
    (
        {"verbs": ["naître"], "tenses": ["passe_compose", "present"]},
        "/tenses/1",
        "“naître”: only offered in passe_compose",
    ),
    ({"tenses": ["present"], "error_codes": ["aux.choice"]}, "/error_codes/0", "needs the tense passe_compose"),
    (
        {"tenses": ["present"], "error_codes": ["agreement.subject_verb", "participle.agreement"]},
        "/error_codes/1",
        "choose from: agreement.subject_verb, reflexive.person",
    ),
    ({"verbs": ["parler"], "error_codes": ["reflexive.person"]}, "/error_codes/0", "needs a reflexive verb"),
    ({"verbs": ["manger"], "error_codes": ["participle.agreement"]}, "/error_codes/0", "a verb that takes être"),
    (
        {"verbs": ["aller"], "persons": ["1p", "2p"], "error_codes": ["participle.agreement"]},
        "/error_codes/0",
        "a subject of known gender or number",
    ),
    ({"verbs": ["monter"], "error_codes": ["aux.choice"]}, "/error_codes/0", "takes one auxiliary only"),
    ({"error_codes": ["aux.choice"]}, "/error_codes", "give at most 1. Add agreement.subject_verb"),
    (
        {"verbs": ["se lever"], "persons": ["1s"], "error_codes": ["reflexive.person"]},
        "/error_codes",
        "give at most 1",
    ),
    (
        {"verbs": ["aller", "parler"], "error_codes": ["participle.agreement"]},
        "/verbs/1",
        "No problem about “parler”",
    ),
    ({"verbs": ["aller"], "persons": ["3s", "1p"], "error_codes": ["participle.agreement"]}, "/persons/1", "1p"),
    (
        {"verbs": ["se souvenir"], "persons": ["1s"], "tenses": ["present"], "error_codes": ["aux.choice"]},
        "/error_codes/0",
        "passe_compose",
    ),
]


@pytest.mark.parametrize(("asked", "pointer", "says"), REFUSED, ids=str)
def test_what_cannot_be_honoured_is_refused_with_its_place_and_a_way_out(
    asked: dict[str, object], pointer: str, says: str
):
    with pytest.raises(ConstraintsRefused) as refused:
        check_constraints(ProblemConstraints.model_validate(asked))
    assert refused.value.pointer == pointer
    assert says in refused.value.detail


@pytest.mark.parametrize(
    "asked",
    [
        {"verbs": ["s'habiller"]},
        {"verbs": ["Aller", " aller ", "naitre", "S'Inquieter", "se  lever"]},
        {"verbs": ["e\u0301couter"]},
        {"verbs": list(VERBS)[:20]},
        {"tenses": ["passe_compose", "present"], "error_codes": ["aux.choice", "agreement.subject_verb"]},
        {"error_codes": ["reflexive.person"]},
        {"error_codes": ["participle.agreement"]},
        {"verbs": ["se laver"], "persons": ["1p"], "error_codes": ["participle.agreement"]},
        {"seed": 0},
        {},
    ],
    ids=str,
)
def test_what_can_be_honoured_is_let_through(asked: dict[str, object]):
    check_constraints(ProblemConstraints.model_validate(asked))


@pytest.mark.parametrize(
    "asked",
    [
        {"verb": ["aller"]},
        {"negation": True},
        {"verbs": []},
        {"verbs": ["a" * 41]},
        {"verbs": ["aller"] * 21},
        {"verbs": [1]},
        {"tenses": ["imparfait"]},
        {"persons": ["4s"]},
        {"error_codes": ["np.gender"]},
        {"seed": -1},
        {"seed": 2**53},
        {"seed": True},
        {"seed": "7"},
        {"seed": 1.0},
    ],
    ids=str,
)
def test_fields_and_values_outside_the_model_are_refused(asked: dict[str, object]):
    with pytest.raises(ValidationError):
        ProblemConstraints.model_validate(asked)


def provable(verb: str, tense: Tense, person: Person) -> list[Counter[ErrorCode]]:
    """By trying: how many wrong statements of each kind can be proven, for each sentence that can be written."""
    found = []
    for candidate in CANDIDATES:
        if (candidate.frame.verb.name, candidate.tense, candidate.subject.person) != (verb, tense, person):
            continue
        for agreement in candidate.subject.agreements:
            draft = Draft(candidate, agreement, candidate.frame.times[tense][0], leading=False)
            right = sentence_of(draft)
            texts = {
                right._replace(group=group).text
                for operator in OPERATORS.values()
                for group in operator(candidate.frame.verb, person, right.group)
            }
            proofs = (prove(right.text, text, candidate.frame.verb, tense) for text in texts)
            found.append(Counter(proof.code for proof in proofs if proof))
    return found


def test_nothing_that_could_be_honoured_is_refused():
    for verb, tense, person in product(KINDS_OF_VERB, TENSES, PERSONS):
        sentences = provable(verb, tense, person)
        for codes in CODE_SETS:
            asked = ProblemConstraints(verbs=[verb], tenses=[tense], persons=[person], error_codes=codes)
            whole = [counts for counts in sentences if sum(counts[code] for code in codes) >= WRONG_STATEMENTS]
            possible = bool(whole) and all(any(counts[code] for counts in whole) for code in codes)
            assert is_let_through(asked) == possible, asked


def is_let_through(asked: ProblemConstraints) -> bool:
    try:
        check_constraints(asked)
    except ConstraintsRefused:
        return False
    return True


def test_whatever_is_let_through_makes_verified_problems():
    verdicts = Counter[bool]()
    for verb, tense, person, codes in product(KINDS_OF_VERB, TENSES, PERSONS, CODE_SETS):
        asked = ProblemConstraints(verbs=[verb], tenses=[tense], persons=[person], error_codes=codes)
        let_through = is_let_through(asked)
        verdicts[let_through] += 1
        for slot_index in range(3 if let_through else 0):
            verify_problem(compose(wanted(asked), 5, slot_index), asked)
    assert min(verdicts[True], verdicts[False]) > 50
