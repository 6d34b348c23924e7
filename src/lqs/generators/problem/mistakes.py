"""The mistakes learners make: each operator turns a right statement into wrong ones.

Operators only propose. Whether a proposal is surely wrong is for the prover to say.
"""

import random
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.proof.prover import prove
from lqs.generators.problem.drafts import Right
from lqs.generators.problem.operators import pronouns, spelling, verbs

OPERATORS = MappingProxyType({**verbs.OPERATORS, **pronouns.OPERATORS, **spelling.OPERATORS})
LUCK, ANY_ORDER = 1.8, 1000.0
"""How much likelier a mistake must be to come first: see `mistakes`."""
_FAIR_LENGTH, _FAIR_RATIO = 5, 1.25


class Mistake(NamedTuple):
    """A wrong statement and the kind of error that it was proven to be."""

    code: ErrorCode
    text: str


def mistakes(right: Right, code: ErrorCode, rng: random.Random, luck: float = LUCK) -> Iterator[Mistake]:
    """The wrong statements of one kind that the operators propose and the prover proves, each once.

    They come in about the order in which learners make them: luck carries one past so many likelier ones at most. None
    stands out by its length.
    """
    proposed = list(OPERATORS[code](right.draft, right.parts))
    if not proposed:
        return
    text = right.text
    seen = {text}
    likely = sorted((place + luck * rng.random(), place) for place in range(len(proposed)))
    for _, place in likely:
        proposal = proposed[place]
        wrong = proposal if isinstance(proposal, str) else right.parts._replace(**proposal).text
        if wrong in seen or not are_alike_in_length((text, wrong)):
            continue
        seen.add(wrong)
        proof = prove(text, wrong)
        if proof is not None and proof.code == code:
            yield Mistake(code, wrong)


def are_alike_in_length(texts: Iterable[str]) -> bool:
    """Whether no statement stands out by its length."""
    lengths = [len(text) for text in texts]
    return max(lengths) - min(lengths) <= _FAIR_LENGTH or max(lengths) <= _FAIR_RATIO * min(lengths)
