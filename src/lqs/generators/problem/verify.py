"""Verification: nothing is stored unless every check here passes, whichever generator made it.

The checks read the statements' text and recompute from lexicon and grammar; they trust nothing the generator claims.
V14, the second opinion of another program, is asked for in tests only; see docs/reference/checks.md.
"""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

from lqs.domain.entities.problem import (
    KEYS,
    LEVELS,
    STATEMENTS,
    Check,
    Problem,
    ProblemConstraints,
    Statement,
    StatementError,
    Verification,
    fingerprint,
    fold,
)
from lqs.domain.entity_type import VerificationFailed
from lqs.generators.french.levels import TENSE_LEVELS
from lqs.generators.french.orthography import WORD
from lqs.generators.french.proof.prover import prove
from lqs.generators.french.proof.soundness import flaws, unknown_words
from lqs.generators.problem.target import misses

ENGINE = "contrast/2"

_FRENCH_ONLY = frozenset({"le", "la", "les", "des", "du", "je", "tu", "il", "elle", "nous", "vous", "est", "et"})
_MARKUP = ("<", ">", "{", "}", "[", "]", "\\", "@", "http:", "https:", "www.")
_MAX_STATEMENT = 160
"""Characters; more is no statement a learner compares at a glance."""
_FAIR_RATIO, _FAIR_DIFFERENCE = 1.25, 5

_Finding = tuple[bool, str]


class _Case(NamedTuple):
    """A problem, what was asked, its statements, their texts, which is marked right, and the wrong with their error."""

    problem: Problem
    asked: ProblemConstraints
    statements: tuple[Statement, ...]
    texts: list[str]
    right: Statement
    wrong: list[tuple[Statement, StatementError]]


class _Check(NamedTuple):
    code: str
    rejects: bool
    find: Callable[[_Case], _Finding]


def verify_problem(problem: Problem, constraints: ProblemConstraints) -> Problem:
    """The problem with its proofs and findings in it; `warned` where a check that only warns did not pass.

    Raises `VerificationFailed` for the first check that rejects.
    """
    case = _case(problem, constraints)
    checks: list[Check] = []
    status: Literal["verified", "warned"] = "verified"
    for code, rejects, find in _CHECKS:
        passed, detail = find(case)
        if rejects and not passed:
            raise VerificationFailed(code, detail)
        if not passed:
            status = "warned"
        checks.append(_check(code, passed, detail))
    verification = Verification(status=status, engine=ENGINE, checks=tuple(checks))
    return problem.model_copy(update={"statements": _with_proofs(case), "verification": verification})


def _case(problem: Problem, asked: ProblemConstraints) -> _Case:
    """Check V01 sees to it that the first statement marked right is the only one."""
    statements = problem.statements
    right = next((statement for statement in statements if statement.is_correct), statements[0])
    wrong = [(said, said.error) for said in statements if said.error is not None and not said.is_correct]
    return _Case(problem, asked, statements, [said.text for said in statements], right, wrong)


def _with_proofs(case: _Case) -> tuple[Statement, ...]:
    """The statements, each wrong one with its proof; one that carries a proof already carries that very one."""
    return tuple(
        [
            said
            if said.is_correct or said.proof
            else said.model_copy(update={"proof": prove(case.right.text, said.text)})
            for said in case.statements
        ]
    )


@lru_cache(maxsize=256)
def _check(code: str, passed: bool, detail: str) -> Check:
    """Findings are told in few words, so most are told again."""
    return Check(code=code, passed=passed, detail=detail)


def _structure(case: _Case) -> _Finding:
    statements, index = case.statements, case.problem.correct_index
    count = len(statements)
    one = index < count and [s.is_correct for s in statements].count(True) == 1 and statements[index].is_correct
    keyed = tuple(s.key for s in statements) == KEYS[:count]
    marked = all((s.error is None) == s.is_correct for s in statements) and case.right.proof is None
    asked = count == (case.asked.statement_count or STATEMENTS)
    passed = one and keyed and marked and asked and all(map(_is_typographic, case.texts))
    return passed, "One statement is correct, the others are marked with their error; typography is French."


def _is_typographic(text: str) -> bool:
    return "'" not in text and "  " not in text and text == text.strip() and unicodedata.is_normalized("NFC", text)


def _statements_differ(case: _Case) -> _Finding:
    differ = len(set(map(fold, case.texts))) == len(case.texts)
    return differ, "No two statements are equal but for case, spaces and punctuation."


def _target_form(case: _Case) -> _Finding:
    target = case.problem.target
    missing = misses(case.right.text, target)
    return missing is None, missing or f"The correct statement has “{target.lemma}” in {target.tense}, {target.person}."


def _correct_is_right(case: _Case) -> _Finding:
    found = "; ".join(flaws(case.right.text))
    return not found, found or "The correct statement breaks no rule."


def _wrong_is_proven(case: _Case) -> _Finding:
    for said, _ in case.wrong:
        if prove(case.right.text, said.text) is None:
            return False, f"“{said.text}” could not be proven wrong."
    return True, "Every wrong statement was proven wrong against the correct one."


