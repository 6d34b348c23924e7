"""The mistakes learners make: each operator turns a right statement into wrong ones.

Operators only propose. Whether a proposal is surely wrong is for the prover to say.
"""

import random
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode, Proof
from lqs.generators.french.proof.prover import prove
from lqs.generators.problem.drafts import Right
from lqs.generators.problem.operators import pronouns, spelling, verbs

OPERATORS = MappingProxyType({**verbs.OPERATORS, **pronouns.OPERATORS, **spelling.OPERATORS})
LUCK, ANY_ORDER = 1.8, 1000.0
"""How much likelier a mistake must be to come first: see `mistakes`."""
_FAIR_LENGTH, _FAIR_RATIO = 5, 1.25


class Mistake(NamedTuple):
    """A wrong statement, and the proof that it is one."""

    text: str
    code: ErrorCode
    proof: Proof


def mistakes(right: Right, code: ErrorCode, rng: random.Random, luck: float = LUCK) -> Iterator[Mistake]:
    """The wrong statements of one kind that the operators propose and the prover proves, each once.

    They come in about the order in which learners make them: luck carries one past so many likelier ones at most. None
    stands out by its length.
    """
    proposed = list(OPERATORS[code](*right))
    if not proposed:
        return
    text = right.text
    seen = {text}
    likely = [place + luck * rng.random() for place in range(len(proposed))]
    for place in sorted(range(len(proposed)), key=likely.__getitem__):
        proposal = proposed[place]
        wrong = proposal if isinstance(proposal, str) else right.parts.changed(proposal).text
        if wrong in seen or not are_alike_in_length(len(text), len(wrong)):
            continue
        seen.add(wrong)
        proof = prove(text, wrong)
        if proof is not None and proof.code == code:
            yield Mistake(wrong, code, proof)


def are_alike_in_length(one: int, other: int) -> bool:
    """Whether neither of two statements of these lengths stands out."""
    shorter, longer = (one, other) if one < other else (other, one)
    return longer - shorter <= _FAIR_LENGTH or longer <= _FAIR_RATIO * shorter
