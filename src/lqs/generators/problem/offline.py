"""The offline generator: French problems from the embedded grammar, in microseconds, without network or key."""

import random
from typing import cast

from lqs.domain.entities.problem import (
    KEYS,
    MAX_SEED,
    Key,
    Problem,
    ProblemConstraints,
    Provenance,
    Statement,
    StatementError,
    Target,
    Tense,
    fingerprint,
)
from lqs.domain.entity_type import Generated, GenerationOrder, Usage
from lqs.generators.french.english import translation
from lqs.generators.french.levels import level_of
from lqs.generators.french.orthography import NO_BREAK_SPACE, changed_span
from lqs.generators.french.sentence import Sentence
from lqs.generators.problem.candidates import Candidate, Mistake, Wanted, pools, wanted
from lqs.generators.problem.explanations import Contrast, explain_right, explain_wrong
from lqs.generators.problem.selection import Draft, plan, sentence_of

_TENSE_NAMES: dict[Tense, str] = {"present": "présent", "passe_compose": "passé composé"}


class OfflineProblemGenerator:
    """Problems drawn from the embedded grammar; the same seed and slot give the same problem.

    Without a seed in the constraints it comes from the request's id, and is written into the problem's provenance.
    """

    def __init__(self) -> None:
        pools(wanted(ProblemConstraints()))  # proves every mistake once, a fifth of a second no call should pay for

    async def generate(self, order: GenerationOrder) -> Generated:
        """Make one problem. The constraints must have passed `check_constraints`."""
        constraints = cast(ProblemConstraints, order.constraints)
        seed = constraints.seed if constraints.seed is not None else order.request_id.int & MAX_SEED
        return Generated(compose(wanted(constraints), seed, order.slot_index), Usage())


def compose(want: Wanted, seed: int, slot_index: int) -> Problem:
    """The problem of one slot; which slots of a seed can be equal is told in `selection`."""
    draft, mistakes = plan(want, seed, slot_index)
    candidate, verb = draft.candidate, draft.candidate.frame.verb
    target = Target(
        lemma=verb.name,
        pronominal=verb.pronominal,
        tense=candidate.tense,
        person=candidate.subject.person,
        subject=candidate.subject.text,
    )
    correct_index = key_position(seed, slot_index)
    statements = _statements(draft, mistakes, correct_index)
    return Problem(
        cefr=level_of(candidate.clause),
        tags=_tags(candidate, statements),
        instructions=(
            f"Choisissez la phrase correcte. Verbe{NO_BREAK_SPACE}: «{NO_BREAK_SPACE}{verb.name}{NO_BREAK_SPACE}», "
            f"au {_TENSE_NAMES[candidate.tense]}."
        ),
        target=target,
        statements=statements,
        correct_index=correct_index,
        fingerprint=fingerprint(target, statements),
        provenance=Provenance(generator="offline", seed=seed, slot_index=slot_index),
    )


def _statements(draft: Draft, mistakes: tuple[Mistake, ...], correct_index: int) -> tuple[Statement, ...]:
    right = sentence_of(draft)
    wrong = iter(mistakes)
    return tuple(
        _right_statement(key, draft, right)
        if index == correct_index
        else _wrong_statement(key, draft, right, next(wrong))
        for index, key in enumerate(KEYS)
    )


def key_position(seed: int, slot_index: int) -> int:
    """Where the right statement stands: every four slots of a seed see each place once."""
    turn, place = divmod(slot_index, len(KEYS))
    return random.Random(f"key:{seed}:{turn}").sample(range(len(KEYS)), len(KEYS))[place]


def _right_statement(key: Key, draft: Draft, right: Sentence) -> Statement:
    frame, tense, subject = draft.candidate
    return Statement(
        key=key,
        text=right.text,
        is_correct=True,
        translation=translation(frame, subject, tense, draft.marker, leading=draft.leading),
        explanation=explain_right(draft.candidate.clause, right.group),
    )


def _wrong_statement(key: Key, draft: Draft, right: Sentence, mistake: Mistake) -> Statement:
    text = right._replace(group=mistake.group).text
    start, end, correction = changed_span(text, right.text)
    wrong = text[start:end]
    return Statement(
        key=key,
        text=text,
        is_correct=False,
        error=StatementError(code=mistake.code, start=start, end=end, wrong=wrong, correction=correction),
        explanation=explain_wrong(
            mistake.code, draft.candidate.clause, Contrast(right.group, mistake.group, wrong, correction)
        ),
    )


def _tags(candidate: Candidate, statements: tuple[Statement, ...]) -> tuple[str, ...]:
    codes = sorted({statement.error.code for statement in statements if statement.error})
    kind = ("reflexive",) if candidate.frame.verb.pronominal else ()
    return (candidate.tense, *kind, *codes)