def _span_repairs(case: _Case) -> _Finding:
    right = case.right.text
    for said, error in case.wrong:
        text = said.text
        repaired = text[: error.start] + error.correction + text[error.end :]
        if text[error.start : error.end] != error.wrong or repaired != right:
            return False, f"Correcting the marked words of “{text}” does not give the correct statement."
    return True, "Each wrong statement has one error: correcting the marked words gives the correct statement."


def _error_code(case: _Case) -> _Finding:
    for said, error in case.wrong:
        proof = prove(case.right.text, said.text)
        if proof is None or proof.code != error.code:
            return False, f"“{said.text}” is marked {error.code}, but the proof says otherwise."
        if said.proof is not None and said.proof is not proof and said.proof != proof:
            return False, f"“{said.text}” carries a proof that was not found again."
    return True, "Every error is of the kind it is marked as."


def _known_words(case: _Case) -> _Finding:
    unknown = " ".join(unknown_words(case.right.text, 0, 0))
    for said, error in case.wrong:
        unknown = unknown or " ".join(unknown_words(said.text, error.start, error.end))
    return not unknown, f"Not in the lexicon: {unknown}" if unknown else "Every word outside the errors is known."


def _explanations(case: _Case) -> _Finding:
    for statement in case.statements:
        error = statement.error
        if not statement.explanation.strip():
            return False, f"“{statement.text}” has no explanation."
        if error and error.wrong not in statement.explanation and error.correction not in statement.explanation:
            return False, f"The explanation of “{statement.text}” quotes neither the wrong form nor its correction."
    return True, "Every explanation quotes the wrong form or its correction."


def _hygiene(case: _Case) -> _Finding:
    lengths = [len(text) for text in case.texts]
    fair = max(lengths) <= _FAIR_RATIO * min(lengths) or max(lengths) - min(lengths) <= _FAIR_DIFFERENCE
    return fair, "No statement stands out by its length."


def _level(case: _Case) -> _Finding:
    passed = LEVELS.index(TENSE_LEVELS[case.problem.target.tense]) <= LEVELS.index(case.problem.cefr)
    return passed, f"The tense belongs to {case.problem.cefr} or below."


def _translation(case: _Case) -> _Finding:
    translation = case.right.translation or ""
    french = not _FRENCH_ONLY.isdisjoint(WORD.findall(translation.lower()))
    passed = (
        bool(translation.strip())
        and fold(translation) != fold(case.right.text)
        and not french
        and all(said.translation is None for said in case.statements if not said.is_correct)
    )
    return passed, "The correct statement alone has a translation, and it is not French."


def _fingerprint(case: _Case) -> _Finding:
    target, wrong = case.problem.target, [said.text for said, _ in case.wrong]
    passed = case.problem.fingerprint == fingerprint(target.lemma, target.tense, [case.right.text], wrong)
    return passed, "The fingerprint is that of the content."


def _safety(case: _Case) -> _Finding:
    texts = [*case.texts, *[said.explanation for said in case.statements]]
    texts += [case.problem.instructions, case.right.translation or ""]
    whole = "\n".join(texts)
    long = max(map(len, case.texts)) > _MAX_STATEMENT
    return not long and not any(map(whole.__contains__, _MARKUP)), "No markup, no address, no statement too long."


def _constraints(case: _Case) -> _Finding:
    problem, asked, target = case.problem, case.asked, case.problem.target
    codes = {error.code for _, error in case.wrong}
    passed = (
        (not asked.focus or problem.focus in asked.focus)
        and (not asked.verbs or target.lemma in asked.verbs)
        and (not asked.tenses or target.tense in asked.tenses)
        and (not asked.persons or target.person in asked.persons)
        and (asked.negation is None or (target.negation is not None) == asked.negation)
        and (asked.direct_object is None or target.direct_object == asked.direct_object)
        and (asked.indirect_object is None or target.indirect_object == asked.indirect_object)
        and (not asked.error_codes or codes <= set(asked.error_codes))
        and (not asked.cefr or problem.cefr in asked.cefr)
        and set(asked.tags or ()) <= set(problem.tags)
        and (not asked.topics or not set(asked.topics).isdisjoint(problem.tags))
    )
    return passed, "Everything is as asked for."


_CHECKS = (
    _Check("V01", True, _structure),
    _Check("V02", True, _statements_differ),
    _Check("V03", True, _target_form),
    _Check("V04", True, _correct_is_right),
    _Check("V05", True, _wrong_is_proven),
    _Check("V06", True, _span_repairs),
    _Check("V07", True, _error_code),
    _Check("V08", True, _known_words),
    _Check("V09", True, _explanations),
    _Check("V10", False, _hygiene),
    _Check("V11", False, _level),
    _Check("V12", True, _translation),
    _Check("V13", True, _fingerprint),
    _Check("V15", True, _safety),
    _Check("constraints", True, _constraints),
)
