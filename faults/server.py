"""The PostgreSQL of a run: started again when it ends, killed, frozen, and run out of disk on purpose."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import psutil

from faults.proxy import Side
from lqs.storage.embedded import EmbeddedPostgres, EmbeddedRefused

_DISK_BYTES = 640 * 2**20
_SPARE_BYTES = 64 * 1024
_LOOK_SECONDS = 0.05
_GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class Server:
    """One server with a data folder of its own. `disk` is the small file system it lies on, None if there is none."""

    def __init__(self, embedded: EmbeddedPostgres, url: str, disk: Path | None) -> None:
        self._embedded = embedded
        self.url = url
        self.disk = disk

    async def keep(self) -> None:
        """Start it again whenever it has ended, until cancelled: what `lqs up` does for its own."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._embedded.pid() is None:
                with suppress(EmbeddedRefused):  # no room on the disk yet
                    await self._embedded.start()

    async def connect(self) -> Side:
        """A connection to its socket."""
        parts = urlsplit(self.url)
        folder = unquote(parts.hostname or "")
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{parts.port}")

    def url_of(self, database: str, port: int | None = None) -> str:
        """The URL of one of its databases; through the proxy on this port of the loopback, if one is given."""
        parts = urlsplit(self.url)._replace(path=f"/{database}")
        if port is None:
            return parts.geturl()
        return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}", query="").geturl()

    async def ask(self, database: str, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """The rows of one statement on a connection of its own, which no fault of ours stands in the way of."""
        connection = await asyncpg.connect(self.url_of(database), timeout=10)
        try:
            return [dict(row) for row in await connection.fetch(sql, *arguments, timeout=60)]
        finally:
            await connection.close(timeout=10)

    async def ask_patiently(self, database: str, sql: str, *arguments: object, seconds: float = 60) -> Any:
        """The same, as often as it takes while the server is away."""
        until = time.monotonic() + seconds
        while True:
            try:
                return await self.ask(database, sql, *arguments)
            except _GONE:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_LOOK_SECONDS)

    def family(self) -> list[psutil.Process]:
        """The server and all its sessions; empty when it does not run."""
        pid = self._embedded.pid()
        if pid is None:
            return []
        try:
            postmaster = psutil.Process(pid)
            return [postmaster, *postmaster.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    async def kill(self) -> int:
        """Kill all of it at once; returns how many processes that were."""
        family = self.family()
        for process in family:
            send(process.pid, signal.SIGKILL)
        await asyncio.to_thread(psutil.wait_procs, family, 10)
        return len(family)

    @contextmanager
    def frozen(self) -> Iterator[int]:
        """All of it stands still; yields how many processes that are."""
        family = self.family()
        for process in family:
            send(process.pid, signal.SIGSTOP)
        try:
            yield len(family)
        finally:
            for process in family:
                send(process.pid, signal.SIGCONT)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Nothing more fits on its disk, but for some kilobytes."""
        assert self.disk is not None
        ballast = self.disk / "ballast"
        free = shutil.disk_usage(self.disk).free
        try:
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, free - _SPARE_BYTES))
            yield
        finally:
            ballast.unlink(missing_ok=True)


def send(pid: int, sign: signal.Signals) -> None:
    """Signal a process that may just have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, sign)


@asynccontextmanager
async def server(*, durable: bool) -> AsyncIterator[Server]:
    """A fresh server in a folder of its own, removed at the end; on a small disk if mounting one is permitted."""
    folder = Path(tempfile.gettempdir()) / f"lqs-faults-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    disk = folder if _mounted(folder) else None
    embedded = EmbeddedPostgres(folder / "server", durable=durable)
    try:
        started = Server(embedded, await embedded.start(), disk)
        # The write-ahead log must fit on the small disk beside the data.
        for setting in ("max_wal_size = '128MB'", "min_wal_size = '32MB'"):
            await started.ask("lqs", f"ALTER SYSTEM SET {setting}")
        await started.ask("lqs", "SELECT pg_reload_conf()")
        keeper = asyncio.ensure_future(started.keep())
        try:
            yield started
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
    finally:
        await embedded.stop()
        if disk is not None:
            _run("umount", str(folder))
        shutil.rmtree(folder, ignore_errors=True)


def _mounted(folder: Path) -> bool:
    return _run("mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=0711", "lqs-faults", str(folder))


def _run(program: str, *words: str) -> bool:
    found = shutil.which(program)
    return found is not None and subprocess.run([found, *words], check=False, capture_output=True).returncode == 0
