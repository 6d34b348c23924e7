"""Ten thousand problems: all verified, nearly all different, and the right statements before every judge there is."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from lqs.domain.entities.problem import FOCUSES, LEVELS, TENSES, Problem, ProblemConstraints
from lqs.generators.french.proof.soundness import flaws
from lqs.generators.problem.offline import compose
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted
from second_opinion import grammalecte

COUNT = 10_000
FALSE_ALARMS = Path(__file__).parent / "false_alarms.txt"
ANYTHING = ProblemConstraints()

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def made() -> list[Problem]:
    """Ten slots of each of a thousand seeds, verified one by one."""
    want = wanted(ANYTHING)
    return [verify_problem(compose(want, n // 10, n % 10), ANYTHING) for n in range(COUNT)]


def right(problem: Problem) -> str:
    return problem.statements[problem.correct_index].text


def test_all_are_verified_and_of_every_kind(made: list[Problem]):
    assert len(made) == COUNT
    assert {problem.verification.status for problem in made if problem.verification} == {"verified"}
    assert {problem.focus for problem in made} == set(FOCUSES)
    assert {problem.target.tense for problem in made} == set(TENSES)
    assert {problem.cefr for problem in made} == set(LEVELS) - {"C1"}


def test_at_least_95_in_100_are_distinct(made: list[Problem]):
    assert len({problem.fingerprint for problem in made}) >= 0.95 * COUNT


def known_false_alarms() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    """Rule and sentence of alarms that were read and found false; each stands below its reason."""
    lines = FALSE_ALARMS.read_text(encoding="utf-8").splitlines()
    rows = (line.partition(" | ") for line in lines if line and not line.startswith("#"))
    return [(re.compile(rule), re.compile(sentence)) for rule, _, sentence in rows]


def our_alarms(sentences: Sequence[str]) -> list[str]:
    return [f"{sentence}: {flaw}" for sentence in sentences for flaw in flaws(sentence)]


def their_alarms(sentences: Sequence[str]) -> list[str]:
    known = known_false_alarms()
    found = grammalecte.alarms(sentences)
    return [
        str(alarm)
        for alarm in found
        if not any(rule.fullmatch(alarm.rule) and sentence.search(alarm.sentence) for rule, sentence in known)
    ]


def test_a_real_error_is_not_among_the_known_false_alarms():
    if grammalecte.is_installed():
        wrong = ["Elles se sont lavées les mains.", "Ma sœur est content.", "Nous mangons une pomme."]
        assert len(set(their_alarms(wrong))) >= 3


Judge = Callable[[Sequence[str]], Iterable[str]]
JUDGES: dict[str, Judge] = {"our own rules": our_alarms}
if grammalecte.is_installed():
    JUDGES["Grammalecte"] = their_alarms


@pytest.mark.parametrize("judge", JUDGES)
def test_no_judge_raises_an_alarm_on_a_right_statement(made: list[Problem], judge: str):
    sentences = list(dict.fromkeys(right(problem) for problem in made))
    assert len(sentences) > 0.9 * COUNT
    assert list(JUDGES[judge](sentences)) == []
