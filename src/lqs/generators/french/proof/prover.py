"""The judge: whether a statement is surely wrong beside the right one, by which rule, and as what kind of error."""

from functools import lru_cache

from lqs.domain.entities.problem import Proof
from lqs.generators.french.proof import compounds, nominal, pronouns, verbs
from lqs.generators.french.proof.contrast import contrast

_OF_ONE_WORD = (*compounds.OF_ONE_WORD, *verbs.OF_ONE_WORD, *pronouns.OF_ONE_WORD, *nominal.OF_ONE_WORD)
_OF_SEVERAL = (*compounds.OF_SEVERAL, *verbs.OF_SEVERAL, *pronouns.OF_SEVERAL, *nominal.OF_SEVERAL)
"""The rules for statements that differ in one word, and for those that differ in more or in a missing one."""


@lru_cache(maxsize=256)
def prove(right: str, wrong: str) -> Proof | None:
    """The proof that `wrong` is an error where `right` is not; None when there is none.

    The two must differ in one place, in spelling that readers see: only words and their order count.
    """
    found = contrast(right, wrong)
    if found is None or right[-1:] != wrong[-1:]:
        return None
    for rule in _OF_ONE_WORD if found.pair else _OF_SEVERAL:
        proof = rule(found)
        if proof is not None:
            return proof
    return None
