"""The offline generator: French problems from the embedded grammar, in microseconds, without network or key."""

import random
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from lqs.domain.entities.problem import (
    KEYS,
    MAX_SEED,
    Key,
    Problem,
    ProblemConstraints,
    fingerprint,
)
from lqs.domain.entity_type import Generated, GenerationOrder, Usage
from lqs.generators.french.orthography import NO_BREAK_SPACE, changed_span
from lqs.generators.problem.cells import PRONOUN_SHAPES
from lqs.generators.problem.explanations import explain_right, explain_wrong
from lqs.generators.problem.mistakes import Mistake
from lqs.generators.problem.reasons.wording import TENSE_NAMES, Difference
from lqs.generators.problem.selection import Plan, plan
from lqs.generators.problem.translations import translation
from lqs.generators.problem.wanted import Wanted, admitted, wanted

Fields = Mapping[str, object]
"""The fields of a model, which is made and validated with the whole problem, at once."""


class OfflineProblemGenerator:
    """Problems drawn from the embedded grammar; the same seed and slot give the same problem.

    Without a seed in the constraints it comes from the request's id, and is written into the problem's provenance.
    """

    def __init__(self) -> None:
        admitted(wanted(ProblemConstraints()))  # reads frames and lexicon, which no call should wait for

    async def generate(self, order: GenerationOrder) -> Generated:
        """Make one problem. The constraints must have passed `check_constraints`."""
        constraints = cast(ProblemConstraints, order.constraints)
        seed = constraints.seed if constraints.seed is not None else order.request_id.int & MAX_SEED
        tags = tuple(constraints.tags or ())
        return Generated(compose(wanted(constraints), seed, order.slot_index, tags), Usage())


def compose(want: Wanted, seed: int, slot_index: int, tags: tuple[str, ...] = ()) -> Problem:
    """The problem of one slot; which slots of a seed can be equal is told in `selection`."""
    found = plan(want, seed, slot_index)
    draft = found.right.draft
    cell = draft.cell
    verb = cell.frame.verb
    target = {
        "lemma": verb.name,
        "pronominal": verb.pronominal,
        "tense": cell.tense,
        "person": draft.person,
        "subject": draft.subject.text,
        "negation": cell.negation,
        "direct_object": cell.direct_object,
        "indirect_object": cell.indirect_object,
    }
    correct_index = key_position(seed, slot_index, want.wrong + 1)
    return Problem.model_validate(
        {
            "focus": cell.focus,
            "cefr": cell.level,
            "tags": _tags(found, tags),
            "instructions": (
                f"Choisissez la phrase correcte. Verbe{NO_BREAK_SPACE}: «{NO_BREAK_SPACE}{verb.name}{NO_BREAK_SPACE}», "
                f"{_in_tense(TENSE_NAMES[cell.tense])}."
            ),
            "target": target,
            "statements": _statements(found, correct_index),
            "correct_index": correct_index,
            "fingerprint": fingerprint(
                verb.name, cell.tense, [found.right.text], [mistake.text for mistake in found.wrong]
            ),
            "provenance": {"generator": "offline", "seed": seed, "slot_index": slot_index},
        }
    )


def _in_tense(name: str) -> str:
    return f"à l’{name}" if name[0] in "aeiou" else f"au {name}"


def _statements(found: Plan, correct_index: int) -> tuple[Fields, ...]:
    wrong = iter(found.wrong)
    return tuple(
        _right_statement(key, found) if index == correct_index else _wrong_statement(key, found, next(wrong))
        for index, key in enumerate(KEYS[: len(found.wrong) + 1])
    )


def key_position(seed: int, slot_index: int, count: int) -> int:
    """Where the right statement stands: every `count` slots of a seed see each place once."""
    turn, place = divmod(slot_index, count)
    return _key_order(seed, turn, count)[place]


@lru_cache(maxsize=64)
def _key_order(seed: int, turn: int, count: int) -> list[int]:
    return random.Random(f"key:{seed}:{turn}").sample(range(count), count)


def _right_statement(key: Key, found: Plan) -> Fields:
    return {
        "key": key,
        "text": found.right.text,
        "is_correct": True,
        "translation": translation(found.right.draft),
        "explanation": explain_right(found.right),
    }


def _wrong_statement(key: Key, found: Plan, mistake: Mistake) -> Fields:
    start, end, correction = changed_span(mistake.text, found.right.text)
    wrong = mistake.text[start:end]
    return {
        "key": key,
        "text": mistake.text,
        "is_correct": False,
        "error": {"code": mistake.code, "start": start, "end": end, "wrong": wrong, "correction": correction},
        "explanation": explain_wrong(mistake.code, Difference(found.right, mistake.text, wrong, correction)),
        "proof": mistake.proof,
    }


def _tags(found: Plan, own: tuple[str, ...]) -> tuple[str, ...]:
    cell = found.right.draft.cell
    codes = sorted({mistake.code for mistake in found.wrong})
    kinds = [
        word
        for word, holds in (
            ("reflexive", cell.frame.verb.pronominal),
            ("negation", cell.negation is not None),
            ("object_pronoun", cell.shape in PRONOUN_SHAPES),
        )
        if holds
    ]
    return tuple(dict.fromkeys((cell.frame.topic, cell.tense, *kinds, *codes, *own)))
