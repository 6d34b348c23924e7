"""What all tests share: one throw-away PostgreSQL a test process, one fresh database a test."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from lqs.storage.database import Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.storage.migrate import migrate

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
"""Where Debian and Ubuntu install the oldest server that lqs supports."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not POSTGRES_15.exists():
        terminalreporter.write_line("Not tested: the statements on PostgreSQL 15, which is not installed here.")


@pytest.fixture(scope="session")
def other_server_url() -> str | None:
    """`LQS_TEST_DATABASE_URL`: the server to test on instead of the embedded one; its user may create databases."""
    return os.environ.get("LQS_TEST_DATABASE_URL")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer(other_server_url: str | None) -> None:
    for name in [name for name in os.environ if name.startswith("LQS_")]:
        del os.environ[name]


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A folder that does not exist yet, which root's service account can reach, unlike pytest's own; removed after."""
    folder = Path(tempfile.gettempdir()) / f"lqs-test-{secrets.token_hex(6)}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres_url(other_server_url: str | None) -> AsyncIterator[str]:
    """A database of the server under test, for creating others from: its own server for each xdist worker."""
    if other_server_url is not None:
        yield other_server_url
        return
    folder = Path(tempfile.gettempdir()) / f"lqs-tests-{secrets.token_hex(6)}"
    server = EmbeddedPostgres(folder, durable=False)
    try:
        yield await server.start()
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def creating(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that creates and drops databases."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template(postgres_url: str, creating: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a database with all migrations applied, to be copied."""
    name = f"lqs_template_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name}")
    database = await opened(sibling(postgres_url, name))
    await migrate(database)
    await database.close()
    yield name
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_url(postgres_url: str, creating: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """A fresh database with all migrations applied, dropped after the test even when somebody is connected."""
    name = f"lqs_test_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield sibling(postgres_url, name)
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with all migrations applied, opened."""
    database = await opened(database_url)
    yield database
    await database.close()


async def opened(url: str) -> Database:
    return await Database.open(
        url, application_name="lqs-tests", pool_size=10, statement_timeout_seconds=30, lock_timeout_seconds=5
    )


def sibling(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()
