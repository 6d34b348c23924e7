"""Quotas: how much one owner may have under way, and how much may wait in all, before more is accepted."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.domain.errors import ActiveQuotaExceeded, LqsError, QueueFull
from lqs.storage import quotas
from lqs.storage.database import Connection

_LOOKED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Quotas:
    """The limits; None is no limit. `active` are generation requests of one owner that are not done, `queued` ready
    slots of all owners together.
    """

    active: int | None = None
    queued: int | None = None


class Gate:
    """Decides which new generation requests are let in; whoever was accepted before is not asked again."""

    def __init__(self, quotas: Quotas, clock: Callable[[], float] = time.monotonic) -> None:
        self._quotas = quotas
        self._clock = clock
        self._full_until = 0.0
        self._looked_at = float("-inf")

    async def refused(self, connection: Connection, wanted: Sequence[tuple[UUID, UUID]]) -> dict[UUID, LqsError]:
        """Which of these, by id and owner in the order of their coming, are to be refused, and why.

        The quota of an owner is exact: whoever counts is alone until its commit. The queue is looked at once a second.
        """
        if not wanted or self._quotas == Quotas():
            return {}
        if await self._is_full(connection):
            return {id_: QueueFull() for id_, _ in wanted}
        if self._quotas.active is None:
            return {}
        owner_ids = sorted({owner_id for _, owner_id in wanted})
        await quotas.lock_owners(connection, owner_ids)
        active = await quotas.active(connection, owner_ids)
        refused: dict[UUID, LqsError] = {}
        for id_, owner_id in wanted:
            if active[owner_id] >= self._quotas.active:
                refused[id_] = ActiveQuotaExceeded(self._quotas.active)
            else:
                active[owner_id] += 1
        return refused

    async def _is_full(self, connection: Connection) -> bool:
        if self._quotas.queued is None:
            return False
        now = self._clock()
        if now - self._looked_at >= _LOOKED_SECONDS:
            self._looked_at = now
            full = await quotas.queued(connection, most=self._quotas.queued) >= self._quotas.queued
            self._full_until = now + _LOOKED_SECONDS if full else 0.0
        return now < self._full_until
