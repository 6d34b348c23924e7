"""Verification refuses what is not fit to be stored: one planted fault for every check."""

import re
from collections.abc import Callable

import pytest

from lqs.domain.entities.problem import Problem, ProblemConstraints, Proof, Statement, Target, fingerprint
from lqs.domain.entity_type import VerificationFailed
from lqs.generators.problem.candidates import wanted
from lqs.generators.problem.offline import compose
from lqs.generators.problem.verify import verify_problem

ANYTHING = ProblemConstraints()


@pytest.fixture
def problem() -> Problem:
    """« Ma tante est allée ... »: être, subject of known gender, all three kinds of error."""
    want = wanted(ProblemConstraints(verbs=["aller"], tenses=["passe_compose"], persons=["3s"]))
    return next(made for seed in range(100) if (made := compose(want, seed, 0)).target.subject == "ma tante")


def correct(problem: Problem) -> Statement:
    return problem.statements[problem.correct_index]


def wrong(problem: Problem, code: str = "agreement.subject_verb") -> int:
    return next(i for i, s in enumerate(problem.statements) if s.error and s.error.code == code)


def with_statement(problem: Problem, index: int, **changes: object) -> Problem:
    statements = list(problem.statements)
    statements[index] = statements[index].model_copy(update=changes)
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
    return problem.model_copy(update={"fingerprint": fingerprint(problem.target, problem.statements)})


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
        "one_correct",
        lambda p: with_statement(p, wrong(p), is_correct=True, error=None),
    ),
    (
        "a correct index that points at a wrong statement",
        "one_correct",
        lambda p: p.model_copy(update={"correct_index": wrong(p)}),
    ),
    ("a wrong statement without its error", "one_correct", lambda p: with_statement(p, wrong(p), error=None)),
    ("keys out of order", "one_correct", lambda p: with_statement(p, 0, key="b")),
    (
        "a proof on the correct statement",
        "one_correct",
        lambda p: with_statement(p, p.correct_index, proof=Proof(method="disjoint_persons", code="aux.choice")),
    ),
    ("a straight apostrophe", "typography", lambda p: wrong_text(p, p.statements[wrong(p)].text + " c'est")),
    ("text not in NFC", "typography", lambda p: replaced(p, "é", "e\u0301")),
    (
        "two spaces",
        "typography",
        lambda p: replaced(p, " à ", "  à ") if "à" in correct(p).text else replaced(p, " au ", "  au "),
    ),
    ("an option that differs only in case", "statements_differ", lambda p: wrong_text(p, correct(p).text.upper())),
    ("another verb as target", "target_form", lambda p: with_target(p, lemma="venir", pronominal=True)),
    ("an unknown verb as target", "target_form", lambda p: with_target(p, lemma="zigzaguer")),
    ("another subject as target", "target_form", lambda p: with_target(p, subject="Marie")),
    ("another person as target", "target_form", lambda p: with_target(p, person="2s")),
    ("the key swapped with a wrong option", "correct_is_right", key_swapped),
    ("a verb the sentence does not use", "correct_is_right", lambda p: with_target(p, lemma="venir")),
    (
        "an acceptable option",
        "wrong_is_proven",
        lambda p: wrong_text(p, re.sub("[Mm]a tante", "Marie", correct(p).text)),
    ),
    (
        "a wrong statement about something else",
        "wrong_is_proven",
        lambda p: wrong_text(p, "Je parles français en classe."),
    ),
    ("an error of another kind", "error_code", lambda p: with_error(p, code="reflexive.person")),
    (
        "a proof that cannot be found again",
        "error_code",
        lambda p: with_statement(p, wrong(p), proof=Proof(method="auxiliary_class", code="aux.choice")),
    ),
    ("a correction that does not repair", "span_repairs", lambda p: with_error(p, correction="sera")),
    ("an error span in the wrong place", "span_repairs", lambda p: with_error(p, start=0, end=2)),
    ("a blank explanation", "explanations", lambda p: with_statement(p, wrong(p), explanation="  ")),
    (
        "an explanation that quotes nothing",
        "explanations",
        lambda p: with_statement(p, wrong(p), explanation="No."),
    ),
    ("no translation", "translation", lambda p: with_statement(p, p.correct_index, translation=None)),
    (
        "a translation that is the French",
        "translation",
        lambda p: with_statement(p, p.correct_index, translation=correct(p).text),
    ),
    (
        "a translation half in French",
        "translation",
        lambda p: with_statement(p, p.correct_index, translation="My aunt est at the beach."),
    ),
    (
        "a translation on a wrong statement",
        "translation",
        lambda p: with_statement(p, wrong(p), translation="My aunt have gone."),
    ),
    ("a fingerprint of something else", "fingerprint", lambda p: p.model_copy(update={"fingerprint": "0" * 64})),
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
    ],
    ids=["verb", "tense", "person", "error code"],
)
def test_a_problem_that_was_not_asked_for_is_refused(problem: Problem, asked: ProblemConstraints):
    with pytest.raises(VerificationFailed) as refused:
        verify_problem(problem, asked)
    assert refused.value.check == "constraints"


def test_every_check_has_a_planted_fault(problem: Problem):
    verified = verify_problem(problem, ANYTHING)
    assert verified.verification is not None
    covered = {check for _, check, _ in FAULTS} | {"constraints"}
    assert covered == {check.code for check in verified.verification.checks}


def test_an_acceptable_variant_of_the_participle_is_never_taken_as_wrong():
    want = wanted(ProblemConstraints(verbs=["aller"], tenses=["passe_compose"], persons=["1s"]))
    problem = compose(want, 1, 0)
    right = correct(problem).text
    variant = right.replace("allée", "allé") if "allée" in right else right.replace("allé", "allée")
    with pytest.raises(VerificationFailed) as refused:
        verify_problem(wrong_text(problem, variant), ANYTHING)
    assert refused.value.check == "wrong_is_proven"


def test_the_fingerprint_ignores_the_order_of_the_statements_and_knows_the_verb(problem: Problem):
    shuffled = tuple(reversed(problem.statements))
    assert fingerprint(problem.target, shuffled) == problem.fingerprint
    other = Target(**{**problem.target.model_dump(), "lemma": "venir"})
    assert fingerprint(other, problem.statements) != problem.fingerprint
