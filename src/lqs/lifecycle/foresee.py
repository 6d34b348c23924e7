"""Foresee: how far a generation request is and when it may end, as of now."""

import time
from dataclasses import dataclass
from datetime import datetime

from lqs.domain.forecast import NOTHING_KNOWN, Basis, Forecast, Run, Surroundings, forecast
from lqs.domain.limits import WEDGED_GRACE_SECONDS
from lqs.storage import forecasts
from lqs.storage.database import Connection
from lqs.storage.views import GenerationRequestView

_REMEMBERED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A forecast, what it rests on, and when it was made."""

    forecast: Forecast
    basis: Basis
    as_of: datetime


class Foresight:
    """Makes forecasts; how long attempts take is looked up now and then for each entity type, not for each caller."""

    def __init__(self, *, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._known: dict[str, tuple[float, Basis]] = {}

    async def look_ahead(self, connection: Connection, view: GenerationRequestView) -> Foreseen:
        """What can be said of the rest of its run; of one that is done nothing has to be looked up."""
        heard = (view.last_progress_at, view.started_at, view.run_requested_at)
        run = Run(
            status=view.status,
            counts=view.counts,
            ends_by=min(view.deadline_at, view.cancel.settles_by) if view.cancel else view.deadline_at,
            slot_timeout_seconds=view.slot_timeout_seconds,
            since=max(one for one in heard if one is not None),
        )
        if view.completed_at is not None:
            around = Surroundings(view.completed_at, 0)
            return Foreseen(forecast(run, around, NOTHING_KNOWN), NOTHING_KNOWN, around.now)
        around = await forecasts.surroundings(
            connection,
            view.id,
            lease_seconds=self._lease_seconds,
            held_seconds=view.slot_timeout_seconds + WEDGED_GRACE_SECONDS,
        )
        basis = await self._basis(connection, view.entity_type)
        return Foreseen(forecast(run, around, basis), basis, around.now)

    async def _basis(self, connection: Connection, entity_type: str) -> Basis:
        now = time.monotonic()
        until, basis = self._known.get(entity_type, (0.0, None))
        if basis is None or now >= until:
            basis = await forecasts.basis(connection, entity_type)
            self._known[entity_type] = (now + _REMEMBERED_SECONDS, basis)
        return basis
