"""What the offline generator makes: always provable, balanced, repeatable; twelve problems were read and are kept."""

import json
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from lqs.domain.entities.problem import KEYS, Problem, ProblemConstraints, fold
from lqs.generators.french.verbs import VERBS
from lqs.generators.problem.candidates import CANDIDATES, feasible, wanted
from lqs.generators.problem.offline import compose, key_position
from lqs.generators.problem.verify import verify_problem

GOLDEN = Path(__file__).parent / "golden_problems.json"
ANYTHING = ProblemConstraints()


def problems(count: int, seed: int = 0, **constraints: object) -> list[Problem]:
    want = wanted(ProblemConstraints.model_validate(constraints))
    return [compose(want, seed + number // 10, number % 10) for number in range(count)]


def test_three_thousand_problems_are_all_verified():
    made = [verify_problem(problem, ANYTHING) for problem in problems(3000)]
    assert {problem.target.lemma for problem in made} == set(VERBS)
    codes = Counter(s.error.code for problem in made for s in problem.statements if s.error)
    assert set(codes) == {"agreement.subject_verb", "aux.choice", "participle.agreement", "reflexive.person"}
    assert min(codes.values()) > 100


def test_every_combination_of_verb_use_tense_and_subject_makes_a_whole_problem():
    assert feasible(wanted(ANYTHING)) == CANDIDATES


def test_ten_slots_of_a_request_have_ten_verbs():
    for seed in range(50):
        made = problems(10, seed)
        assert len({problem.target.lemma for problem in made}) == 10
        assert len({problem.fingerprint for problem in made}) == 10


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_ten_slots_about_one_verb_have_ten_sentences_where_there_are_ten(verb: str):
    correct = {fold(problem.statements[problem.correct_index].text) for problem in problems(10, verbs=[verb])}
    assert len(correct) == 10


def test_the_right_key_is_balanced_within_a_request_and_uniform_over_seeds():
    for seed in range(50):
        places = [key_position(seed, slot) for slot in range(8)]
        assert sorted(places) == sorted([*range(len(KEYS))] * 2)
    first = Counter(key_position(seed, 0) for seed in range(2000))
    assert all(430 < first[place] < 570 for place in range(len(KEYS)))


def test_options_are_of_similar_length():
    for problem in problems(500):
        lengths = [len(statement.text) for statement in problem.statements]
        assert max(lengths) / min(lengths) <= 1.35


def test_wrong_statements_in_the_passe_compose_show_two_kinds_of_error_where_the_rules_allow():
    for problem in problems(500, tenses=["passe_compose"], verbs=["aller", "venir", "se lever", "arriver"]):
        assert len({s.error.code for s in problem.statements if s.error}) >= 2


def test_the_seed_in_the_provenance_makes_the_same_problem_again():
    request_id = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    derived = request_id.int & (2**53 - 1)
    problem = compose(wanted(ANYTHING), derived, 4)
    assert problem.provenance.seed == derived
    assert compose(wanted(ANYTHING), problem.provenance.seed, problem.provenance.slot_index) == problem


def test_a_problem_survives_storage_as_json():
    problem = verify_problem(problems(1)[0], ANYTHING)
    assert Problem.model_validate_json(problem.model_dump_json()) == problem


def golden() -> list[Problem]:
    return [Problem.model_validate(entry) for entry in json.loads(GOLDEN.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("kept", golden(), ids=lambda kept: kept.statements[kept.correct_index].text)
def test_the_problems_that_were_read_and_approved_are_still_made_word_for_word(kept: Problem):
    seed, slot_index = kept.provenance.seed, kept.provenance.slot_index
    assert seed is not None
    assert verify_problem(compose(wanted(ANYTHING), seed, slot_index), ANYTHING) == kept


def test_twelve_problems_are_kept():
    assert len(golden()) == 12
