"""The one place where counts, status, version and events are written: from moves that happened, under the lock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.domain.generation_request import EndReason, Event, EventType, Standing, advance
from lqs.storage import events as event_log
from lqs.storage import generation_requests
from lqs.storage.database import Connection
from lqs.storage.generation_requests import Written
from lqs.storage.slots import Moves, Report


async def book(
    connection: Connection,
    standings: Mapping[UUID, Standing],
    moves: Moves,
    *,
    summary: EventType | None = None,
    end_reason: EndReason = EndReason.ALL_SETTLED,
    reports: Sequence[Report] = (),
) -> list[Standing]:
    """Advance every generation request whose slots moved; returns their new standings.

    `standings` were read under the locks that this transaction still holds. `reports` are the attempts that ended
    in these moves; their usage is added to the totals.
    """
    written: list[Written] = []
    events: list[Event] = []
    usage = _by_request(reports)
    for request_id, moved in moves.items():
        standing, told = advance(standings[request_id], moved, summary=summary, end_reason=end_reason)
        attempts = usage.get(request_id, ())
        written.append(
            Written(
                standing=standing,
                progressed=any(move.after.settled for move in moved),
                input_tokens=sum(report.usage.input_tokens for report in attempts),
                output_tokens=sum(report.usage.output_tokens for report in attempts),
                model_calls=len(attempts),
            )
        )
        events += told
    if written:
        await generation_requests.write(connection, written)
        await event_log.append(connection, events)
    return [w.standing for w in written]


@dataclass(frozen=True, slots=True)
class Booked:
    """What one round of a duty did: how many slots it moved, and the generation requests that ended by it."""

    slots: int = 0
    done: Collection[UUID] = ()


def booked(moves: Moves, standings: Sequence[Standing]) -> Booked:
    """Sum up what a duty booked."""
    return Booked(sum(map(len, moves.values())), [s.id for s in standings if s.status.done])


def _by_request(reports: Sequence[Report]) -> dict[UUID, list[Report]]:
    grouped: dict[UUID, list[Report]] = {}
    for report in reports:
        grouped.setdefault(report.request_id, []).append(report)
    return grouped
