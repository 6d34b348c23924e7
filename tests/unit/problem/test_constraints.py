"""Constraints that no problem can honour are refused before anything is stored, with the place and the way out."""

from collections import Counter
from itertools import product

import pytest
from pydantic import ValidationError

from lqs.domain.entities.problem import ERROR_CODES, FOCUSES, LEVELS, TENSES, TOPICS, ProblemConstraints
from lqs.domain.entity_type import ConstraintsRefused
from lqs.generators.french.frames import verbs
from lqs.generators.problem.constraints import check_constraints
from lqs.generators.problem.offline import compose
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted

REFUSED = [
    ({"verbs": ["parler", "parlr"]}, "/verbs/1", "Did you mean parler"),
    ({"verbs": ["coucher"]}, "/verbs/0", "Did you mean se coucher?"),
    ({"verbs": ["s'habiler"]}, "/verbs/0", "Did you mean s’habiller"),
    ({"verbs": ["xyzzy"]}, "/verbs/0", "The verbs are: parler"),
    ({"verbs": ["naître"], "tenses": ["present"]}, "/tenses/0", "passe_simple, passe_compose, plus_que_parfait"),
    ({"verbs": ["aller", "naître"], "tenses": ["present"]}, "/verbs/1", "“naître” is only offered in passe_simple"),
    ({"verbs": ["naître"], "tenses": ["passe_compose", "present"]}, "/tenses/1", "can have present"),
    (
        {"tenses": ["present"], "error_codes": ["aux.choice"]},
        "/error_codes/0",
        "It needs a compound tense such as passe_compose and a verb that takes one auxiliary only. Choose from: agre",
    ),
    (
        {"tenses": ["present"], "error_codes": ["agreement.subject_verb", "participle.agreement"]},
        "/error_codes/1",
        "It needs a compound tense",
    ),
    ({"verbs": ["parler"], "error_codes": ["reflexive.person"]}, "/error_codes/0", "Choose from: agreement"),
    ({"error_codes": ["aux.choice"]}, "/error_codes/0", "It needs a compound tense"),
    ({"cefr": ["C1"]}, "/cefr/0", "Choose from: A1, A2, B1, B2"),
    ({"cefr": ["A1"], "tenses": ["passe_simple"]}, "/cefr/0", "Choose from: B2"),
    ({"focus": ["mood"], "tenses": ["futur_anterieur"]}, "/focus/0", "Choose from: conjugation"),
    ({"focus": ["pronouns"], "negation": True}, "/negation", "Leave it out"),
    ({"focus": ["pronouns"], "direct_object": "noun", "indirect_object": "noun"}, "/direct_object", "Leave it out"),
    ({"topics": ["shopping"], "focus": ["reflexive"]}, "/topics/0", "daily_life"),
    ({"tenses": ["imperatif"], "persons": ["3s"]}, "/tenses/0", "Choose from: present"),
    ({"error_codes": ["negation.order"], "negation": False}, "/negation", "Leave it out"),
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
        {"verbs": list(verbs())[:20]},
        {"tenses": ["passe_compose", "present"], "error_codes": ["aux.choice", "agreement.subject_verb"]},
        {"error_codes": ["reflexive.person"]},
        {"error_codes": ["participle.agreement"]},
        {"verbs": ["se laver"], "persons": ["1p"], "error_codes": ["participle.agreement"]},
        {"statement_count": 5, "focus": ["negation"], "cefr": ["A1"]},
        {"indirect_object": "pronoun", "direct_object": "pronoun", "tenses": ["passe_compose"], "topics": ["people"]},
        {"focus": ["reflexive"], "tenses": ["imperatif"]},
        {"tags": ["lesson-4"]},
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
        {"negation": "yes"},
        {"verbs": []},
        {"verbs": ["a" * 41]},
        {"verbs": ["aller"] * 21},
        {"verbs": [1]},
        {"tenses": ["preterite"]},
        {"persons": ["4s"]},
        {"focus": ["vocabulary"]},
        {"error_codes": ["np.number"]},
        {"statement_count": 2},
        {"statement_count": 6},
        {"cefr": ["C2"]},
        {"topics": ["politics"]},
        {"tags": ["two words"]},
        {"direct_object": "clause"},
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


def is_let_through(asked: ProblemConstraints) -> bool:
    try:
        check_constraints(asked)
    except ConstraintsRefused:
        return False
    return True


def asked_for() -> list[ProblemConstraints]:
    pairs: list[dict[str, object]] = [{"focus": [f], "tenses": [t]} for f, t in product(FOCUSES, TENSES)]
    pairs += [{"focus": [f], "cefr": [level]} for f, level in product(FOCUSES, LEVELS)]
    pairs += [{"focus": [f], "topics": [topic]} for f, topic in product(FOCUSES, TOPICS)]
    pairs += [{"error_codes": [code], "statement_count": 3} for code in ERROR_CODES]
    objects = ("none", "noun", "pronoun")
    pairs += [
        {"direct_object": d, "indirect_object": i, "negation": n}
        for d, i, n in product(objects, objects, (True, False))
    ]
    return [ProblemConstraints.model_validate(pair) for pair in pairs]


@pytest.mark.timeout(600)
def test_whatever_is_let_through_makes_verified_problems_that_honour_it():
    verdicts = Counter[bool]()
    for asked in asked_for():
        let_through = is_let_through(asked)
        verdicts[let_through] += 1
        for slot_index in range(2 if let_through else 0):
            made = verify_problem(compose(wanted(asked), 5, slot_index), asked)
            assert made.provenance.seed == 5
    assert min(verdicts[True], verdicts[False]) > 40


@pytest.mark.timeout(600)
def test_what_is_refused_is_met_in_no_problem_at_all():
    """A thousand problems of every kind hold no pair of focus and tense, level or topic that is refused."""
    refused = [asked for asked in asked_for() if asked.focus and not is_let_through(asked)]
    anything = wanted(ProblemConstraints())
    made = [compose(anything, seed, slot) for seed in range(100) for slot in range(10)]
    seen = {(p.focus, p.target.tense) for p in made} | {(p.focus, p.cefr) for p in made}
    seen |= {(p.focus, tag) for p in made for tag in p.tags}
    for asked in refused:
        other = (asked.tenses or asked.cefr or asked.topics or [""])[0]
        assert ((asked.focus or [""])[0], other) not in seen
