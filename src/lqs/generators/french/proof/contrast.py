"""Proof by contrast: a wrong statement beside the right one, and the rule that makes the difference an error.

Nothing here knows how a statement came about. A false proof is worse than a missed one: a difference that no rule
proves wrong, or that some reading of the sentence allows, is not proven. Rules as in Grevisse, "Le bon usage".
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode, Proof
from lqs.generators.french.orthography import shared_ends
from lqs.generators.french.proof.reading import Tokens
from lqs.generators.french.proof.words import Token, tokens


class Contrast(NamedTuple):
    """Two statements and where they differ: `right[start:right_end]` against `wrong[start:wrong_end]`.

    `old` and `new` are those words; `pair` has them where exactly one differs.
    """

    right: Tokens
    wrong: Tokens
    start: int
    right_end: int
    wrong_end: int
    old: Tokens
    new: Tokens
    pair: tuple[Token, Token] | None


@cache
def proven(method: str, code: ErrorCode) -> Proof:
    """A proof, with the rule that gave it."""
    return Proof(method=method, code=code)


@lru_cache(maxsize=64)
def contrast(right: str, wrong: str) -> Contrast | None:
    """The difference of two statements in whole words; None if there is none.

    Words that differ only by elision before a changed word belong to the difference of that word alone: « j’arrive,
    je *rrive ». So both are compared without elision first.
    """
    if right == wrong:
        return None
    ours, theirs = tokens(right), tokens(wrong)
    shorter = min(len(ours), len(theirs))
    head = _shared(ours, theirs)
    tail = min(_shared(reversed(ours), reversed(theirs)), shorter - head)
    if head == len(ours) == len(theirs):
        head, tail = shared_ends([token.form for token in ours], [token.form for token in theirs])
    right_end, wrong_end = len(ours) - tail, len(theirs) - tail
    old, new = ours[head:right_end], theirs[head:wrong_end]
    pair = (old[0], new[0]) if len(old) == len(new) == 1 else None
    return Contrast(ours, theirs, head, right_end, wrong_end, old, new, pair)


def _shared(ours: Iterable[Token], theirs: Iterable[Token]) -> int:
    """How many words two statements share, elided or not, before the first that differs."""
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one is not other and one.plain != other.plain:
            break
        count += 1
    return count
