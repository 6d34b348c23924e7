"""Afterwards: everything is healed, becomes quiet, and is held against the record and the invariants."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from faults.judging import Fault
from faults.load import Visitor
from faults.record import MARK, Record
from faults.service import Service

QUIET_SECONDS = 45.0
_AT_ONCE = 12
_LOOKS = 5
_WORDS = MappingProxyType(
    {"I1": "lost", "I2": "lost", "I3": "duplicated", "I6": "flipped", "I9": "stuck", "I16": "stuck"}
)
"""The word of the report for a broken invariant; all others are mismatches."""
_TRACEBACK = re.compile(
    r"^Traceback.*\n(?:[ +|].*\n|\n)*(?P<last>.*)\n?(?P<cause>\n(?:The above|During).*)?", re.MULTILINE
)
_CANNOT_START = "lqs.storage.database.DatabaseUnavailable"
"""A process that is started while the server is away ends, and is started again."""
_ALARMS = frozenset({"duty.passed_over"})
"""What the service tells without an error, though it is one."""


async def audit(
    service: Service, record: Record, visitors: Sequence[Visitor], *, quiet_seconds: float
) -> tuple[int, int]:
    """Heal, wait, compare; what must not be goes into the record.

    Returns how many wishes had an unclear fate, and how many of those are there nevertheless.
    """
    await service.heal()
    unclear = [wish for wish in record.wishes if wish.unclear and not wish.acknowledged]
    stored = {row["mark"] for row in await _rows(service)}
    recovered = sum(wish.mark in stored for wish in unclear)
    again = [wish for wish in record.wishes if wish.key and wish.unclear and not wish.erasing]
    await _all(visitors[wish.owner].ask(wish) for wish in again)
    await _until_quiet(service, quiet_seconds)
    await _all(_look(visitors[seen.wish.owner], request_id) for request_id, seen in tuple(record.seen.items()))
    for request_id in record.open():
        record.fault("stuck", f"{request_id} is not done {quiet_seconds:.0f} s after the last fault")
    record.judge_sights()
    record.judge_rows(await _rows(service), service.owners)
    await _verify(service, record)
    record.faults += broken_words(service.folder)
    return len(unclear), recovered


def broken_words(folder: Path) -> Iterator[Fault]:
    """What the processes have said of errors that nobody had thought of."""
    for log in sorted(folder.glob("*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            if line.startswith("{"):
                try:
                    happening = json.loads(line)
                except ValueError:
                    continue  # its process was killed as it wrote
                if happening.get("level") == "error" or happening.get("event") in _ALARMS:
                    last = str(happening.get("exception", happening.get("hint", ""))).strip().rpartition("\n")[2]
                    yield Fault("broke", f"{log.name}: {happening.get('event')}: {last}")
        for said in _TRACEBACK.finditer(text):
            if not said["last"].startswith(_CANNOT_START) and not said["cause"]:
                yield Fault("broke", f"{log.name}: {said['last']}")


async def _all(calls: Any) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(call: Any) -> None:
        async with room:
            await call

    await asyncio.gather(*map(one, calls))


async def _look(visitor: Visitor, request_id: str) -> None:
    for _ in range(_LOOKS):
        if await visitor.look(request_id) is not None:
            return
    visitor.record.fault("broke", f"{request_id} cannot be read {_LOOKS} times, though nothing is wrong any more")


async def _until_quiet(service: Service, seconds: float) -> None:
    until = time.monotonic() + seconds
    unfinished = "SELECT count(*) AS n FROM generation_requests WHERE completed_at IS NULL"
    while time.monotonic() < until:
        [row] = await service.server.ask_patiently(service.database, unfinished)
        if not row["n"]:
            return
        await asyncio.sleep(0.1)


async def _rows(service: Service) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await service.server.ask_patiently(
        service.database,
        "SELECT id::text, owner_id::text, metadata->>$1 AS mark FROM generation_requests",
        MARK,
    )
    return rows


async def _verify(service: Service, record: Record) -> None:
    code, printed, said = await service.lqs("admin", "verify", "--json")
    if code not in (0, 1) or not printed:
        record.fault("broke", f"lqs admin verify ended with {code}: {said}")
        return
    for violation in json.loads(printed)["violations"]:
        kind = _WORDS.get(violation["invariant"], "mismatched")
        record.fault(kind, f"{violation['invariant']}: {violation['request_id']} {violation['sentence']}")
