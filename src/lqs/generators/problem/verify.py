"""Verification: nothing is stored unless every check here passes, whichever generator made it.

The checks read the statements' text and recompute from the grammar; they trust nothing the generator claims.
"""

import unicodedata
from collections.abc import Callable

from lqs.domain.entities.problem import (
    KEYS,
    Check,
    Problem,
    ProblemConstraints,
    Proof,
    Statement,
    StatementError,
    Verification,
    fingerprint,
    fold,
)
from lqs.domain.entity_type import VerificationFailed
from lqs.generators.french.contrast import clause_of, fault, prove
from lqs.generators.french.orthography import words
from lqs.generators.french.sentence import Sentence, read
from lqs.generators.french.verbs import VERBS, Verb
from lqs.generators.problem.candidates import wanted

ENGINE = "contrast/1"

_Finding = tuple[bool, str]
_FRENCH_ONLY = frozenset({"le", "la", "les", "des", "du", "je", "tu", "il", "elle", "nous", "vous", "est", "et"})


def verify_problem(problem: Problem, constraints: ProblemConstraints) -> Problem:
    """The problem with its proofs and findings in it.

    Raises `VerificationFailed` for the first check that does not pass.
    """
    checks: list[Check] = []
    for code, check in _CHECKS:
        passed, detail = check(problem, constraints)
        if not passed:
            raise VerificationFailed(code, detail)
        checks.append(Check(code=code, passed=True, detail=detail))
    statements = tuple(
        statement if statement.is_correct else statement.model_copy(update={"proof": _proof(problem, statement)})
        for statement in problem.statements
    )
    verification = Verification(status="verified", engine=ENGINE, checks=tuple(checks))
    return problem.model_copy(update={"statements": statements, "verification": verification})


def _verb(problem: Problem) -> Verb | None:
    return VERBS.get(problem.target.lemma)


def _correct(problem: Problem) -> Statement:
    return problem.statements[problem.correct_index]


def _wrong(problem: Problem) -> list[tuple[Statement, StatementError]]:
    return [(s, s.error) for s in problem.statements if s.error is not None and not s.is_correct]


def _reading(problem: Problem) -> Sentence | None:
    verb = _verb(problem)
    return read(_correct(problem).text, verb, problem.target.tense) if verb else None


def _proof(problem: Problem, statement: Statement) -> Proof | None:
    verb = _verb(problem)
    return prove(_correct(problem).text, statement.text, verb, problem.target.tense) if verb else None


def _one_correct(problem: Problem, _: ProblemConstraints) -> _Finding:
    correct = [index for index, statement in enumerate(problem.statements) if statement.is_correct]
    keys = tuple(statement.key for statement in problem.statements)
    marked = all((s.error is None) == s.is_correct for s in problem.statements)
    unproven = all(s.proof is None for s in problem.statements if s.is_correct)
    passed = correct == [problem.correct_index] and keys == KEYS and marked and unproven
    return passed, "One statement is correct and the others are marked with their error."


def _typography(problem: Problem, _: ProblemConstraints) -> _Finding:
    texts = [s.text for s in problem.statements]
    passed = all(
        unicodedata.is_normalized("NFC", text) and "'" not in text and text == " ".join(text.split()) for text in texts
    )
    return passed, "Statements are in NFC, with typographic apostrophes and single spaces."


def _statements_differ(problem: Problem, _: ProblemConstraints) -> _Finding:
    folded = {fold(statement.text) for statement in problem.statements}
    return len(folded) == len(problem.statements), "No two statements are equal but for case, spaces and punctuation."


def _target_form(problem: Problem, _: ProblemConstraints) -> _Finding:
    target, sentence = problem.target, _reading(problem)
    passed = (
        sentence is not None
        and sentence.subject.text == target.subject
        and sentence.subject.person == target.person
        and target.pronominal == VERBS[target.lemma].pronominal
    )
    return passed, f"The correct statement is about “{target.subject}” and “{target.lemma}” in {target.tense}."


def _correct_is_right(problem: Problem, _: ProblemConstraints) -> _Finding:
    sentence = _reading(problem)
    if not sentence:
        return False, "The correct statement could not be read."
    clause = clause_of(sentence, VERBS[problem.target.lemma], problem.target.tense)
    found = fault(clause, sentence.group)
    return found is None, found or "Its verb group is what the conjugator gives."


def _wrong_is_proven(problem: Problem, _: ProblemConstraints) -> _Finding:
    for statement, _error in _wrong(problem):
        if _proof(problem, statement) is None:
            return False, f"“{statement.text}” could not be proven wrong."
    return True, "Every wrong statement was proven wrong against the correct one."


def _error_code(problem: Problem, _: ProblemConstraints) -> _Finding:
    for statement, error in _wrong(problem):
        proof = _proof(problem, statement)
        if proof is None or proof.code != error.code:
            return False, f"“{statement.text}” is marked {error.code}, but the proof says otherwise."
        if statement.proof not in (None, proof):
            return False, f"“{statement.text}” carries a proof that was not found again."
    return True, "Every error is of the kind it is marked as."


def _span_repairs(problem: Problem, _: ProblemConstraints) -> _Finding:
    right = _correct(problem).text
    for statement, error in _wrong(problem):
        text = statement.text
        repaired = text[: error.start] + error.correction + text[error.end :]
        if text[error.start : error.end] != error.wrong or repaired != right:
            return False, f"Correcting the marked words of “{text}” does not give the correct statement."
    return True, "Correcting the marked words gives the correct statement."


def _explanations(problem: Problem, _: ProblemConstraints) -> _Finding:
    for statement in problem.statements:
        error = statement.error
        if not statement.explanation.strip():
            return False, f"“{statement.text}” has no explanation."
        if error and error.wrong not in statement.explanation and error.correction not in statement.explanation:
            return False, f"The explanation of “{statement.text}” quotes neither the wrong form nor its correction."
    return True, "Every explanation quotes the wrong form or its correction."


def _translation(problem: Problem, _: ProblemConstraints) -> _Finding:
    correct = _correct(problem)
    translation = correct.translation or ""
    residue = {word.form.lower() for word in words(translation)} & _FRENCH_ONLY
    passed = (
        bool(translation.strip())
        and fold(translation) != fold(correct.text)
        and not residue
        and all(s.translation is None for s in problem.statements if not s.is_correct)
    )
    return passed, "The correct statement alone has a translation, and it is not French."


def _constraints(problem: Problem, constraints: ProblemConstraints) -> _Finding:
    want, target = wanted(constraints), problem.target
    passed = (
        (not want.verbs or _verb(problem) in want.verbs)
        and (not want.tenses or target.tense in want.tenses)
        and (not want.persons or target.person in want.persons)
        and (not want.codes or all(error.code in want.codes for _, error in _wrong(problem)))
    )
    return passed, "Verb, tense, person and kinds of error are as asked for."


def _fingerprint(problem: Problem, _: ProblemConstraints) -> _Finding:
    passed = problem.fingerprint == fingerprint(problem.target, problem.statements)
    return passed, "The fingerprint is that of the content."


_CHECKS: tuple[tuple[str, Callable[[Problem, ProblemConstraints], _Finding]], ...] = (
    ("one_correct", _one_correct),
    ("typography", _typography),
    ("statements_differ", _statements_differ),
    ("target_form", _target_form),
    ("correct_is_right", _correct_is_right),
    ("wrong_is_proven", _wrong_is_proven),
    ("error_code", _error_code),
    ("span_repairs", _span_repairs),
    ("explanations", _explanations),
    ("translation", _translation),
    ("constraints", _constraints),
    ("fingerprint", _fingerprint),
)
