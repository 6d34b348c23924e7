"""The slots of one generation request get different problems while there are any."""

import pytest

from lqs.domain.entities.problem import Problem, ProblemConstraints
from lqs.generators.problem.candidates import wanted
from lqs.generators.problem.offline import compose
from lqs.generators.problem.verify import verify_problem

SEEDS = range(30)
BORN = {"verbs": ["naître"], "persons": ["1s"], "tenses": ["passe_compose"]}


def ten(seed: int, asked: dict[str, object]) -> list[Problem]:
    constraints = ProblemConstraints.model_validate(asked)
    return [verify_problem(compose(wanted(constraints), seed, slot), constraints) for slot in range(10)]


def right(problem: Problem) -> str:
    return problem.statements[problem.correct_index].text


def bag_of_words(problem: Problem) -> frozenset[str]:
    """The same for two sentences that differ only by where the time stands."""
    return frozenset(right(problem).lower().strip(".").replace(",", "").split())


@pytest.mark.parametrize(
    "asked",
    [
        BORN,
        {"verbs": ["naître"], "persons": ["2p"], "error_codes": ["agreement.subject_verb"]},
        {"verbs": ["se méfier"], "persons": ["1p"], "tenses": ["present"]},
        {"verbs": ["vendre"], "persons": ["1s"], "tenses": ["passe_compose"]},
        {"verbs": ["naître", "tomber"], "persons": ["1s"]},
        {"verbs": ["savoir"], "persons": ["2p"], "tenses": ["passe_compose"]},
    ],
    ids=str,
)
def test_ten_slots_with_few_sentences_are_ten_different_problems(asked: dict[str, object]):
    for seed in SEEDS:
        assert len({problem.fingerprint for problem in ten(seed, asked)}) == 10


def test_a_sentence_comes_back_with_the_other_participle_before_it_comes_back_with_other_errors():
    for seed in SEEDS:
        made = ten(seed, BORN)
        assert len({right(problem) for problem in made[:4]}) == 4
        assert len({right(problem).removeprefix("Je suis ")[3:] for problem in made[:2]}) == 2


def test_two_slots_do_not_differ_only_by_where_the_time_stands_while_other_times_are_left():
    asked = {"verbs": ["se lever"], "persons": ["1s"]}  # ten sentences, but for where the time stands
    for seed in SEEDS:
        assert len({bag_of_words(problem) for problem in ten(seed, asked)}) == 10


def test_a_verb_with_few_sentences_leaves_its_turns_to_the_others():
    for seed in SEEDS:
        made = ten(seed, {"verbs": ["naître", "aller"], "persons": ["2s"]})
        assert len({right(problem) for problem in made}) == 10
        assert sum(problem.target.lemma == "naître" for problem in made) == 2


def test_problems_are_equal_only_where_there_are_fewer_than_slots():
    asked = {
        "verbs": ["se laver"],
        "persons": ["1p"],
        "tenses": ["passe_compose"],
        "error_codes": ["participle.agreement"],
    }
    for seed in SEEDS:
        made = ten(seed, asked)
        assert {right(problem) for problem in made} == {
            "Nous nous sommes lavé les mains avant le dîner hier soir.",
            "Hier soir, nous nous sommes lavé les mains avant le dîner.",
        }
        assert made[0].fingerprint != made[1].fingerprint
