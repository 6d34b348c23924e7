"""What an operator is: a way in which learners get a right statement wrong."""

from collections.abc import Callable, Iterator

from lqs.generators.french.clauses import Parts
from lqs.generators.problem.drafts import Draft

Operator = Callable[[Draft, Parts], Iterator[Parts | str]]
"""Proposes wrong statements, in their parts or written, for a draft and its right statement in its parts."""
