"""The offline generator: French problems from the embedded grammar, in microseconds, without network or key."""

import random
from typing import NamedTuple, cast

from lqs.domain.entities.problem import (
    KEYS,
    MAX_SEED,
    WRONG_STATEMENTS,
    ErrorCode,
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
from lqs.domain.limits import MAX_ENTITIES
from lqs.generators.french.english import translation
from lqs.generators.french.frames import Marker
from lqs.generators.french.levels import level_of
from lqs.generators.french.orthography import NO_BREAK_SPACE, changed_span
from lqs.generators.french.sentence import Sentence
from lqs.generators.problem.candidates import Candidate, Mistake, Wanted, mistakes_within, pools, right_group, wanted
from lqs.generators.problem.explanations import Contrast, explain_right, explain_wrong

_TENSE_NAMES: dict[Tense, str] = {"present": "présent", "passe_compose": "passé composé"}
_TRIES = 40


class Draft(NamedTuple):
    """Everything chosen about a problem but its wrong statements."""

    candidate: Candidate
    agreement: str
    marker: Marker
    leading: bool


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
    """The problem of one slot."""
    draft = drafts(want, seed, slot_index + 1)[slot_index]
    candidate, verb = draft.candidate, draft.candidate.frame.verb
    target = Target(
        lemma=verb.name,
        pronominal=verb.pronominal,
        tense=candidate.tense,
        person=candidate.subject.person,
        subject=candidate.subject.text,
    )
    correct_index = key_position(seed, slot_index)
    rng = random.Random(f"{seed}:{slot_index}")
    mistakes = choose_mistakes(mistakes_within(candidate, draft.agreement, want.codes), rng)
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


def _statements(draft: Draft, mistakes: list[Mistake], correct_index: int) -> tuple[Statement, ...]:
    right = sentence_of(draft)
    wrong = iter(mistakes)
    return tuple(
        _right_statement(key, draft, right)
        if index == correct_index
        else _wrong_statement(key, draft, right, next(wrong))
        for index, key in enumerate(KEYS)
    )


def drafts(want: Wanted, seed: int, count: int) -> list[Draft]:
    """The first `count` drafts of a seed: verbs come round in turn, and no sentence repeats while others are left."""
    by_verb = pools(want)
    rng = random.Random(seed)
    verbs = rng.sample(list(by_verb), min(MAX_ENTITIES, len(by_verb)))
    made: list[Draft] = []
    seen: set[tuple[Candidate, Marker, bool]] = set()
    while len(made) < count:
        by_form = by_verb[verbs[len(made) % len(verbs)]]
        for _ in range(_TRIES):
            draft = _draw(by_form, rng)
            key = (draft.candidate, draft.marker, draft.leading)
            if key not in seen:
                break
        seen.add(key)
        made.append(draft)
    return made


def _draw(by_form: tuple[tuple[Candidate, ...], ...], rng: random.Random) -> Draft:
    """One draft of a verb: first the tense and person, evenly, then the rest."""
    candidate = rng.choice(rng.choice(by_form))
    marker = rng.choice(candidate.frame.times[candidate.tense])
    leading = rng.random() < 0.5 and bool(marker.french) and not marker.inner
    return Draft(candidate, rng.choice(candidate.subject.agreements), marker, leading)


def sentence_of(draft: Draft) -> Sentence:
    """The right sentence."""
    frame, _, subject = draft.candidate
    french = draft.marker.french
    outer = "" if draft.marker.inner else french
    return Sentence(
        lead=outer if draft.leading else "",
        subject=subject,
        group=right_group(draft.candidate.clause, draft.agreement),
        adverb=french if draft.marker.inner else "",
        complement=frame.complement,
        tail="" if draft.leading else outer,
    )


def choose_mistakes(available: tuple[Mistake, ...], rng: random.Random) -> list[Mistake]:
    """As many wrong statements as a problem has, of as many kinds as there are, near ones first."""
    by_code: dict[ErrorCode, list[Mistake]] = {}
    for mistake in sorted(rng.sample(available, len(available)), key=lambda mistake: mistake.near):
        by_code.setdefault(mistake.code, []).append(mistake)
    chosen: list[Mistake] = []
    while len(chosen) < WRONG_STATEMENTS:
        for pile in by_code.values():
            if pile and len(chosen) < WRONG_STATEMENTS:
                chosen.append(pile.pop())
    rng.shuffle(chosen)
    return chosen


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
