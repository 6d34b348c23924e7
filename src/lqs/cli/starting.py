"""What commands that operate the service share: a free port found before it is needed, and failures as sentences."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.health import answers
from lqs.dispatch.kafka.trouble import KafkaTrouble

_DISK_FULL = "53100"
"""SQLSTATE."""


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what can be wrong with settings, database and migrations into a failure that says so, and what to do."""
    from lqs.settings import SettingsInvalid
    from lqs.storage.backup import BackupRefused, DatabaseNotEmpty
    from lqs.storage.database import DatabaseUnavailable
    from lqs.storage.embedded import EmbeddedRefused
    from lqs.storage.migrate import MigrationImpossible, MigrationRefused
    from lqs.wiring import MigrationNeeded

    try:
        yield
    except SettingsInvalid as error:
        what, *more = str(error).splitlines()
        raise CommandFailed(Failure(ExitCode.USAGE, "settings_invalid", what, tuple(more))) from error
    except DatabaseUnavailable as error:
        code = "disk_full" if getattr(error.__cause__, "sqlstate", None) == _DISK_FULL else "database_unavailable"
        raise CommandFailed(Failure(ExitCode.ERROR, code, str(error))) from error
    except EmbeddedRefused as error:
        code = "disk_full" if os.strerror(errno.ENOSPC) in str(error) else "embedded_refused"
        raise CommandFailed(Failure(ExitCode.ERROR, code, str(error))) from error
    except KafkaTrouble as error:
        raise CommandFailed(Failure(ExitCode.ERROR, error.code, str(error), (), error.next_step)) from error
    except MigrationNeeded as error:
        raise CommandFailed(Failure(ExitCode.ERROR, "migration_needed", str(error))) from error
    except DatabaseNotEmpty as error:
        raise CommandFailed(Failure(ExitCode.ERROR, "database_not_empty", str(error))) from error
    except BackupRefused as error:
        code = "disk_full" if os.strerror(errno.ENOSPC) in str(error) else "backup_refused"
        raise CommandFailed(Failure(ExitCode.ERROR, code, str(error))) from error
    except MigrationRefused as error:
        # who restarts what ended must be able to tell what another try cannot mend
        ends = ExitCode.USAGE if isinstance(error, MigrationImpossible) else ExitCode.ERROR
        raise CommandFailed(Failure(ends, "migration_refused", str(error))) from error


def free_port(host: str, port: int) -> int:
    """The port, seen to be free on this address a moment ago; for port 0 one that the system chooses.

    The server would share a busy port with whoever has it. Raises `CommandFailed`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            chosen: int = probe.getsockname()[1]
            return chosen
    except OSError as error:
        raise CommandFailed(_cannot_listen(host, port, error)) from error


@contextmanager
def kept_port(host: str, port: int) -> Iterator[int]:
    """A `free_port` that no other lqs takes until this ends: the server listens a while after the port was seen to be
    free, and would share it with one that started in the same moment.

    Raises `CommandFailed`.
    """
    chosen = free_port(host, port)
    with socket.socket(socket.AF_UNIX) as mark:
        try:
            mark.bind(f"\0lqs {host} {chosen}")  # a name of the kernel, gone with the process
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                what = f"port {chosen} of {host} is in use: another lqs is starting there"
                raise CommandFailed(Failure(ExitCode.ERROR, "already_up", what)) from error
        yield chosen


def reached_host(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not listened on


def web_address(host: str, port: int) -> str:
    """The URL at which this machine reaches an API that listens there."""
    reached = reached_host(host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _cannot_listen(host: str, port: int, error: OSError) -> Failure:
    match error.errno:
        case errno.EADDRINUSE:
            url = web_address(host, port)
            if answers(url):
                return Failure(
                    ExitCode.ERROR, "already_up", f"port {port} of {host} is in use: lqs already answers at {url}"
                )
            what = f"port {port} of {host} is in use by another program"
            return Failure(ExitCode.ERROR, "port_in_use", what)
        case errno.EACCES:
            return Failure(ExitCode.USAGE, "port_refused", f"this user may not listen on port {port}")
        case _:
            reason = error.strerror or os.strerror(error.errno or 0)
            what = f"the API cannot listen on {host}, port {port}: {reason}"
            return Failure(ExitCode.USAGE, "address_refused", what)
