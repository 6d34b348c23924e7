"""What a learner is told: consistent with the sentence that is read, in plain words."""

import re

import pytest

from lqs.domain.entities.problem import ErrorCode, Problem, ProblemConstraints
from lqs.generators.problem.offline import compose
from lqs.generators.problem.wanted import wanted

POLITE = "“vous” takes the second person plural of the verb even when it is one person"


def made(count: int = 200, **asked: object) -> list[Problem]:
    want = wanted(ProblemConstraints.model_validate(asked))
    return [compose(want, seed // 10, seed % 10) for seed in range(count)]


def told(code: ErrorCode, **asked: object) -> set[str]:
    """The explanations of wrong statements of one kind, without their conclusion."""
    return {
        s.explanation.partition(" So it is ")[0]
        for problem in made(**asked, error_codes=[code, "agreement.subject_verb", "form.stem_or_spelling"])
        for s in problem.statements
        if s.error and s.error.code == code
    }


@pytest.mark.parametrize(
    ("asked", "ending", "who"),
    [
        ({"persons": ["1s"]}, "né ", "a man is speaking"),
        ({"persons": ["1s"]}, "née ", "a woman is speaking"),
        ({"persons": ["2s"]}, "née ", "said to a woman"),
        ({"persons": ["1p"]}, "nées ", "women are speaking"),
        ({"persons": ["2p"]}, "née ", "said to one woman"),
        ({"persons": ["2p"]}, "nés ", "said to men, or to men and women"),
    ],
)
def test_a_participle_that_shows_a_gender_the_pronoun_hides_says_who_is_meant(
    asked: dict[str, object], ending: str, who: str
):
    pronouns = ("Je ", "Tu ", "Nous ", "Vous ")
    found = [
        problem.statements[problem.correct_index]
        for problem in made(60, verbs=["naître"], tenses=["passe_compose"], **asked)
    ]
    shown = [s for s in found if f" {ending}" in s.text and s.text.startswith(pronouns)]
    assert shown
    assert all(f"(here {who})" in s.explanation for s in shown)


def test_a_polite_vous_is_not_called_plural_where_the_participle_shows_one_person():
    for problem in made(
        100, verbs=["naître", "aller"], tenses=["passe_compose"], persons=["2p"], focus=["conjugation"]
    ):
        right = problem.statements[problem.correct_index]
        one = bool(re.search(r"\b(né|née|allé|allée)\b", right.text))
        for statement in problem.statements:
            if statement.is_correct or (statement.error and statement.error.code == "agreement.subject_verb"):
                assert (POLITE in statement.explanation) == one
                assert ("“vous” is second person plural" in statement.explanation) != one


@pytest.mark.parametrize(
    ("code", "asked", "expected"),
    [
        ("reflexive.missing", {"verbs": ["se souvenir"]}, {"“se souvenir” needs its reflexive pronoun here."}),
        (
            "mood.si",
            {"focus": ["mood"], "verbs": ["aller"]},
            {"After “si”, a condition is never in the future or the conditional."},
        ),
        (
            "preposition.verb",
            {"verbs": ["décider"], "focus": ["conjugation"]},
            {"“décider” takes “de” before an infinitive."},
        ),
        (
            "form.imperative",
            {"verbs": ["manger"], "tenses": ["imperatif"], "persons": ["2s"], "statement_count": 3},
            {
                "The impératif of “manger” with “tu” has no “s” at its end.",
                "“mangeras” is the futur of “manger”, and an order takes the impératif.",
            },
        ),
        (
            "form.imperative",
            {"verbs": ["finir"], "tenses": ["imperatif"], "persons": ["2p"], "statement_count": 3},
            {
                "“finirez” is the futur of “finir”, and an order takes the impératif.",
                "“finissiez” is the subjonctif présent of “finir”, and an order takes the impératif.",
            },
        ),
    ],
)
def test_the_rule_is_told(code: ErrorCode, asked: dict[str, object], expected: set[str]):
    assert told(code, **asked) == expected


def test_the_noun_that_is_named_stands_behind_what_is_wrong_and_has_its_gender():
    """« la table demain »: table, and neither demain nor what follows a le inside another word."""
    told_of = 0
    for problem in made(400, error_codes=["np.gender"], statement_count=3):
        right = problem.statements[problem.correct_index].text
        for statement in problem.statements:
            if named := GENDER.match(statement.explanation):
                error = statement.error
                assert error
                behind = right[error.start + len(error.correction) :].split()
                noun = next(word.rstrip(".?!") for word in behind if word not in BEFORE_NOUNS)
                assert noun == named["noun"], statement
                assert named["gender"] == GENDER_OF[error.correction.lower()], statement
                told_of += 1
    assert told_of > 400


BEFORE_NOUNS = frozenset({"bel", "nouvel", "vieil", "nouveau", "huitième", "onzième", "bon", "bonne", "beau", "vieux"})
GENDER = re.compile("“(?P<noun>[^”]+)” is (?P<gender>masculine|feminine), and its article")
GENDER_OF = {
    **dict.fromkeys(("le", "un", "mon", "du", "ce", "cet", "au"), "masculine"),
    **dict.fromkeys(("la", "une", "ma", "de la", "cette", "à la"), "feminine"),
}


CONCLUSION = re.compile(r" So it is “(?P<right>[^”]+)”, not “(?P<wrong>[^”]+)”\.$")


def test_every_wrong_statement_says_what_it_should_be_and_quotes_it():
    for problem in made(500):
        right = problem.statements[problem.correct_index].text
        for statement in problem.statements:
            if statement.error:
                told = CONCLUSION.search(statement.explanation)
                assert told, statement.explanation
                assert statement.error.correction in told["right"]
                assert statement.error.wrong in told["wrong"]
                places = [match.start() for match in re.finditer(re.escape(told["wrong"]), statement.text)]
                repaired = (
                    statement.text[:at] + told["right"] + statement.text[at + len(told["wrong"]) :] for at in places
                )
                assert right in repaired


def test_a_negation_is_shown_with_both_its_parts():
    for problem in made(200, focus=["negation"]):
        for statement in problem.statements:
            if statement.error and statement.error.code.startswith("negation."):
                told = CONCLUSION.search(statement.explanation)
                assert told
                assert re.search(r"\b[Nn](e|’)", told["right"])
                assert str(problem.target.negation) in told["right"]


def test_no_explanation_is_left_with_a_gap():
    for problem in made(1000):
        for statement in problem.statements:
            assert "“”" not in statement.explanation
            assert "goes with ." not in statement.explanation
            assert "None" not in statement.explanation
