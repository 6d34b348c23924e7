"""What an operator is: a way in which learners get a right statement wrong."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypedDict

from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import AGREEMENTS
from lqs.generators.problem.drafts import Draft


class Change(TypedDict, total=False):
    """What a wrong statement has in other words than the right one; see `Parts`."""

    subject: str
    ne: str
    clitics: tuple[str, ...]
    finite: str
    glued: tuple[str, ...]
    second: str
    adverb: str
    participle: str
    third: str
    complement: str


@cache
def by_likelihood(right: str) -> tuple[str, ...]:
    """Agreements as learners miss them: no ending at all first, gender and number both wrong last."""
    return tuple(sorted(AGREEMENTS, key=lambda other: (other != "ms", other[0] != right[0] and other[1] != right[1])))


Operator = Callable[[Draft, Parts, str], Iterator[Change | str]]
"""Proposes wrong statements, as changes or written, for a draft and its right statement, in its parts and written."""
