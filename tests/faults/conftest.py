"""A database that real processes have to themselves."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from house import House
from lqs.storage.database import Database
from processes import Processes


@pytest.fixture
async def home(database: Database, database_url: str) -> House:
    """The steps of the lifecycle on a database that the processes have to themselves."""
    return await House.furnish(database, database_url)


@pytest.fixture
def processes(home: House, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(home.url, tmp_path)
    yield processes
    processes.clear()


Count = Callable[..., Awaitable[int]]


@pytest.fixture
def count(home: House) -> Count:
    """How many rows of a table fulfil a condition."""

    async def ask(table: str, condition: str = "true", *arguments: object) -> int:
        [row] = await home.rows(f"SELECT count(*)::int AS n FROM {table} WHERE {condition}", *arguments)
        return int(row["n"])

    return ask
