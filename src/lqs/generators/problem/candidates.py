"""Which problems can be made: a verb's use, a tense and a subject, and the errors that can be proven there."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import (
    TENSES,
    WRONG_STATEMENTS,
    ErrorCode,
    Person,
    ProblemConstraints,
    Tense,
)
from lqs.generators.french import conjugation
from lqs.generators.french.contrast import Clause, accepted_participles, auxiliary_of, judge, persons_of
from lqs.generators.french.errors import OPERATORS
from lqs.generators.french.frames import FRAMES, Frame
from lqs.generators.french.sentence import VerbGroup, direct_object
from lqs.generators.french.subjects import SUBJECTS, Subject
from lqs.generators.french.verbs import Verb
from lqs.generators.problem.naming import known_verb


class Mistake(NamedTuple):
    """A wrong verb group and the kind of error that it was proven to be.

    It is `near` when the right form and the wrong one share a feature (person, gender or number): the better option.
    """

    code: ErrorCode
    group: VerbGroup
    near: bool


class Candidate(NamedTuple):
    """What a problem can be about; its time expression and the participle's agreement are still open."""

    frame: Frame
    tense: Tense
    subject: Subject

    @property
    def clause(self) -> Clause:
        """What the rules of contrast need to know."""
        verb = self.frame.verb
        return Clause(verb, self.tense, self.subject, direct_object(verb, self.frame.complement))


class Wanted(NamedTuple):
    """The constraints in a form that can be looked up; an empty set leaves the choice open."""

    verbs: frozenset[Verb]
    tenses: frozenset[Tense]
    persons: frozenset[Person]
    codes: frozenset[ErrorCode]

    def admits(self, candidate: Candidate) -> bool:
        """Whether verb, tense and person are as asked for; errors are another matter."""
        return (
            (not self.verbs or candidate.frame.verb in self.verbs)
            and (not self.tenses or candidate.tense in self.tenses)
            and (not self.persons or candidate.subject.person in self.persons)
        )


def wanted(constraints: ProblemConstraints) -> Wanted:
    """The constraints with their verbs looked up; verbs that are not known are left out."""
    verbs = (known_verb(name) for name in constraints.verbs or ())
    return Wanted(
        frozenset(verb for verb in verbs if verb),
        frozenset(constraints.tenses or ()),
        frozenset(constraints.persons or ()),
        frozenset(constraints.error_codes or ()),
    )


def right_group(clause: Clause, agreement: str) -> VerbGroup:
    """The right verb group. `agreement` is the subject's (ms, fs, mp, fp), shown where the participle agrees."""
    verb, tense, subject, _ = clause
    clitic = conjugation.reflexive(verb, subject.person)
    if tense == "present":
        return VerbGroup(clitic, conjugation.present(verb, subject.person), "")
    participle = conjugation.participle(verb, agreement)
    if participle not in accepted_participles(clause):
        participle = conjugation.participle(verb, "ms")
    return VerbGroup(clitic, conjugation.auxiliary(auxiliary_of(clause), subject.person), participle)


@lru_cache(maxsize=16384)
def mistakes(clause: Clause, agreement: str) -> tuple[Mistake, ...]:
    """Every wrong verb group that the operators propose and contrast proves, each once."""
    right = right_group(clause, agreement)
    found: dict[VerbGroup, Mistake] = {}
    for code, operator in OPERATORS.items():
        for group in operator(clause.verb, clause.subject.person, right):
            proof = judge(clause, right, group)
            if proof and proof.code == code:
                found.setdefault(group, Mistake(code, group, _is_near(clause, right, group)))
    return tuple(found.values())


def _is_near(clause: Clause, right: VerbGroup, wrong: VerbGroup) -> bool:
    if wrong.finite == right.finite and wrong.participle != right.participle:
        forms = conjugation.PARTICIPLES[clause.verb].items()
        ours = [agreement for agreement, form in forms if form == right.participle]
        return any(form == wrong.participle and _share(agreement, *ours) for agreement, form in forms)
    return _share(clause.subject.person, *persons_of(clause).get(wrong.finite, ()))


def _share(features: str, *others: str) -> bool:
    return any(mine == theirs for other in others for mine, theirs in zip(features, other, strict=True))


def mistakes_within(candidate: Candidate, agreement: str, codes: frozenset[ErrorCode]) -> tuple[Mistake, ...]:
    """The provable mistakes of the wanted codes; all of them if no code is wanted."""
    found = mistakes(candidate.clause, agreement)
    return tuple(mistake for mistake in found if mistake.code in codes) if codes else found


CANDIDATES = tuple(
    Candidate(frame, tense, subject)
    for frame in FRAMES
    for tense in TENSES
    if frame.times[tense]
    for subject in SUBJECTS.values()
)
"""Everything a problem can be about."""


@lru_cache(maxsize=64)
def admitted(want: Wanted) -> tuple[Candidate, ...]:
    """The candidates whose verb, tense and person are as asked for."""
    return tuple(candidate for candidate in CANDIDATES if want.admits(candidate))


def is_feasible(candidate: Candidate, codes: frozenset[ErrorCode]) -> bool:
    """Whether enough wrong statements can be proven, whichever agreement the subject is written with."""
    return all(
        len(mistakes_within(candidate, agreement, codes)) >= WRONG_STATEMENTS
        for agreement in candidate.subject.agreements
    )


@lru_cache(maxsize=64)
def feasible(want: Wanted) -> tuple[Candidate, ...]:
    """Every candidate that makes a whole problem within the constraints."""
    return tuple(candidate for candidate in admitted(want) if is_feasible(candidate, want.codes))


@lru_cache(maxsize=64)
def pools(want: Wanted) -> Mapping[Verb, tuple[tuple[Candidate, ...], ...]]:
    """The feasible candidates by verb, and for each verb by tense and person."""
    sorted_out: dict[Verb, dict[tuple[Tense, Person], list[Candidate]]] = {}
    for candidate in feasible(want):
        by_form = sorted_out.setdefault(candidate.frame.verb, {})
        by_form.setdefault((candidate.tense, candidate.subject.person), []).append(candidate)
    return MappingProxyType(
        {verb: tuple(tuple(pool) for pool in by_form.values()) for verb, by_form in sorted_out.items()}
    )
