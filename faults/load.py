"""Clients of several owners that ask, repeat, follow and pry; all they are told goes into the record.

A new thing that clients do is a function that takes a `Visitor`, and a line in `ACTIONS`; what an answer must look like
is judged in `Visitor.call` and in `faults/judging.py`.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from faults.judging import FINAL
from faults.record import Record, Wish

CALL_SECONDS = 6.0
_FOLLOW_SECONDS = 8.0
_LOOK_SECONDS = 0.12
_BREATH_SECONDS = 0.15
_TERMS: Sequence[Mapping[str, Any]] = (
    {"start_within_seconds": 1},
    {"timeout_seconds": 2},
    {"max_attempts": 1},
    {"priority": "low"},
    {"max_cost_microusd": 150},
)
_UNCLEAR = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when: on the clock of the record."""

    status: int
    body: Any
    sent_at: float
    came_at: float


@dataclass
class Visitor:
    """One client of one owner. `addresses` are those of all API processes; each call goes to one of them."""

    record: Record
    http: httpx.AsyncClient
    addresses: Sequence[str]
    owner: int
    keys: Sequence[str]
    rng: random.Random
    counts: Sequence[int] = (1, 2, 3, 5, 10)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer | None:
        """One call; None when nobody can tell what became of it. An answer that should never be is noted."""
        sent_at = time.monotonic()
        address = self.rng.choice(self.addresses)
        authorization = {"Authorization": f"Bearer {self.keys[self.owner]}"}
        try:
            response = await self.http.request(
                method, address + path, json=body, headers={**authorization, **(headers or {})}
            )
            told = json.loads(response.content) if response.content else None
            answer = Answer(response.status_code, told, sent_at, time.monotonic())
        except (httpx.TransportError, ValueError):
            return None
        self.record.answers += 1
        if answer.status >= 500 and answer.status not in _UNCLEAR:
            self.record.fault("broke", f"{method} {path} was answered with {answer.status}: {answer.body}")
        return None if answer.status >= 500 else answer

    async def ask(self, wish: Wish) -> str | None:
        """Send a wish once; the id of its generation request if it was acknowledged."""
        headers = {"Idempotency-Key": wish.key} if wish.key else {}
        wish.asked_at = wish.asked_at or time.monotonic()
        answer = await self.call("POST", "/problems/generate", body=wish.body, headers=headers)
        if answer is None:
            wish.unclear += 1
            return None
        if answer.status == 410 and wish.erasing:
            return None
        if answer.status != 202:
            self.record.fault("broke", f"{wish.mark} was answered with {answer.status}: {answer.body}")
            return None
        request_id: str = answer.body["request_id"]
        self.record.acknowledge(wish, request_id)
        return request_id

    async def look(self, request_id: str) -> bool | None:
        """Read an own generation request; whether it is seen to be done, None if it was not seen."""
        answer = await self.call("GET", f"/generation-requests/{request_id}")
        if answer is None:
            return None
        if answer.status == 410 and self.record.seen[request_id].wish.erasing:
            return True
        if answer.status == 404:
            self.record.missing(request_id)
            return False
        if answer.status != 200:
            self.record.fault("broke", f"GET {request_id} was answered with {answer.status}: {answer.body}")
            return False
        self.record.saw(request_id, answer.body, sent_at=answer.sent_at, came_at=answer.came_at)
        return bool(answer.body["done"])

    async def cancel(self, request_id: str, mode: str) -> bool:
        """Cancel an own generation request; whether an answer came."""
        path = f"/generation-requests/{request_id}"
        if mode == "delete":
            answer = await self.call("DELETE", path)
        else:
            answer = await self.call("POST", f"{path}/cancel", body={"mode": mode})
        if answer is None:
            return False
        if answer.status == 410 and self.record.seen[request_id].wish.erasing:
            return True
        if answer.status == 404:
            self.record.missing(request_id)
        elif answer.status not in (200, 202):
            self.record.fault("broke", f"cancelling {request_id} was answered with {answer.status}: {answer.body}")
        else:
            self.record.saw(request_id, answer.body, sent_at=answer.sent_at, came_at=answer.came_at)
            if (answer.status == 200) != answer.body["done"] or (mode == "abort" and answer.status != 200):
                self.record.fault("mismatched", f"{mode} of {request_id}: {answer.status}, {answer.body['status']}")
        return True

    async def follow(self, request_id: str, *, seconds: float = _FOLLOW_SECONDS) -> None:
        """Read it again and again until it is done, or too long."""
        until = time.monotonic() + seconds
        while not await self.look(request_id) and not self.leaving.is_set() and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS * self.rng.uniform(0.5, 1.5))

    def own(self) -> list[Wish]:
        """What this owner has wished for so far."""
        return [wish for wish in self.record.wishes[-400:] if wish.owner == self.owner]


