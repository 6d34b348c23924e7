"""The slots of one generation request get different problems while there are any."""

import pytest

from lqs.domain.entities.problem import Problem, ProblemConstraints
from lqs.generators.problem.offline import compose
from lqs.generators.problem.selection import Infeasible, plan
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted

SEEDS = range(12)


def ten(seed: int, asked: dict[str, object]) -> list[Problem]:
    constraints = ProblemConstraints.model_validate(asked)
    return [verify_problem(compose(wanted(constraints), seed, slot), constraints) for slot in range(10)]


@pytest.mark.parametrize(
    "asked",
    [
        {"verbs": ["naître"], "persons": ["2p"], "error_codes": ["agreement.subject_verb"]},
        {"verbs": ["se méfier"], "persons": ["1p"], "tenses": ["present"]},
        {"verbs": ["vendre"], "persons": ["1s"], "tenses": ["passe_compose"]},
        {"verbs": ["naître", "tomber"], "persons": ["1s"]},
        {"verbs": ["savoir"], "persons": ["2p"], "tenses": ["imparfait"]},
        {"focus": ["mood"], "verbs": ["aller"]},
        {"tenses": ["imperatif"], "persons": ["2s"]},
        {"indirect_object": "pronoun", "tenses": ["present"], "persons": ["1s"]},
    ],
    ids=str,
)
def test_ten_slots_with_few_sentences_are_ten_different_problems(asked: dict[str, object]):
    for seed in SEEDS:
        assert len({problem.fingerprint for problem in ten(seed, asked)}) == 10


def test_verbs_come_round_in_turn():
    for seed in SEEDS:
        made = ten(seed, {"verbs": ["aller", "venir", "partir"], "focus": ["conjugation"]})
        lemmas = [problem.target.lemma for problem in made]
        assert lemmas[:3] == lemmas[3:6] == lemmas[6:9]
        assert set(lemmas) == {"aller", "venir", "partir"}


def test_what_is_impossible_is_an_error_and_no_endless_search():
    with pytest.raises(Infeasible):
        plan(wanted(ProblemConstraints(verbs=["naître"], tenses=["present"])), 1, 0)
    with pytest.raises(Infeasible):
        plan(wanted(ProblemConstraints(verbs=["parler"], error_codes=["pronoun.order"], statement_count=5)), 1, 0)
