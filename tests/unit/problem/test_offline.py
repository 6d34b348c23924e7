"""What the offline generator makes: always provable, balanced, repeatable; fifty problems were read and are kept."""

import json
from collections import Counter
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from lqs.domain.entities.problem import ERROR_CODES, FOCUSES, KEYS, TENSES, Problem, ProblemConstraints, fold
from lqs.generators.french.frames import verbs
from lqs.generators.problem.offline import compose, key_position
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted

GOLDEN = Path(__file__).parent / "golden_problems.json"
ANYTHING = ProblemConstraints()


def problems(count: int, seed: int = 0, **constraints: object) -> list[Problem]:
    want = wanted(ProblemConstraints.model_validate(constraints))
    return [compose(want, seed + number // 10, number % 10) for number in range(count)]


def correct(problem: Problem) -> str:
    return problem.statements[problem.correct_index].text


@pytest.mark.timeout(600)
def test_three_thousand_problems_are_all_verified_and_show_everything():
    made = [verify_problem(problem, ANYTHING) for problem in problems(3000)]

    assert {problem.verification.status for problem in made if problem.verification} == {"verified"}
    assert {problem.target.lemma for problem in made} == set(verbs())
    assert {problem.focus for problem in made} == set(FOCUSES)
    assert {problem.target.tense for problem in made} == set(TENSES)
    assert {problem.cefr for problem in made} == {"A1", "A2", "B1", "B2"}
    assert {s.error.code for problem in made for s in problem.statements if s.error} == set(ERROR_CODES)
    assert len({problem.fingerprint for problem in made}) > 0.95 * len(made)


def test_ten_slots_of_a_request_have_ten_verbs_and_every_focus():
    for seed in range(50):
        made = problems(10, seed)
        assert len({problem.target.lemma for problem in made}) == 10
        assert len({problem.fingerprint for problem in made}) == 10
        assert {problem.focus for problem in made} == set(FOCUSES)


@pytest.mark.parametrize("verb", ["aller", "se lever", "naître", "pouvoir", "aimer", "donner"])
def test_ten_slots_about_one_verb_have_ten_sentences(verb: str):
    for seed in range(5):
        assert len({fold(correct(problem)) for problem in problems(10, seed * 10, verbs=[verb])}) == 10


def test_where_there_are_fewer_sentences_than_slots_they_come_back_with_other_wrong_statements():
    asked = {"verbs": ["naître"], "persons": ["1s"], "tenses": ["passe_compose"], "focus": ["conjugation"]}
    for seed in range(0, 100, 10):
        made = problems(10, seed, **asked, negation=False)
        assert len({correct(problem) for problem in made}) == 4
        assert len({problem.fingerprint for problem in made}) == 10


@pytest.mark.parametrize("count", [3, 4, 5])
def test_the_right_key_is_balanced_within_a_request_and_uniform_over_seeds(count: int):
    for seed in range(50):
        places = [key_position(seed, slot, count) for slot in range(2 * count)]
        assert sorted(places) == sorted([*range(count)] * 2)
    first = Counter(key_position(seed, 0, count) for seed in range(2000))
    assert all(0.8 < first[place] * count / 2000 < 1.2 for place in range(count))


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_problem_has_as_many_statements_as_are_asked_for(count: int):
    asked = ProblemConstraints(statement_count=count)
    for slot in range(10):
        made = verify_problem(compose(wanted(asked), 3, slot), asked)
        assert [statement.key for statement in made.statements] == list(KEYS[:count])


def test_a_problem_shows_more_than_one_kind_of_error_where_its_focus_has_them():
    several = Counter(
        (problem.focus, len({s.error.code for s in problem.statements if s.error}) > 1) for problem in problems(1000)
    )
    for focus in FOCUSES:
        assert several[focus, True] > 2 * several[focus, False]


def test_own_tags_stand_among_the_tags():
    made = compose(wanted(ANYTHING), 1, 0, ("unit-4",))
    assert "unit-4" in made.tags
    assert made.target.tense in made.tags


def test_the_seed_in_the_provenance_makes_the_same_problem_again():
    request_id = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    derived = request_id.int & (2**53 - 1)
    problem = compose(wanted(ANYTHING), derived, 4)
    assert problem.provenance.seed == derived
    assert compose(wanted(ANYTHING), problem.provenance.seed, problem.provenance.slot_index) == problem


def test_a_problem_survives_storage_as_json():
    problem = verify_problem(problems(1)[0], ANYTHING)
    assert Problem.model_validate_json(problem.model_dump_json()) == problem


def golden() -> list[tuple[ProblemConstraints, Problem]]:
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return [(ProblemConstraints.model_validate(k["asked"]), Problem.model_validate(k["problem"])) for k in kept]


@pytest.mark.parametrize("kept", golden(), ids=lambda kept: correct(kept[1]))
def test_the_problems_that_were_read_and_approved_are_still_made_word_for_word(
    kept: tuple[ProblemConstraints, Problem],
):
    asked, problem = kept
    assert problem.provenance.seed is not None
    made = compose(wanted(asked), problem.provenance.seed, problem.provenance.slot_index)
    assert verify_problem(made, asked) == problem


def test_fifty_problems_are_kept_of_every_focus_and_level():
    made = [problem for _, problem in golden()]
    assert len(made) == 50
    assert min(Counter(problem.focus for problem in made).values()) >= 5
    assert {problem.cefr for problem in made} == {"A1", "A2", "B1", "B2"}


def test_every_focus_has_every_tense_that_its_sentences_can_be_in():
    offered = dict.fromkeys(product(FOCUSES, TENSES), 0)
    for problem in problems(3000):
        offered[problem.focus, problem.target.tense] += 1
    assert sum(1 for number in offered.values() if number) >= 60
