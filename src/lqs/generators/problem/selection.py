"""Which problem each slot of a seed gets.

Verbs come round in turn. A sentence (use, tense, subject and time) is not taken twice while another is left, wherever
the time would stand. After that a sentence comes back with another participle (né, née) or another set of wrong
statements, and then with its time in the other place. So two slots have equal fingerprints only where the constraints
leave fewer different problems than slots; `se laver` in the passé composé with `nous` and participles alone leaves two.
"""

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, combinations, zip_longest
from math import comb
from typing import NamedTuple

from lqs.domain.entities.problem import WRONG_STATEMENTS, ErrorCode
from lqs.domain.limits import MAX_ENTITIES
from lqs.generators.french.frames import Marker
from lqs.generators.french.sentence import Sentence
from lqs.generators.french.verbs import Verb
from lqs.generators.problem.candidates import Candidate, Mistake, Wanted, mistakes_within, pools, right_group

_TRIES = 12

_ByForm = tuple[tuple[Candidate, ...], ...]


class Draft(NamedTuple):
    """Everything chosen about a problem but its wrong statements."""

    candidate: Candidate
    agreement: str
    marker: Marker
    leading: bool


class _Theme(NamedTuple):
    """A sentence, before its participle and the place of its time are chosen."""

    candidate: Candidate
    marker: Marker


class _Turn(NamedTuple):
    """The theme of one slot, the slot in which it came first, and how often it came before."""

    theme: _Theme
    first: int
    before: int


def plan(want: Wanted, seed: int, slot_index: int) -> tuple[Draft, tuple[Mistake, ...]]:
    """The draft and the wrong statements of one slot."""
    theme, first, before = _turns(want, seed, slot_index + 1)[slot_index]
    rng = random.Random(f"{seed}:{first}")
    candidate, marker = theme
    draft = Draft(candidate, rng.choice(candidate.subject.agreements), marker, rng.random() < 0.5 and _moves(marker))
    if not before:
        return draft, choose_mistakes(mistakes_within(candidate, draft.agreement, want.codes), rng)
    versions = list(_versions(draft, want.codes, rng))
    swapped, version = divmod(before, len(versions))
    agreement, chosen = versions[version]
    shuffled = random.Random(f"{seed}:{slot_index}").sample(chosen, len(chosen))
    leading = draft.leading != (swapped % 2 == 1 and _moves(marker))
    return draft._replace(agreement=agreement, leading=leading), tuple(shuffled)


def _moves(marker: Marker) -> bool:
    """Whether the time can stand before the clause as well as after it."""
    return bool(marker.french) and not marker.inner


def _turns(want: Wanted, seed: int, count: int) -> list[_Turn]:
    """The themes of the first `count` slots of a seed."""
    rng = random.Random(seed)
    by_verb = pools(want)
    verbs = rng.sample(list(by_verb), min(MAX_ENTITIES, len(by_verb)))
    taken: dict[_Theme, list[int]] = {}
    turns: list[_Turn] = []
    for position in range(count):
        start = position % len(verbs)
        round_robin = verbs[start:] + verbs[:start]
        fresh = (_fresh(want, verb, taken, rng) for verb in round_robin)
        theme = next(filter(None, fresh), None) or _again(want, round_robin, taken, rng)
        slots = taken.setdefault(theme, [])
        slots.append(position)
        turns.append(_Turn(theme, slots[0], len(slots) - 1))
    return turns


def _fresh(want: Wanted, verb: Verb, taken: dict[_Theme, list[int]], rng: random.Random) -> _Theme | None:
    """A theme of the verb that was not taken: of a use, tense and person that were not, if luck finds one."""
    by_form: _ByForm = pools(want)[verb]
    uses = {(c.frame, c.tense, c.subject.person) for c, _ in taken}
    for _ in range(_TRIES):
        # First the tense and person, evenly, then the rest.
        candidate = rng.choice(rng.choice(by_form))
        theme = _Theme(candidate, rng.choice(candidate.frame.times[candidate.tense]))
        if (candidate.frame, candidate.tense, candidate.subject.person) not in uses:
            return theme
    left = [theme for theme in _themes(want, verb) if theme not in taken]
    return rng.choice(left) if left else None


