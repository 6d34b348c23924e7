"""Verification refuses what is not fit to be stored: one planted fault for every check."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lqs.domain.entities.problem import (
    Problem,
    ProblemConstraints,
    Proof,
    Statement,
    StatementError,
    Target,
    fingerprint,
)
from lqs.domain.entity_type import VerificationFailed
from lqs.generators.problem.offline import compose
from lqs.generators.problem.verify import verify_problem
from lqs.generators.problem.wanted import wanted

ANYTHING = ProblemConstraints()


@pytest.fixture
def problem() -> Problem:
    """« Ma tante est allée ... »: être, subject of known gender, all three kinds of error."""
    asked = ProblemConstraints(
        verbs=["aller"], tenses=["passe_compose"], persons=["3s"], focus=["conjugation"], negation=False
    )
    made = (compose(wanted(asked), seed, 0) for seed in range(300))
    return next(
        problem
        for problem in made
        if problem.target.subject == "ma tante"
        and any(e and e.code == "agreement.subject_verb" for e in errors(problem))
    )


def errors(problem: Problem) -> list[StatementError | None]:
    return [statement.error for statement in problem.statements]


def correct(problem: Problem) -> Statement:
    return problem.statements[problem.correct_index]


def wrong(problem: Problem, code: str = "agreement.subject_verb") -> int:
    return next(i for i, s in enumerate(problem.statements) if s.error and s.error.code == code)


def with_statement(problem: Problem, index: int, **changes: object) -> Problem:
    statements = list(problem.statements)
    statements[index] = statements[index].model_copy(
        update={"proof": None, **changes}
    )  # whoever rewrites proves nothing
    return resealed(problem.model_copy(update={"statements": tuple(statements)}))


def with_target(problem: Problem, **changes: object) -> Problem:
    return resealed(problem.model_copy(update={"target": problem.target.model_copy(update=changes)}))


def with_error(problem: Problem, **changes: object) -> Problem:
    index = wrong(problem)
    error = problem.statements[index].error
    assert error
    return with_statement(problem, index, error=error.model_copy(update=changes))


def resealed(problem: Problem) -> Problem:
    """With the fingerprint of its new content, so that only the planted fault is left to be found."""
    return problem.model_copy(update={"fingerprint": seal(problem.target, problem.statements)})


def seal(target: Target, statements: tuple[Statement, ...]) -> str:
    correct = [statement.text for statement in statements if statement.is_correct]
    return fingerprint(target.lemma, target.tense, correct, [s.text for s in statements if not s.is_correct])


def key_swapped(problem: Problem) -> Problem:
    right, other = problem.correct_index, wrong(problem)
    statements = list(problem.statements)
    texts = statements[right].text, statements[other].text
    statements[right] = statements[right].model_copy(update={"text": texts[1]})
    statements[other] = statements[other].model_copy(update={"text": texts[0]})
    return resealed(problem.model_copy(update={"statements": tuple(statements)}))


def replaced(problem: Problem, old: str, new: str) -> Problem:
    """The same fault in every statement, so that they still share one carrier."""
    statements = tuple(s.model_copy(update={"text": s.text.replace(old, new)}) for s in problem.statements)
    return resealed(problem.model_copy(update={"statements": statements}))


def wrong_text(problem: Problem, text: str) -> Problem:
    return with_statement(problem, wrong(problem), text=text)


FAULTS: list[tuple[str, str, Callable[[Problem], Problem]]] = [
    (
        "two statements marked correct",
        "V01",
        lambda p: with_statement(p, wrong(p), is_correct=True, error=None),
    ),
    (
        "a correct index that points at a wrong statement",
        "V01",
        lambda p: p.model_copy(update={"correct_index": wrong(p)}),
    ),
    ("a wrong statement without its error", "V01", lambda p: with_statement(p, wrong(p), error=None)),
    ("keys out of order", "V01", lambda p: with_statement(p, 0, key="b")),
    (
        "a proof on the correct statement",
        "V01",
        lambda p: with_statement(p, p.correct_index, proof=Proof(method="disjoint_persons", code="aux.choice")),
    ),
    ("a straight apostrophe", "V01", lambda p: wrong_text(p, p.statements[wrong(p)].text + " c'est")),
    ("text not in NFC", "V01", lambda p: replaced(p, "é", "e\u0301")),
    (
        "two spaces",
        "V01",
        lambda p: replaced(p, " à ", "  à ") if "à" in correct(p).text else replaced(p, " au ", "  au "),
    ),
    ("an option that differs only in case", "V02", lambda p: wrong_text(p, correct(p).text.upper())),
    ("another verb as target", "V03", lambda p: with_target(p, lemma="venir", pronominal=True)),
    ("an unknown verb as target", "V03", lambda p: with_target(p, lemma="zigzaguer")),
    ("another subject as target", "V03", lambda p: with_target(p, subject="Marie")),
    ("another person as target", "V03", lambda p: with_target(p, person="2s")),
    ("the key swapped with a wrong option", "V03", key_swapped),
    ("a fault outside the verb", "V04", lambda p: replaced(p, ".", " avec le héros à le marché.")),
    ("a word that is none", "V08", lambda p: replaced(p, ".", " xyzzy.")),
    ("markup", "V15", lambda p: p.model_copy(update={"instructions": "<b>Choisissez</b>"})),
    ("a verb the sentence does not use", "V03", lambda p: with_target(p, lemma="venir")),
    (
        "an acceptable option",
        "V05",
        lambda p: wrong_text(p, re.sub("[Mm]a tante", "Marie", correct(p).text)),
    ),
    (
        "a wrong statement about something else",
        "V05",
        lambda p: wrong_text(p, "Je parles français en classe."),
    ),
    ("an error of another kind", "V07", lambda p: with_error(p, code="reflexive.person")),
    (
        "a proof that cannot be found again",
        "V07",
        lambda p: with_statement(p, wrong(p), proof=Proof(method="auxiliary_class", code="aux.choice")),
    ),
    ("a correction that does not repair", "V06", lambda p: with_error(p, correction="sera")),
    ("an error span in the wrong place", "V06", lambda p: with_error(p, start=0, end=2)),
    ("a blank explanation", "V09", lambda p: with_statement(p, wrong(p), explanation="  ")),
    (
        "an explanation that quotes nothing",
        "V09",
        lambda p: with_statement(p, wrong(p), explanation="No."),
    ),
    ("no translation", "V12", lambda p: with_statement(p, p.correct_index, translation=None)),
    (
        "a translation that is the French",
        "V12",
        lambda p: with_statement(p, p.correct_index, translation=correct(p).text),
    ),
    (
        "a translation half in French",
        "V12",
        lambda p: with_statement(p, p.correct_index, translation="My aunt est at the beach."),
    ),
    (
        "a translation on a wrong statement",
        "V12",
        lambda p: with_statement(p, wrong(p), translation="My aunt have gone."),
    ),
    ("a fingerprint of something else", "V13", lambda p: p.model_copy(update={"fingerprint": "0" * 64})),
]


def test_the_unspoiled_problem_is_verified_with_a_proof_on_every_wrong_statement(problem: Problem):
    verified = verify_problem(problem, ANYTHING)
    assert verified.verification is not None
    assert verified.verification.status == "verified"
    assert all(check.passed and check.detail for check in verified.verification.checks)
    for statement in verified.statements:
        assert (statement.proof is None) == statement.is_correct
        if statement.proof and statement.error:
            assert statement.proof.code == statement.error.code


def test_statements_that_come_without_proofs_are_given_them(problem: Problem):
    bare = tuple(statement.model_copy(update={"proof": None}) for statement in problem.statements)
    unproven = problem.model_copy(update={"statements": bare})
    assert verify_problem(unproven, ANYTHING) == verify_problem(problem, ANYTHING)


def test_verifying_twice_changes_nothing(problem: Problem):
    verified = verify_problem(problem, ANYTHING)
    assert verify_problem(verified, ANYTHING) == verified


@pytest.mark.parametrize(("fault", "check", "spoil"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_a_planted_fault_is_refused_by_the_check_that_is_there_for_it(
    problem: Problem, fault: str, check: str, spoil: Callable[[Problem], Problem]
):
    with pytest.raises(VerificationFailed) as refused:
        verify_problem(spoil(problem), ANYTHING)
    assert refused.value.check == check, fault


@pytest.mark.parametrize(
    "asked",
    [
        ProblemConstraints(verbs=["venir"]),
        ProblemConstraints(tenses=["present"]),
        ProblemConstraints(persons=["1s", "3p"]),
        ProblemConstraints(error_codes=["reflexive.person"]),
        ProblemConstraints(focus=["mood"]),
        ProblemConstraints(negation=True),
        ProblemConstraints(direct_object="pronoun"),
        ProblemConstraints(indirect_object="noun"),
        ProblemConstraints(cefr=["A1"]),
        ProblemConstraints(topics=["food"]),
        ProblemConstraints(tags=["unit-4"]),
    ],
    ids=["verb", "tense", "person", "error code", "focus", "negation", "direct", "indirect", "level", "topic", "tags"],
)
def test_a_problem_that_was_not_asked_for_is_refused(problem: Problem, asked: ProblemConstraints):
    with pytest.raises(VerificationFailed) as refused:
        verify_problem(problem, asked)
    assert refused.value.check == "constraints"


def test_every_check_has_a_planted_fault(problem: Problem):
    verified = verify_problem(problem, ANYTHING)
    assert verified.verification is not None
    covered = {check for _, check, _ in FAULTS} | {"constraints", *WARNINGS}
    assert covered == {check.code for check in verified.verification.checks}


def long_word(problem: Problem) -> Problem:
    """An option that stands out by its length."""
    statement = problem.statements[wrong(problem)]
    assert statement.error
    form = "irassionneraient"
    error = statement.error
    text = correct(problem).text.replace(error.correction, form, 1)
    spelled = error.model_copy(
        update={
            "code": "form.stem_or_spelling",
            "wrong": form,
            "start": text.index(form),
            "end": text.index(form) + len(form),
        }
    )
    return with_statement(problem, wrong(problem), text=text, error=spelled, explanation=f"“{form}” is no word.")


WARNINGS: dict[str, Callable[[Problem], Problem]] = {
    "V10": long_word,
    "V11": lambda p: p.model_copy(update={"cefr": "A1"}),
}


@pytest.mark.parametrize("check", WARNINGS)
def test_what_is_only_doubtful_is_stored_with_a_warning(problem: Problem, check: str):
    verified = verify_problem(WARNINGS[check](problem), ANYTHING)
    assert verified.verification is not None
    assert verified.verification.status == "warned"
    assert [found.code for found in verified.verification.checks if not found.passed] == [check]


def test_an_acceptable_variant_of_the_participle_is_never_taken_as_wrong():
    asked = ProblemConstraints(verbs=["aller"], tenses=["passe_compose"], persons=["1s"], focus=["conjugation"])
    problem = compose(wanted(asked), 1, 0)
    right = correct(problem).text
    variant = right.replace("allée", "allé") if "allée" in right else right.replace("allé", "allée")
    index = next(i for i, s in enumerate(problem.statements) if s.error)
    with pytest.raises(VerificationFailed) as refused:
        verify_problem(with_statement(problem, index, text=variant), ANYTHING)
    assert refused.value.check == "V05"


def test_the_fingerprint_ignores_the_order_of_the_statements_and_knows_the_verb(problem: Problem):
    shuffled = tuple(reversed(problem.statements))
    assert seal(problem.target, shuffled) == problem.fingerprint
    other = Target(**{**problem.target.model_dump(), "lemma": "venir"})
    assert seal(other, problem.statements) != problem.fingerprint


def test_every_check_is_told_in_the_documentation_with_what_it_does(problem: Problem):
    page = (Path(__file__).parents[3] / "docs/reference/checks.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| (V\d\d|constraints) \|.*\| (refuses|warns) \|$", page, re.M))

    verified = verify_problem(problem, ANYTHING)
    assert verified.verification is not None
    codes = {check.code for check in verified.verification.checks}
    assert told == {code: "warns" if code in WARNINGS else "refuses" for code in codes}