async def ask_and_follow(visitor: Visitor) -> None:
    """A new wish with a key, repeated while its fate is unclear, then followed to its end."""
    wish = visitor.record.wish(visitor.owner, key=f"k-{visitor.rng.getrandbits(64):x}", count=_count(visitor))
    for _ in range(3):
        if request_id := await visitor.ask(wish):
            await visitor.follow(request_id)
            return
        await asyncio.sleep(_BREATH_SECONDS)


async def ask_without_key(visitor: Visitor) -> None:
    """A new wish without a key; what becomes of it when the answer is lost, nobody knows."""
    if request_id := await visitor.ask(visitor.record.wish(visitor.owner, key=None, count=_count(visitor))):
        await visitor.follow(request_id)


async def ask_and_leave(visitor: Visitor) -> None:
    """Several wishes at once that nobody waits for."""
    wishes = [
        visitor.record.wish(visitor.owner, key=f"k-{visitor.rng.getrandbits(64):x}", count=_count(visitor))
        for _ in range(3)
    ]
    await asyncio.gather(*map(visitor.ask, wishes))


async def ask_with_terms(visitor: Visitor) -> None:
    """A new wish with a term of its own: some of these run out of time or of attempts."""
    terms = visitor.rng.choice(_TERMS)
    key = f"k-{visitor.rng.getrandbits(64):x}"
    wish = visitor.record.wish(visitor.owner, key=key, count=_count(visitor), terms=terms)
    if request_id := await visitor.ask(wish):
        await visitor.follow(request_id)


async def ask_and_cancel(visitor: Visitor) -> None:
    """A new wish that is soon no longer wanted; cancelled again while nobody can tell what became of that."""
    wish = visitor.record.wish(visitor.owner, key=f"k-{visitor.rng.getrandbits(64):x}", count=_count(visitor))
    if request_id := await visitor.ask(wish):
        await asyncio.sleep(visitor.rng.uniform(0, 0.4))
        mode = visitor.rng.choice(["graceful", "abort", "delete"])
        for _ in range(3):
            if await visitor.cancel(request_id, mode):
                break
        await visitor.follow(request_id)


async def ask_and_cancel_in_bulk(visitor: Visitor) -> None:
    """The same by a bulk operation, which some worker carries out."""
    wish = visitor.record.wish(visitor.owner, key=f"k-{visitor.rng.getrandbits(64):x}", count=10)
    if request_id := await visitor.ask(wish):
        body = {"action": "cancel", "filter": {"metadata": wish.body["metadata"]}}
        headers = {"Idempotency-Key": f"b-{wish.mark}"}
        answer = await visitor.call("POST", "/generation-requests/bulk", body=body, headers=headers)
        if answer is not None and answer.status != 202:
            visitor.record.fault("broke", f"bulk for {wish.mark} was answered with {answer.status}: {answer.body}")
        await visitor.follow(request_id)


async def retry(visitor: Visitor) -> None:
    """A further run of something that did not end well, with a key of its own, repeated while its fate is unclear."""
    wishes = [wish for wish in visitor.own() if visitor.record.status(wish) in ("partial", "failed", "cancelled")]
    if not wishes:
        return
    wish = visitor.rng.choice(wishes)
    request_id = next(iter(wish.ids))
    wish.retries += 1
    headers = {"Idempotency-Key": f"r-{wish.retries}-{wish.mark}"}
    for _ in range(3):
        path = f"/generation-requests/{request_id}/retry"
        answer = await visitor.call("POST", path, body={"slots": "failed_and_cancelled"}, headers=headers)
        if answer is None:
            await asyncio.sleep(_BREATH_SECONDS)
            continue
        if answer.status == 202:
            visitor.record.saw(request_id, answer.body, sent_at=answer.sent_at, came_at=answer.came_at)
            await visitor.follow(request_id)
        elif answer.status != 409 and not (answer.status == 410 and wish.erasing):
            visitor.record.fault("broke", f"retry of {wish.mark} was answered with {answer.status}: {answer.body}")
        return


