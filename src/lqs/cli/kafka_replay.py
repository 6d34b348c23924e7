"""Tells of unreadable messages, sends them again, and keeps account of what was sent and what was left."""

import asyncio
import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lqs.cli.plain import moment
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.dead_letters import Place, UnreadMessage, UnreadMessages
from lqs.dispatch.kafka.outgoing import Sender
from lqs.observability.telemetry import Telemetry

_WORTH_SHOWING_BYTES = 64 * 1024


@dataclass
class Outcome:
    """What became of the messages, by their ids; `left` are those that were not sent, with the reason."""

    replayed: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)


def id_of(place: Place) -> str:
    """How people name a message: partition and offset."""
    return f"{place[0]}:{place[1]}"


def listed(messages: Sequence[UnreadMessage]) -> list[dict[str, object]]:
    """Messages as JSON objects; a value of more than 64 KiB is told by its size alone."""
    return [
        {
            "id": id_of(one.place),
            "kept_at": moment(one.kept_at),
            "from": ":".join(map(str, one.source)) if one.source else "-",
            "reason": one.reason,
            "worker": one.worker,
            "bytes": len(one.value or b"") if one.cut_bytes is None else one.cut_bytes,
            "key_base64": _text(one.key),
            "value_base64": _text(one.value) if len(one.value or b"") <= _WORTH_SHOWING_BYTES else None,
            "headers": [[name, _text(value)] for name, value in one.headers],
        }
        for one in messages
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def replay_some(access: Access, places: Sequence[Place], dry_run: bool) -> Outcome:
    """Send those at these places again. Raises `KafkaTrouble`."""
    unread = UnreadMessages(access)
    found = unread.at(places)
    outcome = asyncio.run(_replay(access, unread, [found], dry_run))
    there = {message.place for message in found}
    outcome.left += [(id_of(place), "there is no such message") for place in places if place not in there]
    return outcome


def replay_all(access: Access, dry_run: bool) -> Outcome:
    """Send all that are there now again. Raises `KafkaTrouble`."""
    unread = UnreadMessages(access)
    return asyncio.run(_replay(access, unread, unread.all(), dry_run))


async def _replay(
    access: Access, unread: UnreadMessages, found: Iterable[Sequence[UnreadMessage]], dry_run: bool
) -> Outcome:
    outcome = Outcome()
    sender = Sender(access, Telemetry())
    try:
        for some in found:
            fit = []
            for message in some:
                reason = unread.replayable(message)
                if reason is None:
                    fit.append(message)
                else:
                    outcome.left.append((id_of(message.place), reason))
            if dry_run:
                outcome.replayed += [id_of(message.place) for message in fit]
            elif fit:
                await _send(sender, fit, outcome)
    finally:
        await sender.close()
    return outcome


async def _send(sender: Sender, messages: Sequence[UnreadMessage], outcome: Outcome) -> None:
    sent = await sender.send([message.again() for message in messages])
    for place, message in enumerate(messages):
        if place in sent.unsent:
            outcome.left.append((id_of(message.place), sent.reason or "it did not arrive"))
        else:
            outcome.replayed.append(id_of(message.place))
