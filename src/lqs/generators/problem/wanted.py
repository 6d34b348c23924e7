"""What a caller wants, in a form that can be looked up, and the kinds of sentences that honour it."""

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import (
    ErrorCode,
    Focus,
    Level,
    ObjectForm,
    Person,
    ProblemConstraints,
    Tense,
    Topic,
)
from lqs.generators.french.frames import Verb
from lqs.generators.problem.cells import Cell
from lqs.generators.problem.naming import known_verb
from lqs.generators.problem.offered import cells


class Wanted(NamedTuple):
    """The constraints in a form that can be looked up; an empty set or None leaves the choice open."""

    focus: frozenset[Focus]
    verbs: frozenset[Verb]
    tenses: frozenset[Tense]
    persons: frozenset[Person]
    negation: bool | None
    direct_object: ObjectForm | None
    indirect_object: ObjectForm | None
    codes: frozenset[ErrorCode]
    wrong: int
    cefr: frozenset[Level]
    topics: frozenset[Topic]

    def admits(self, cell: Cell) -> bool:
        """Whether everything but person and errors is as asked for."""
        frame = cell.frame
        return (
            (not self.focus or cell.focus in self.focus)
            and (not self.verbs or frame.verb in self.verbs)
            and (not self.tenses or cell.tense in self.tenses)
            and (self.negation is None or (cell.negation is not None) == self.negation)
            and (self.direct_object is None or cell.direct_object == self.direct_object)
            and (self.indirect_object is None or cell.indirect_object == self.indirect_object)
            and (not self.codes or not self.codes.isdisjoint(cell.codes))
            and (not self.cefr or cell.level in self.cefr)
            and (not self.topics or frame.topic in self.topics)
        )


def wanted(constraints: ProblemConstraints) -> Wanted:
    """The constraints with their verbs looked up; verbs that are not known are left out."""
    verbs = (known_verb(name) for name in constraints.verbs or ())
    return Wanted(
        frozenset(constraints.focus or ()),
        frozenset(verb for verb in verbs if verb),
        frozenset(constraints.tenses or ()),
        frozenset(constraints.persons or ()),
        constraints.negation,
        constraints.direct_object,
        constraints.indirect_object,
        frozenset(constraints.error_codes or ()),
        (constraints.statement_count or 4) - 1,
        frozenset(constraints.cefr or ()),
        frozenset(constraints.topics or ()),
    )


@lru_cache(maxsize=16)
def admitted(want: Wanted) -> MappingProxyType[Verb, tuple[Cell, ...]]:
    """The cells that the constraints admit, by verb."""
    found: dict[Verb, list[Cell]] = {}
    for cell in cells():
        if want.admits(cell):
            found.setdefault(cell.frame.verb, []).append(cell)
    return MappingProxyType({verb: tuple(some) for verb, some in found.items()})