async def purge(visitor: Visitor) -> None:
    """The record of something done is erased; its entities stay."""
    wishes = [wish for wish in visitor.own() if visitor.record.status(wish) in FINAL and not wish.erasing]
    if not wishes:
        return
    wish = visitor.rng.choice(wishes)
    request_id = next(iter(wish.ids))
    wish.erasing = True
    answer = await visitor.call("DELETE", f"/generation-requests/{request_id}?purge=true")
    if answer is None:
        return
    if answer.status == 204:
        wish.erased_at = answer.came_at
        for _, entity, _ in visitor.record.seen[request_id].sights[visitor.record.seen[request_id].newest].slots:
            kept = await visitor.call("GET", f"/problems/{entity}") if entity else None
            if kept is not None and kept.status != 200:
                visitor.record.fault("lost", f"entity {entity} went with the record of {wish.mark}: {kept.status}")
    elif answer.status not in (409, 410):
        visitor.record.fault("broke", f"purge of {wish.mark} was answered with {answer.status}: {answer.body}")


async def repeat(visitor: Visitor) -> None:
    """A wish that was sent before, with the same key, twice at once: it must stay one generation request."""
    if wishes := [wish for wish in visitor.own() if wish.key]:
        wish = visitor.rng.choice(wishes)
        await asyncio.gather(visitor.ask(wish), visitor.ask(wish))


async def reuse_key(visitor: Visitor) -> None:
    """Another body under a key that is taken: refused, and pointed to what the key stands for."""
    if wishes := [wish for wish in visitor.own() if wish.key and wish.acknowledged]:
        wish = visitor.rng.choice(wishes)
        assert wish.key is not None
        other = {**wish.body, "metadata": {"asked": f"not {wish.mark}"}}
        answer = await visitor.call("POST", "/problems/generate", body=other, headers={"Idempotency-Key": wish.key})
        if answer is None:
            return
        if answer.status == 410 and wish.erasing:
            return
        if (answer.status, answer.body.get("existing_request_id")) != (422, next(iter(wish.ids))):
            visitor.record.fault("mismatched", f"key of {wish.mark} with another body: {answer.status} {answer.body}")


async def read_again(visitor: Visitor) -> None:
    """Look at something older: what was final stays."""
    if wishes := [wish for wish in visitor.own() if wish.acknowledged]:
        await visitor.look(next(iter(visitor.rng.choice(wishes).ids)))


async def pry(visitor: Visitor) -> None:
    """Read what belongs to somebody else: it must not be there."""
    foreign = [wish for wish in visitor.record.wishes[-100:] if wish.owner != visitor.owner and wish.acknowledged]
    if not foreign:
        return
    request_id = next(iter(visitor.rng.choice(foreign).ids))
    paths = [f"/generation-requests/{request_id}"]
    if sights := visitor.record.seen[request_id].sights:
        entities = [entity for _, entity, _ in sights[max(sights)].slots if entity]
        paths += [f"/problems/{entities[0]}"] if entities else []
    for path in paths:
        answer = await visitor.call("GET", path)
        if answer is not None and answer.status != 404:
            visitor.record.fault("leaked", f"owner {visitor.owner} read {path} of another: {answer.status}")


def _count(visitor: Visitor) -> int:
    return visitor.rng.choice(visitor.counts)


ACTIONS: Mapping[Callable[[Visitor], Awaitable[None]], int] = {
    ask_and_follow: 10,
    ask_without_key: 2,
    ask_and_leave: 1,
    ask_with_terms: 3,
    ask_and_cancel: 4,
    ask_and_cancel_in_bulk: 4,
    retry: 3,
    purge: 2,
    repeat: 3,
    reuse_key: 1,
    read_again: 2,
    pry: 2,
}
"""What clients do, and how often compared with each other."""


@asynccontextmanager
async def load(visitors: Sequence[Visitor]) -> AsyncIterator[None]:
    """Every visitor does one thing after the other as long as this lasts."""

    async def live(visitor: Visitor) -> None:
        while not visitor.leaving.is_set():
            [action] = visitor.rng.choices(list(ACTIONS), weights=list(ACTIONS.values()))
            await action(visitor)
            await asyncio.sleep(_BREATH_SECONDS * visitor.rng.uniform(0, 2))

    async with asyncio.TaskGroup() as lives:
        for visitor in visitors:
            lives.create_task(live(visitor))
        try:
            yield
        finally:
            for visitor in visitors:
                visitor.leaving.set()
