"""What all tests share: one throw-away PostgreSQL a test process, one fresh database a test."""

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

import chromium
import systemd
from broker import jars
from house import House, breaches
from lqs.storage.database import Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.storage.embedded.service_account import ServiceAccount
from lqs.wiring import migrate_all
from running import Service, first_key, running_service
from second_opinion import grammalecte, verbiste

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
"""Where Debian and Ubuntu install the oldest server that lqs supports."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not POSTGRES_15.exists():
        terminalreporter.write_line("Not tested: the SQL on PostgreSQL 15, which is not installed here.")
    if why := jars.why_not():
        terminalreporter.write_line(f"Not tested: what needs a Kafka broker; {why}.")
    if not verbiste.is_installed():
        terminalreporter.write_line("Not tested: the conjugator beside Verbiste, which is not installed here.")
    if not chromium.is_installed():
        terminalreporter.write_line("Not tested: the page at /docs in a browser, which is not installed here.")
    if not systemd.is_installed():
        terminalreporter.write_line("Not tested: the units by systemd itself, which is not installed here.")
    if not grammalecte.is_installed():
        terminalreporter.write_line("Not tested: right statements by Grammalecte, which is not installed here.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "supported_server_url" in metafunc.fixturenames:
        servers = ["embedded_server", *(["postgres_15"] if POSTGRES_15.exists() else [])]
        metafunc.parametrize("supported_server_url", servers, indirect=True)


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


@pytest.fixture
async def own_server(private_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test alone, that it may freeze or kill."""
    server = EmbeddedPostgres(private_folder, durable=False)
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def embedded_server() -> AsyncIterator[str]:
    """The URL of a throw-away server: its own for each xdist worker."""
    folder = Path(tempfile.gettempdir()) / f"lqs-tests-{secrets.token_hex(6)}"
    server = EmbeddedPostgres(folder, durable=False)
    try:
        yield await server.start()
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_15() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL 15 from the packages of the system."""
    folder = Path(tempfile.gettempdir()) / f"lqs-15-{secrets.token_hex(6)}"
    account = ServiceAccount.choose(folder)
    folder.mkdir(mode=0o700)
    account.give(folder)
    try:
        password_file = folder / "password"
        password_file.write_text(password := secrets.token_urlsafe(16), encoding="ascii")
        account.give(password_file)
        run_to_success(
            account, "initdb", f"--pgdata={folder}/data", "--username=lqs", "--auth=scram-sha-256", "--encoding=UTF8",
            "--locale=C", "--no-sync", f"--pwfile={password_file}",
        )  # fmt: skip
        control = ("pg_ctl", f"--pgdata={folder}/data", f"--log={folder}/log", "--wait")
        run_to_success(account, *control, "start", "-o", f"-c listen_addresses= -c fsync=off -k {folder}")
        try:
            yield f"postgresql://lqs:{password}@{quote(str(folder), safe='')}:5432/postgres"
        finally:
            run_to_success(account, *control, "stop", "--mode=immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_to_success(account: ServiceAccount, program: str, *arguments: str) -> None:
    result = account.run([str(POSTGRES_15 / program), *arguments])
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def supported_server_url(request: pytest.FixtureRequest) -> str:
    """A test that asks for this runs once for each kind of server that is here, PostgreSQL 15 among them."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def postgres_url(other_server_url: str | None, request: pytest.FixtureRequest) -> str:
    """A database of the server under test, for creating others from."""
    return other_server_url or request.getfixturevalue("embedded_server")


@pytest.fixture(scope="session")
async def creating(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that creates and drops databases."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template(postgres_url: str, creating: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a database with all migrations applied and the tables of all entity types, to be copied."""
    name = f"lqs_template_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name}")
    database = await opened(sibling(postgres_url, name))
    await migrate_all(database)
    await database.close()
    yield name
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_url(postgres_url: str, creating: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """A fresh database with all tables, dropped after the test even when somebody is connected."""
    name = f"lqs_test_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield sibling(postgres_url, name)
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_url(postgres_url: str, creating: asyncpg.Connection) -> AsyncIterator[str]:
    """A database without any table, dropped after the test."""
    name = f"lqs_test_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name}")
    yield sibling(postgres_url, name)
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A fresh database with all tables, opened. Whatever the test did, its data must be sound afterwards.

    Only a test marked `breaks_invariants` may leave it otherwise.
    """
    database = await opened(database_url)
    yield database
    await database.close()
    if request.node.get_closest_marker("breaks_invariants") is None:
        assert await breaches(database_url) == []


@pytest.fixture(scope="session")
async def reused_url(postgres_url: str, creating: asyncpg.Connection, template: str) -> AsyncIterator[str]:
    """A database that tests share one after the other: emptying one is twenty times quicker than copying one."""
    name = f"lqs_reused_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield sibling(postgres_url, name)
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def house(reused_url: str, creating: asyncpg.Connection, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """The steps of the lifecycle on an empty database, with one owner; the data must be sound afterwards, too."""
    # What a failed test left open must not fail the next one.
    await creating.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
        urlsplit(reused_url).path.removeprefix("/"),
    )
    database = await opened(reused_url)
    yield await House.furnish(database, reused_url)
    await database.close()
    if request.node.get_closest_marker("breaks_invariants") is None:
        assert await breaches(reused_url) == []


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """Waits until what an asynchronous function returns equals a value (True unless told otherwise)."""

    async def wait(ask: Callable[[], Awaitable[object]], *, equals: object = True, seconds: float = 100) -> None:
        deadline = time.monotonic() + seconds
        while (found := await ask()) != equals:
            assert time.monotonic() < deadline, f"after {seconds} s it was still {found!r} instead of {equals!r}"
            await asyncio.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
async def service(
    postgres_url: str, creating: asyncpg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The real service on a database of its own, shared by all tests of a process that ask for it."""
    name = f"lqs_service_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    database = await opened(sibling(postgres_url, name))
    key, owner_id = await first_key(database)
    await database.close()
    with running_service(sibling(postgres_url, name), key, owner_id, tmp_path_factory.mktemp("service")) as service:
        yield service
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def opened(url: str) -> Database:
    return await Database.open(
        url, application_name="lqs-tests", pool_size=10, statement_timeout_seconds=30, lock_timeout_seconds=5
    )


def sibling(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()
