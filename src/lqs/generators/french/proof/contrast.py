"""Proof by contrast: a wrong statement beside the right one, and the rule that makes the difference an error.

Nothing here knows how a statement came about. A false proof is worse than a missed one: a difference that no rule
proves wrong, or that some reading of the sentence allows, is not proven. Rules as in Grevisse, "Le bon usage".
"""

from functools import cache, lru_cache
from operator import attrgetter
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode, Proof
from lqs.generators.french.orthography import shared_ends
from lqs.generators.french.proof.reading import Tokens
from lqs.generators.french.proof.words import Token, tokens

_plain, _form = attrgetter("plain"), attrgetter("form")


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
    ours, theirs = tokens(right), tokens(wrong)
    if right == wrong:
        return None
    left, other = list(map(_plain, ours)), list(map(_plain, theirs))
    if left == other:
        left, other = list(map(_form, ours)), list(map(_form, theirs))
    return _span(ours, theirs, left, other)


def _span(ours: Tokens, theirs: Tokens, left: list[str], other: list[str]) -> Contrast:
    head, tail = shared_ends(left, other)
    old, new = ours[head : len(left) - tail], theirs[head : len(other) - tail]
    pair = (old[0], new[0]) if len(old) == len(new) == 1 else None
    return Contrast(ours, theirs, head, len(left) - tail, len(other) - tail, old, new, pair)