def _again(want: Wanted, verbs: list[Verb], taken: dict[_Theme, list[int]], rng: random.Random) -> _Theme:
    """A theme to take once more, where a version of it is left; any of the least taken, where none is."""
    every = [list(_themes(want, verb)) for verb in verbs]
    for themes in every:
        left = [theme for theme in themes if len(taken[theme]) < _capacity(theme, want.codes)]
        if left:
            return _least_taken(left, taken, rng)
    return _least_taken(every[0], taken, rng)


def _least_taken(themes: list[_Theme], taken: dict[_Theme, list[int]], rng: random.Random) -> _Theme:
    least = min(len(taken[theme]) for theme in themes)
    return rng.choice([theme for theme in themes if len(taken[theme]) == least])


@lru_cache(maxsize=256)
def _themes(want: Wanted, verb: Verb) -> tuple[_Theme, ...]:
    return tuple(
        _Theme(candidate, marker)
        for candidate in chain.from_iterable(pools(want)[verb])
        for marker in candidate.frame.times[candidate.tense]
    )


def _agreements(candidate: Candidate, first: str) -> list[str]:
    """The agreements that give different right sentences, beginning with `first`."""
    by_group = {right_group(candidate.clause, a): a for a in reversed((first, *candidate.subject.agreements))}
    return sorted(by_group.values(), key=lambda agreement: agreement != first)


@lru_cache(maxsize=4096)
def _capacity(theme: _Theme, codes: frozenset[ErrorCode]) -> int:
    """How many different problems a theme makes."""
    candidate = theme.candidate
    sets = (
        comb(len(mistakes_within(candidate, agreement, codes)), WRONG_STATEMENTS)
        for agreement in _agreements(candidate, candidate.subject.agreements[0])
    )
    return sum(sets) * (2 if _moves(theme.marker) else 1)


def _versions(
    draft: Draft, codes: frozenset[ErrorCode], rng: random.Random
) -> Iterator[tuple[str, tuple[Mistake, ...]]]:
    """Every pair of agreement and wrong statements, the agreements in turn; the draft as it came first is the first."""
    found = [
        [(agreement, chosen) for chosen in _sets_of_mistakes(mistakes_within(draft.candidate, agreement, codes), rng)]
        for agreement in _agreements(draft.candidate, draft.agreement)
    ]
    return (version for round_ in zip_longest(*found) for version in round_ if version)


def _sets_of_mistakes(available: tuple[Mistake, ...], rng: random.Random) -> list[tuple[Mistake, ...]]:
    """Every set of wrong statements: first a chosen one, then those of most kinds and most near ones first."""
    chosen = choose_mistakes(available, rng)
    others = [some for some in combinations(available, WRONG_STATEMENTS) if set(some) != set(chosen)]
    rng.shuffle(others)
    others.sort(key=lambda some: (-len({m.code for m in some}), -sum(m.near for m in some)))
    return [chosen, *others]


def choose_mistakes(available: tuple[Mistake, ...], rng: random.Random) -> tuple[Mistake, ...]:
    """As many wrong statements as a problem has, of as many kinds as there are, near ones first."""
    by_code: dict[ErrorCode, list[Mistake]] = {}
    for mistake in sorted(rng.sample(available, len(available)), key=lambda mistake: mistake.near):
        by_code.setdefault(mistake.code, []).append(mistake)
    chosen: list[Mistake] = []
    while len(chosen) < WRONG_STATEMENTS:
        for pile in by_code.values():
            if pile and len(chosen) < WRONG_STATEMENTS:
                chosen.append(pile.pop())
    rng.shuffle(chosen)
    return tuple(chosen)


def sentence_of(draft: Draft) -> Sentence:
    """The right sentence."""
    frame, _, subject = draft.candidate
    french = draft.marker.french
    outer = "" if draft.marker.inner else french
    return Sentence(
        lead=outer if draft.leading else "",
        subject=subject,
        group=right_group(draft.candidate.clause, draft.agreement),
        adverb=french if draft.marker.inner else "",
        complement=frame.complement,
        tail="" if draft.leading else outer,
    )
