"""What an operator is: a way in which learners get a right statement wrong."""

from collections.abc import Callable, Iterator
from typing import TypedDict

from lqs.generators.french.clauses import Parts
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


Operator = Callable[[Draft, Parts], Iterator[Change | str]]
"""Proposes wrong statements, as changes or written, for a draft and its right statement in its parts."""
