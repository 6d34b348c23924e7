"""Draw: an entity of the pool is served, the one that has waited for it longest."""

from lqs.domain.errors import ServiceUnavailable
from lqs.storage import pool
from lqs.storage.database import Database
from lqs.storage.entities import EntityView
from lqs.storage.pool import Wanted


async def draw(database: Database, wanted: Wanted) -> EntityView | None:
    """The least recently served entity that matches, now marked as served; None if none matches.

    Never-served ones come first. Two at once never draw the same one while another is free. Raises
    `ServiceUnavailable` when more draw from few entities than these can be handed to.
    """
    async with database.acquire() as connection:
        if drawn := await pool.draw(connection, wanted):
            return drawn
    # Either nothing matches, or others are drawing all that does: then this one waits in the line for the first.
    async with database.transaction() as connection:
        if not await pool.hold_next(connection, wanted):
            return None
        if drawn := await pool.draw(connection, wanted):
            return drawn
    raise ServiceUnavailable("Too many draw from too few at once; try again in a moment.")
