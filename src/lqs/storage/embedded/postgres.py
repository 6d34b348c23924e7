"""Starts and stops the embedded server, together with the other processes that use the same data folder."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg

from lqs.storage.embedded.folder import SOCKET_NAME, USER, DataFolder
from lqs.storage.embedded.process import (
    PID_FILE,
    POLL_SECONDS,
    RECOVERY_SECONDS,
    ServerProcess,
    forget_dead,
    launch,
    lives,
)
from lqs.storage.embedded.service_account import EmbeddedRefused, ServiceAccount

DATABASE = "lqs"
_OLD_SESSIONS = "pre-existing shared memory block"
# Commits stay synchronous, as without fsync they cost next to nothing: a killed server still loses none of them.
_THROW_AWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """The server of one data folder, shared by all processes that start it.

    It runs detached: it outlives a killed process and is adopted by the next `start`. With `durable=False` a crash of
    the machine may ruin the folder: for throw-away use only.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._folder = DataFolder(Path(os.path.abspath(data_dir)))
        self._durable = durable
        self._in_use: int | None = None

    @property
    def log_file(self) -> Path:
        """Where the server writes its messages."""
        return self._folder.log_file

    def pid(self) -> int | None:
        """The process id of the server that runs now, started by whomever; None when it does not run."""
        server = ServerProcess.find(self._folder.data)
        return server.pid if server else None

    async def start(self) -> str:
        """The URL of the server, which runs when this returns: created, started or adopted, as needed.

        The URL holds the password. When this fails or is cancelled, no server stays that nobody uses.
        Raises `EmbeddedRefused`.
        """
        home = self._folder.home
        try:
            account = ServiceAccount.choose(self._folder.data)
            self._folder.prepare(account)
            async with self._one_at_a_time():
                return await self._start(account)
        except PermissionError as error:
            raise EmbeddedRefused(
                f"This user may not use {error.filename or home}: choose another folder with LQS_DATA_DIR, "
                "or run lqs as the user who made it."
            ) from error
        except OSError as error:
            raise EmbeddedRefused(f"PostgreSQL cannot be started in {home}: {error}.") from error

    async def stop(self) -> None:
        """End the server and wait until it is gone; leave it running while other processes that started it live.

        Without a `start` before, and the second time, it does nothing.
        """
        if self._in_use is not None:
            async with self._one_at_a_time():
                await self._let_go()

    async def _start(self, account: ServiceAccount) -> str:
        self._hold_in_use()
        try:
            server = ServerProcess.find(self._folder.data)
            if server is not None and server.status == "stopping":
                await server.gone(RECOVERY_SECONDS)
                server = None
            if server is None:
                server = await self._launched(account)
            else:
                server = await self._until_ready(server.pid)
            return await self._greet(server)
        except BaseException:
            await self._let_go()
            raise

    async def _launched(self, account: ServiceAccount) -> ServerProcess:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            pid = await _to_the_end(lambda: self._launch(account))
            try:
                return await self._until_ready(pid)
            except EmbeddedRefused as error:
                # After a SIGKILL of the server its sessions finish their statements before they end too.
                if _OLD_SESSIONS not in str(error) or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(10 * POLL_SECONDS)

    def _launch(self, account: ServiceAccount) -> int:
        folder = self._folder
        programs = folder.programs(account)
        folder.create(programs, account, durable=self._durable)
        sockets = folder.socket_folder(account)
        for lock_file in (folder.data / PID_FILE, sockets / f"{SOCKET_NAME}.lock"):
            forget_dead(lock_file, folder.data)
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            **({} if self._durable else _THROW_AWAY_SETTINGS),
        }
        log = folder.open_log()
        try:
            return launch(account, programs / "postgres", folder.data, settings, log)
        finally:
            os.close(log)

    async def _until_ready(self, pid: int) -> ServerProcess:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < deadline:
            server = ServerProcess.find(self._folder.data)
            if server is not None and server.status == "ready":
                return server
            if not lives(pid):
                raise EmbeddedRefused(f"PostgreSQL ended while it started: {self._folder.end_of_log()}")
            await asyncio.sleep(POLL_SECONDS)
        raise EmbeddedRefused(f"PostgreSQL was not ready within {RECOVERY_SECONDS} s: {self._folder.end_of_log()}")

    async def _greet(self, server: ServerProcess) -> str:
        """Ask the server who it is, see that it has our database, and return its URL."""
        password = self._folder.password_file.read_text(encoding="ascii")
        address = f"postgresql://{USER}:{password}@{quote(str(server.socket_folder), safe='')}:5432"
        try:
            connection = await asyncpg.connect(f"{address}/postgres", timeout=30)
        except (OSError, asyncpg.PostgresError) as error:
            raise EmbeddedRefused(f"PostgreSQL runs, but does not let lqs in: {error}. See {self.log_file}.") from error
        try:
            served = Path(await connection.fetchval("SHOW data_directory"))
            if served.resolve() != self._folder.data.resolve():
                raise EmbeddedRefused(
                    f"The server that should serve {self._folder.data} serves {served}: stop it, then try again."
                )
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        return f"{address}/{DATABASE}"

    async def _let_go(self) -> None:
        descriptor, self._in_use = self._in_use, None
        if descriptor is None:
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # others hold it, and the last of them ends the server
        finally:
            os.close(descriptor)
        server = ServerProcess.find(self._folder.data)
        if server is not None:
            await server.end()
            self._folder.leave_socket_folder()

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        # A killed process gives its file locks back by itself.
        descriptor = os.open(self._folder.home / "starting", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def _hold_in_use(self) -> None:
        if self._in_use is None:
            self._in_use = os.open(self._folder.home / "in-use", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._in_use, fcntl.LOCK_SH)


async def _to_the_end(work: Callable[[], int]) -> int:
    """Run blocking work in a thread; a cancellation waits for its end, as nothing else may touch the folder before."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
