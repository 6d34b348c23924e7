"""Which problem each slot of a seed gets.

Focuses and verbs come round in turn, so that the slots of a generation request differ in both as long as they can. No
right sentence comes twice while luck finds another; after that the same sentence comes with other wrong statements.
Everything follows from the constraints, the seed and the number of the slot.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from lqs.domain.entities.problem import ErrorCode, Focus, fold
from lqs.domain.limits import MAX_ENTITIES
from lqs.generators.french.frames import Verb
from lqs.generators.problem.cells import Cell
from lqs.generators.problem.drafts import (
    Draft,
    Right,
    drafts_of,
    markers_of,
    right_statement,
    subjects_of,
    triggers_of,
)
from lqs.generators.problem.mistakes import ANY_ORDER, LUCK, Mistake, are_alike_in_length, mistakes
from lqs.generators.problem.offered import persons_of
from lqs.generators.problem.room import bearing
from lqs.generators.problem.wanted import Wanted

T = TypeVar("T")

_TRIES = 30
_FEW_CELLS = 3000
"""Below so many kinds of sentences, chance alone does not keep two slots apart."""
_LIKE_NEGATIONS = frozenset({"plus", "plut"})
"""The passé simple of plaire: « je ne plus pas » is right, and nothing to teach."""
_GENERAL: frozenset[ErrorCode] = frozenset({"agreement.subject_verb", "form.stem_or_spelling"})
_SPARE_VERBS = 3


class Plan(NamedTuple):
    """Everything chosen about a problem."""

    right: Right
    wrong: tuple[Mistake, ...]

    @property
    def identity(self) -> tuple[str, frozenset[str]]:
        """What makes two problems different for a learner."""
        return self.right.text, frozenset(mistake.text for mistake in self.wrong)


class Infeasible(LookupError):
    """No problem can be made within these constraints; `check_constraints` refuses them beforehand."""


@lru_cache(maxsize=512)
def plan(want: Wanted, seed: int, slot_index: int) -> Plan:
    """What is chosen for one slot. Raises `Infeasible`."""
    turn = _turns(want, seed, max(slot_index + 1, MAX_ENTITIES))[slot_index]
    rng = random.Random(f"{seed}:{slot_index}")
    earlier = range(slot_index) if len(_all_cells(want)) < _FEW_CELLS else turn.earlier
    before = [plan(want, seed, slot) for slot in earlier]
    texts, identities = {p.right.text for p in before}, {p.identity for p in before}
    second: Plan | None = None
    last: Plan | None = None
    for found in _attempts(want, turn, rng):
        if found.right.text not in texts:
            return found
        if found.identity not in identities:
            second = second or found
        last = last or found
    if last and not second:
        more = (complete(want, draft, rng, ANY_ORDER) for draft in _more_drafts(want, rng))
        second = next((found for found in more if found and found.identity not in identities), None)
    chosen = second or last or next(every_plan(want, rng), None)
    if chosen is None:
        raise Infeasible
    return chosen


class _Turn(NamedTuple):
    """The focus and verb of a slot, and the slots before it that have the same verb.

    `spare` are verbs that no slot has, for when the first one gives no whole problem; no two slots have the same.
    """

    focus: Focus
    verb: Verb
    earlier: tuple[int, ...]
    spare: tuple[Verb, ...] = ()


@lru_cache(maxsize=64)
def _turns(want: Wanted, seed: int, count: int) -> tuple[_Turn, ...]:
    by_focus = _by_focus(want)
    if not by_focus:
        raise Infeasible
    rng = random.Random(seed)
    focuses = _shuffled(by_focus, rng)
    order = _shuffled(bearing(want), rng)
    unseen = {focus: filter(verbs.__contains__, order) for focus, verbs in by_focus.items()}
    taken: dict[Verb, list[int]] = {}
    turns: list[_Turn] = []
    for slot in range(count):
        focus = focuses[slot % len(focuses)]
        fresh = next((verb for verb in unseen[focus] if verb not in taken), None)
        verb = fresh or min(filter(by_focus[focus].__contains__, order), key=lambda v: len(taken[v]))
        turns.append(_Turn(focus, verb, tuple(taken.get(verb, ()))))
        taken.setdefault(verb, []).append(slot)
    spare = [verb for verb in order if verb not in taken]
    return tuple([turn._replace(spare=tuple(spare[slot::count])) for slot, turn in enumerate(turns)])


@lru_cache(maxsize=16)
def _by_focus(want: Wanted) -> MappingProxyType[Focus, MappingProxyType[Verb, tuple[Cell, ...]]]:
    found: dict[Focus, dict[Verb, list[Cell]]] = {}
    for verb, some in bearing(want).items():
        for cell in some:
            found.setdefault(cell.focus, {}).setdefault(verb, []).append(cell)
    return MappingProxyType(
        {focus: MappingProxyType({verb: tuple(some) for verb, some in verbs.items()}) for focus, verbs in found.items()}
    )


def _more_drafts(want: Wanted, rng: random.Random) -> Iterator[Draft]:
    found = (_random_draft(want, _all_cells(want), rng) for _ in range(5 * _TRIES))
    return (draft for draft in found if draft)


def _attempts(want: Wanted, turn: _Turn, rng: random.Random) -> Iterator[Plan]:
    """Random plans: of the focus and verb, then of the focus or of the verb alone, then of anything."""
    own = _by_focus(want)[turn.focus]
    pools: tuple[Callable[[], tuple[Cell, ...]], ...] = (
        lambda: own[turn.verb],
        lambda: tuple(
            cell for verb in islice(filter(own.__contains__, turn.spare), _SPARE_VERBS) for cell in own[verb]
        ),
        lambda: bearing(want)[turn.verb],
        lambda: _focus_cells(want, turn.focus),
        lambda: _all_cells(want),
    )
    tried: tuple[Cell, ...] = ()
    for made in pools:
        pool = made()
        if not pool or pool == tried:
            continue
        tried = pool
        for _ in range(_TRIES):
            draft = _random_draft(want, pool, rng)
            found = complete(want, draft, rng) if draft else None
            if found:
                yield found


@lru_cache(maxsize=32)
def _focus_cells(want: Wanted, focus: Focus) -> tuple[Cell, ...]:
    return tuple(cell for some in _by_focus(want)[focus].values() for cell in some)


@lru_cache(maxsize=16)
def _all_cells(want: Wanted) -> tuple[Cell, ...]:
    return tuple(cell for some in bearing(want).values() for cell in some)


def _random_draft(want: Wanted, some: tuple[Cell, ...], rng: random.Random) -> Draft | None:
    cell = _drawn(some, rng)
    persons = [person for person in persons_of(cell) if not want.persons or person in want.persons]
    if not persons:
        return None
    person = _drawn(persons, rng)
    triggers = triggers_of(cell, person)
    if not triggers:
        return None
    subject = _drawn(subjects_of(cell, person), rng)
    marker = _drawn(markers_of(cell), rng)
    moves = bool(marker.french) and not marker.inner and cell.shape != "question"
    trails = marker.recurring and cell.negation is not None
    leading = marker.first or (moves and not trails and rng.random() < 0.5)
    return Draft(cell, subject, _drawn(subject.agreements, rng), marker, leading, _drawn(triggers, rng))


def complete(want: Wanted, draft: Draft, rng: random.Random, luck: float = LUCK) -> Plan | None:
    """The draft with its wrong statements; None if too few can be proven."""
    try:
        right = right_statement(draft)
    except LookupError:
        return None
    if right.parts.finite in _LIKE_NEGATIONS:
        return None
    wrong = choose_mistakes(want, right, rng, luck)
    return Plan(right, wrong) if wrong else None


def every_plan(want: Wanted, rng: random.Random) -> Iterator[Plan]:
    """Every plan within the constraints, one for each draft, until there are no more."""
    for some in bearing(want).values():
        for cell in some:
            yield from _plans_of(want, cell, rng)


def _plans_of(want: Wanted, cell: Cell, rng: random.Random) -> Iterator[Plan]:
    for person in persons_of(cell):
        if not want.persons or person in want.persons:
            for draft in drafts_of(cell, person):
                if found := complete(want, draft, rng):
                    yield found


def choose_mistakes(want: Wanted, right: Right, rng: random.Random, luck: float) -> tuple[Mistake, ...]:
    """As many wrong statements as are wanted, of as many kinds as there are; none if there are too few.

    The kinds that make the focus come before the general ones, and a problem has at least one of them unless the
    caller chose the kinds.
    """
    cell = right.draft.cell
    codes = [code for code in cell.codes if not want.codes or code in want.codes]
    special = [code for code in codes if code not in _GENERAL]
    general = [code for code in codes if code in _GENERAL]
    if cell.focus == "conjugation":
        special, general = codes, []
    chosen = _Chosen(right.text)
    chosen.add([mistakes(right, code, rng, luck) for code in _shuffled(special, rng)], want.wrong)
    if not chosen.mistakes and not want.codes:
        return ()
    repeated = len({mistake.code for mistake in chosen.mistakes}) < len(chosen.mistakes)
    spare: list[Mistake] = []
    if repeated and general and cell.focus != "pronouns":
        spare = chosen.give_back(want.wrong - 1)  # one of another kind is worth more than two alike
    chosen.add([mistakes(right, code, rng, luck) for code in _shuffled(general, rng)], want.wrong)
    chosen.add([iter(spare)], want.wrong)
    return tuple(_shuffled(chosen.mistakes, rng)) if len(chosen.mistakes) == want.wrong else ()


class _Chosen:
    """Wrong statements that differ from each other and from the right one, and of which none stands out by length."""

    def __init__(self, right: str) -> None:
        self.mistakes: list[Mistake] = []
        self._lengths = [len(right)]
        self._folded = [fold(right)]

    def add(self, piles: list[Iterator[Mistake]], count: int) -> None:
        """One from each pile, round after round, until there are so many."""
        while piles and len(self.mistakes) < count:
            for pile in [*piles]:
                if not self._take_from(pile):
                    piles.remove(pile)
                elif len(self.mistakes) == count:
                    return

    def _take_from(self, pile: Iterator[Mistake]) -> bool:
        """Take the first that suits; False where none does."""
        for mistake in pile:
            lengths, folded = [*self._lengths, len(mistake.text)], fold(mistake.text)
            if folded not in self._folded and are_alike_in_length(min(lengths), max(lengths)):
                self.mistakes.append(mistake)
                self._lengths = lengths
                self._folded.append(folded)
                return True
        return False

    def give_back(self, count: int) -> list[Mistake]:
        """Take out what came after so many."""
        last = self.mistakes[count:]
        del self.mistakes[count:], self._lengths[count + 1 :], self._folded[count + 1 :]
        return last


def _drawn(some: Sequence[T], rng: random.Random) -> T:
    """One of some; `choice` would draw as evenly, at ten times the cost."""
    return some[int(rng.random() * len(some))]


def _shuffled(some: Iterable[T], rng: random.Random) -> list[T]:
    found = list(some)
    keys = [rng.random() for _ in found]
    return [found[place] for place in sorted(range(len(found)), key=keys.__getitem__)]
