"""What the clients asked for and what they were told: the only witness that no fault of the service can reach."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from faults.judging import FINAL, Fault, Sight, contradictory, untrue

MARK = "asked"
"""The metadata field by which a stored generation request is known again."""


@dataclass(eq=False)
class Wish:
    """One intended generation request. `ids`: what its acknowledgements called it; there must be one at most.

    `unclear` counts the calls that had no answer, or one that did not say what became of them. `retries`: how many
    further runs were asked for; `erasing`: its purge was asked for, so it may be gone; `erased_at`: it was confirmed.
    """

    mark: str
    owner: int
    key: str | None
    count: int
    terms: Mapping[str, Any] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    unclear: int = 0
    asked_at: float = 0.0
    done_at: float | None = None
    retries: int = 0
    erasing: bool = False
    erased_at: float | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What is sent, the same every time."""
        return {"count": self.count, "metadata": {MARK: self.mark}, **self.terms}

    @property
    def acknowledged(self) -> bool:
        """Whether some answer said that it is accepted."""
        return bool(self.ids)


@dataclass
class Seen:
    """One generation request as clients saw it over time: the sights by version, and the newest they know of."""

    wish: Wish
    sights: dict[int, Sight] = field(default_factory=dict)
    newest: int = 0
    newest_at: float = 0.0
    lost: bool = False


@dataclass
class Record:
    """Every wish, every sight, and everything that must not have been. Times are those of one monotonic clock."""

    wishes: list[Wish] = field(default_factory=list)
    seen: dict[str, Seen] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    answers: int = 0
    done: int = 0

    def wish(self, owner: int, *, key: str | None, count: int, terms: Mapping[str, Any] | None = None) -> Wish:
        """A new intention."""
        made = Wish(f"w{len(self.wishes)}", owner, key, count, terms or {})
        self.wishes.append(made)
        return made

    def fault(self, kind: str, sentence: str) -> None:
        """Note something that must not be."""
        self.faults.append(Fault(kind, sentence))

    def acknowledge(self, wish: Wish, request_id: str) -> None:
        """A 202 named the generation request of this wish."""
        if wish.ids and request_id not in wish.ids:
            self.fault("duplicated", f"{wish.mark} with key {wish.key} was called {wish.ids}, then {request_id}")
        if (other := self.seen.get(request_id)) is not None and other.wish is not wish:
            self.fault("mismatched", f"{request_id} stands for {other.wish.mark} and for {wish.mark}")
        wish.ids.add(request_id)
        self.seen.setdefault(request_id, Seen(wish))

    def saw(self, request_id: str, body: Mapping[str, Any], *, sent_at: float, came_at: float) -> None:
        """An answer showed this generation request; judges it alone and against what was seen before."""
        seen, sight = self.seen[request_id], Sight.of(body)
        if seen.wish.erased_at is not None and sent_at > seen.wish.erased_at:
            self.fault("mismatched", f"{request_id} was purged, and is there again")
        if sight.run > 1 + seen.wish.retries:
            self.fault("duplicated", f"{request_id} is at run {sight.run} after {seen.wish.retries} retries")
        self.faults += [Fault("mismatched", f"{request_id}: {sentence}") for sentence in untrue(body)]
        if (body["requested_count"], body["metadata"]) != (seen.wish.count, seen.wish.body["metadata"]):
            self.fault("mismatched", f"{request_id} is not what was asked for: {body['metadata']}")
        known = seen.sights.setdefault(sight.version, sight)
        if known != sight:
            self.fault("mismatched", f"{request_id} has two faces at version {sight.version}: {known}, {sight}")
        if sent_at > seen.newest_at and sight.version < seen.newest:
            self.fault("mismatched", f"{request_id} went back from version {seen.newest} to {sight.version}")
        if sight.version > seen.newest:
            seen.newest, seen.newest_at = sight.version, came_at
        if sight.status in FINAL and seen.wish.done_at is None:
            seen.wish.done_at = came_at
            self.done += 1

    def missing(self, request_id: str) -> None:
        """An answer said that an acknowledged generation request is not there."""
        self.lost(request_id, "is not there")

    def lost(self, request_id: str, how: str) -> None:
        """An acknowledged generation request is gone; noted once."""
        seen = self.seen[request_id]
        if not seen.lost:
            seen.lost = True
            self.fault("lost", f"{request_id}, acknowledged for {seen.wish.mark}, {how}")

    def judge_sights(self) -> None:
        """Compare, at the end, all that was seen of each generation request."""
        for request_id, seen in self.seen.items():
            self.faults += [
                Fault(fault.kind, f"{request_id}: {fault.sentence}") for fault in contradictory(seen.sights)
            ]

    def judge_rows(self, rows: list[dict[str, Any]], owners: list[str]) -> int:
        """Compare what is stored (id, owner_id, mark) with what was asked; returns how many unclear wishes are there.

        A wish without a key was sent once, and one with a key may be sent often: each has one row at most.
        """
        wishes = {wish.mark: wish for wish in self.wishes}
        found: dict[str, list[str]] = {}
        for row in rows:
            wish = wishes.get(row["mark"])
            if wish is None or row["owner_id"] != owners[wish.owner]:
                self.fault("unexpected", f"{row['id']} of owner {row['owner_id']} is nobody's wish: {row['mark']}")
                continue
            found.setdefault(wish.mark, []).append(row["id"])
        for mark, ids in found.items():
            if len(ids) > 1:
                self.fault("duplicated", f"{mark} is stored as {ids}")
        for wish in self.wishes:
            for request_id in () if wish.erasing else wish.ids.difference(found.get(wish.mark, ())):
                self.lost(request_id, "is not stored")
        return sum(not wishes[mark].acknowledged for mark in found)

    def status(self, wish: Wish) -> str | None:
        """Where an acknowledged wish stood when it was last seen."""
        for request_id in wish.ids:
            seen = self.seen[request_id]
            if seen.newest in seen.sights:
                return seen.sights[seen.newest].status
        return None

    def open(self) -> Iterator[str]:
        """The acknowledged generation requests that are there, and that nobody has seen done."""
        for request_id, seen in self.seen.items():
            last = seen.sights.get(seen.newest)
            if not (seen.lost or seen.wish.erasing) and (last is None or last.status not in FINAL):
                yield request_id
