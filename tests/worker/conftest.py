"""A database that a worker of this process has to itself."""

import pytest

from house import House
from lqs.storage.database import Database


@pytest.fixture
async def home(database: Database, database_url: str) -> House:
    """The steps of the lifecycle on a database that may be moved, closed and made read-only."""
    return await House.furnish(database, database_url)
