"""The mistakes learners make: each operator turns a right statement into wrong ones.

Operators only propose. Whether a proposal is surely wrong is for the prover to say.
"""

import random
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.proof.prover import prove
from lqs.generators.problem.drafts import Draft
from lqs.generators.problem.operators import pronouns, spelling, verbs

OPERATORS = MappingProxyType({**verbs.OPERATORS, **pronouns.OPERATORS, **spelling.OPERATORS})
_NEAR = 2


class Mistake(NamedTuple):
    """A wrong statement and the kind of error that it was proven to be."""

    code: ErrorCode
    text: str


def mistakes(draft: Draft, right: Parts, code: ErrorCode, rng: random.Random) -> Iterator[Mistake]:
    """The wrong statements of one kind that the operators propose and the prover proves, each once.

    They come in a random order, but those of nearly the same length as the right statement first: they betray nothing.
    """
    text = right.text
    proposed = dict.fromkeys(wrong if isinstance(wrong, str) else wrong.text for wrong in OPERATORS[code](draft, right))
    proposed.pop(text, None)
    for wrong in sorted(rng.sample(list(proposed), len(proposed)), key=lambda w: abs(len(w) - len(text)) > _NEAR):
        proof = prove(text, wrong)
        if proof is not None and proof.code == code:
            yield Mistake(code, wrong)
