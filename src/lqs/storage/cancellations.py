"""Cancellations in PostgreSQL: who asked for what, and what is not settled though it should be by now."""

from collections.abc import Sequence
from uuid import UUID

from lqs.domain.generation_request import CancelMode
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("cancellations")


async def modes(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, CancelMode]:
    """How those of these generation requests are being cancelled for which somebody asked for it."""
    return {row["id"]: CancelMode(row["cancel_mode"]) for row in await SQL["modes"].fetch(connection, ids=ids)}


async def intend(
    connection: Connection, ids: Sequence[UUID], *, mode: CancelMode, reason: str | None, grace_seconds: float
) -> None:
    """Write down that these generation requests are to be cancelled, and by when; the caller holds the locks.

    A graceful cancellation gives what is in flight the time of one attempt and `grace_seconds` more.
    """
    await SQL["intend"].execute(connection, ids=ids, mode=mode, reason=reason, grace_seconds=grace_seconds)


async def past_settling(
    connection: Connection, *, batch: int, ahead_seconds: float = 0, among: Sequence[UUID] | None = None
) -> list[UUID]:
    """Generation requests (of these, or of all) whose cancellation has to have taken effect in `ahead_seconds`, the
    oldest first.
    """
    rows = await SQL["past_settling"].fetch(connection, batch=batch, ahead_seconds=ahead_seconds, among=among)
    return [row["id"] for row in rows]
