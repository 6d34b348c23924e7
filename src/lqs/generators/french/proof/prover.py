"""The judge: whether a statement is surely wrong beside the right one, by which rule, and as what kind of error."""

from functools import lru_cache

from lqs.domain.entities.problem import Proof
from lqs.generators.french.proof import nominal, pronouns, verbs
from lqs.generators.french.proof.contrast import contrast

RULES = (*verbs.RULES, *pronouns.RULES, *nominal.RULES)


@lru_cache(maxsize=4096)
def prove(right: str, wrong: str) -> Proof | None:
    """The proof that `wrong` is an error where `right` is not; None when there is none.

    The two must differ in one place, in spelling that readers see: only words and their order count.
    """
    found = contrast(right, wrong)
    if found is None or right[-1:] != wrong[-1:]:
        return None
    for rule in RULES:
        proof = rule(found)
        if proof is not None:
            return proof
    return None
