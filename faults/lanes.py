"""Who does which faults to what: each lane works through a shuffled deck of its own, all of them at the same time."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from faults.kinds import API, CLIENTS, SERVER, TO_DATABASE, WORKER, Kinds, Target
from faults.service import Service
from faults.sweep import needs_peace, points_of, swept
from lqs.crash_points import CrashPoint

SWEPT = "crash_point"
FROZEN = "crash_point_frozen"
_FROZEN_SHARE = 0.3
_MOST_UNANSWERED = 6
_PATIENCE_SECONDS = 20
_TRIES = 4
_SHORT_TIMES = 2
_A_SECOND = 1.5
"""Faults in all lanes together; with many more of them nothing would ever be finished in between."""


class Part(StrEnum):
    """What a short run goes through: every named place, every kind of fault in every lane."""

    PLACES = "places"
    KINDS = "kinds"


@dataclass(frozen=True, slots=True)
class Card:
    """One fault to be done. `point` is the place, for those of the sweep."""

    kind: str
    do: Callable[[Target], Awaitable[bool]]
    point: CrashPoint | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A target, what is done to it, and how long it is left alone in between (seconds, from and to)."""

    target: Target
    kinds: Kinds
    points: Sequence[CrashPoint]
    pause: tuple[float, float]

    def wake(self) -> None:
        """Have the process run, if the sweep left it resting."""
        if self.target.member is not None:
            self.target.member.resting = False

    def deck(self, *, short: bool, passed: Collection[CrashPoint] = ()) -> list[Card]:
        """Every place once and every kind, shuffled; kinds as often as their weight says, or each twice.

        While there are places that were not `passed` yet, those that were come last.
        """
        rng = self.target.rng
        cards = [
            Card(kind, do)
            for kind, (do, weight) in self.kinds.items()
            for _ in range(_SHORT_TIMES if short else _times(weight, rng))
        ]
        for point in self.points:
            freeze = rng.random() < _FROZEN_SHARE
            cards.append(Card(FROZEN if freeze else SWEPT, partial(swept, point=point, freeze=freeze), point))
        rng.shuffle(cards)
        if not set(passed).issuperset(self.points):
            cards.sort(key=lambda card: card.point in passed)
        return cards


@dataclass
class Injected:
    """What was done: each fault that hit something, with its moment on the monotonic clock; what hit nothing."""

    faults: list[tuple[str, float]] = field(default_factory=list)
    points: Counter[CrashPoint] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def note(self, card: Card, hit: bool, at: float) -> None:
        """One card was played."""
        if not hit:
            self.missed[card.point or card.kind] += 1
            return
        self.faults.append((card.kind, at))
        if card.point is not None:
            self.points[card.point] += 1


def lanes(service: Service, seed: str) -> list[Lane]:
    """The lanes of a round: the sweep of each kind of process, the rest of the processes, the server, the clients."""

    def target(name: str, number: int | None = None) -> Target:
        members = {member.name: member for member in service.members}
        return Target(service, random.Random(f"{seed}:{name}"), members[f"{name}-{number}"] if number else None)

    server = {kind: how for kind, how in SERVER.items() if kind != "disk_full" or service.server.disk is not None}
    return [
        Lane(target("worker", 1), TO_DATABASE, points_of("worker")[0::2], (0.1, 0.5)),
        Lane(target("worker", 2), WORKER, points_of("worker")[1::2], (0.1, 0.5)),
        Lane(target("api", 1), {}, points_of("api")[0::2], (0.2, 0.8)),
        Lane(target("api", 2), API, points_of("api")[1::2], (0.2, 0.8)),
        Lane(target("server"), server, (), (0.4, 1.2)),
        Lane(target("clients"), CLIENTS, (), (0.3, 1.0)),
    ]


async def inject_each(
    service: Service, seed: str, injected: Injected, *, parts: Collection[Part], until: float
) -> None:
    """Every place once, with nothing else in the way, then every kind in every lane twice; or one of these parts.

    What hit nothing is tried again, a few times. Nothing begins after `until` on the monotonic clock.
    """
    every = lanes(service, seed)
    decks = {id(lane): lane.deck(short=True) for lane in every}

    async def play(lane: Lane, wanted: Callable[[Card], bool]) -> None:
        for card in filter(wanted, decks[id(lane)]):
            for _ in range(_TRIES):
                if time.monotonic() > until or await _play(lane, card, injected):
                    break
        lane.wake()

    if Part.PLACES in parts:
        await asyncio.gather(*(play(lane, _is_swept_beside_others) for lane in every))
        for lane in every:
            await play(lane, _is_swept_in_peace)
    if Part.KINDS in parts:
        await asyncio.gather(*(play(lane, _is_no_place) for lane in every))


class _Progress:
    """Whether the service has done anything since the last few faults."""

    def __init__(self, done: Callable[[], int], injected: Injected) -> None:
        self._done, self._injected = done, injected
        self._known, self._faults, self._at = 0, 0, time.monotonic()

    def wanting(self) -> bool:
        """Whether there were many faults since somebody last saw something done, but not for too long."""
        now = time.monotonic()
        if self._done() > self._known or now - self._at > _PATIENCE_SECONDS:
            self._known, self._faults, self._at = self._done(), len(self._injected.faults), now
        return len(self._injected.faults) - self._faults >= _MOST_UNANSWERED


def _is_no_place(card: Card) -> bool:
    return card.point is None


def _is_swept_in_peace(card: Card) -> bool:
    return card.point is not None and needs_peace(card.point)


def _is_swept_beside_others(card: Card) -> bool:
    return card.point is not None and not needs_peace(card.point)


async def inject(
    service: Service,
    seed: str,
    injected: Injected,
    *,
    goal: int,
    until: float,
    done: Callable[[], int],
    passed: Collection[CrashPoint] = (),
) -> None:
    """So many faults in all lanes together, or until the monotonic clock says so; not faster than `_A_SECOND`.

    And not many while nothing works: `done` is how many generation requests clients have seen done. Places that were
    `passed` before, or here, are left until the others of their lane have had their turn.
    """
    began = time.monotonic()
    progress = _Progress(done, injected)

    async def play(lane: Lane) -> None:
        for card in _endless(lane, lambda: {*passed, *injected.points}):
            while len(injected.faults) > _A_SECOND * (time.monotonic() - began) or progress.wanting():
                await asyncio.sleep(lane.target.rng.uniform(0.05, 0.3))
            if len(injected.faults) >= goal or time.monotonic() > until:
                return
            await _play(lane, card, injected)

    await asyncio.gather(*map(play, lanes(service, seed)))


async def _play(lane: Lane, card: Card, injected: Injected) -> bool:
    at = time.monotonic()
    if card.point is None:
        lane.wake()
    hit = await card.do(lane.target)
    injected.note(card, hit, at)
    await asyncio.sleep(lane.target.rng.uniform(*lane.pause))
    return hit


def _endless(lane: Lane, passed: Callable[[], Collection[CrashPoint]]) -> Iterator[Card]:
    while True:
        yield from lane.deck(short=False, passed=passed())


def _times(weight: float, rng: random.Random) -> int:
    return int(weight) + (rng.random() < weight % 1)
