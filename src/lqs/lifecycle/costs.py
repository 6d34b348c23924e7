"""What calls cost: of those that ended with some moves, and beside what was reserved for them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from lqs.domain.generation_request import SlotMove, Standing
from lqs.domain.slot import SlotStatus
from lqs.storage.claims import Report


class Spent(NamedTuple):
    """In millionths of a US dollar; `wasted` made no entity, `estimated` is what nobody told."""

    cost: int
    wasted: int
    estimated: int


def spent(standing: Standing, moved: Sequence[SlotMove], reports: Sequence[Report]) -> Spent:
    """What the calls that ended with these moves cost; one whose cost nobody told, what was reserved for it."""
    calls = sum(move.before is SlotStatus.PROCESSING for move in moved)
    known = {report.index: report.usage.cost_microusd for report in reports if report.usage.cost_microusd is not None}
    fruitful = {move.index for move in moved if move.after is SlotStatus.GENERATED}
    silent_failures = calls - len(known) - len(fruitful - known.keys())
    estimated = (calls - len(known)) * standing.call_price_microusd
    return Spent(
        cost=sum(known.values()) + estimated,
        wasted=(
            sum(cost for index, cost in known.items() if index not in fruitful)
            + silent_failures * standing.call_price_microusd
        ),
        estimated=estimated,
    )


def released(standings: Mapping[UUID, Standing], usage: Mapping[UUID, Sequence[Report]]) -> dict[tuple[UUID, int], int]:
    """By how much the calls that ended were dearer than reserved, where it differs; one untold costs all of it."""
    return {
        (request_id, report.index): report.usage.cost_microusd - price
        for request_id, reports in usage.items()
        if (price := standings[request_id].call_price_microusd)
        for report in reports
        if report.usage.cost_microusd not in (None, price)
    }
