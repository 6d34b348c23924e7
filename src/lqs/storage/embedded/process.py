"""The server as a process: found by its pid file, launched detached, ended by signals."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

from lqs.storage.embedded.service_account import ServiceAccount

PID_FILE = "postmaster.pid"
POLL_SECONDS = 0.01
RECOVERY_SECONDS = 300
"""How long a server may take until it accepts connections, crash recovery included."""
STOP_SECONDS = 30
"""How long a fast shutdown may take before the server is told to end at once, which costs only a recovery."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """What the pid file says of a server that lives.

    Its lines are: process id, data directory, start time, port, socket folder, listen address, shared memory, status;
    the later ones are written while the server starts.
    """

    pid: int
    socket_folder: Path
    status: str

    @classmethod
    def find(cls, data: Path) -> Self | None:
        """The live server of a data directory, started by whomever."""
        try:
            lines = (data / PID_FILE).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        if not lines or not lives(int(lines[0])) or not _serves(int(lines[0]), data):
            return None
        padded = [*lines, *[""] * 8]
        return cls(int(lines[0]), Path(padded[4]), padded[7].strip() or "starting")

    async def end(self) -> None:
        """Ask for a fast shutdown and wait until the process is gone."""
        for sign, patience_seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, RECOVERY_SECONDS)):
            try:
                os.kill(self.pid, sign)
            except ProcessLookupError:
                return
            if await self.gone(patience_seconds):
                return

    async def gone(self, seconds: float) -> bool:
        """Wait until the process is gone; False when it still lives after `seconds`."""
        deadline = time.monotonic() + seconds
        while lives(self.pid):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True


def launch(account: ServiceAccount, program: Path, data: Path, settings: Mapping[str, str], log: int) -> int:
    """Start a server that is no child of ours, its output going to the descriptor `log`; return its process id.

    As an orphan it outlives us without becoming a zombie of whoever happened to start it. When this returns, it can be
    found, or has ended already.
    """
    command = [str(program), "-D", str(data)]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    pid = int(account.run(["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command], stderr=log).stdout)
    while lives(pid) and ServerProcess.find(data) is None:
        time.sleep(POLL_SECONDS)
    return pid


def forget_dead(lock_file: Path, data: Path) -> None:
    """Remove a lock file of a dead server whose process id is still, or again, in the table of processes.

    PostgreSQL clears up after a process that is gone, but takes an entry that nobody has collected, or a stranger with
    the same number, for a live server. Sessions that outlive their server it recognizes by their shared memory.
    """
    try:
        pid = int(lock_file.read_text(encoding="utf-8").partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return
    if _is_listed(pid) and not (lives(pid) and _serves(pid, data)):
        lock_file.unlink()


def lives(pid: int) -> bool:
    """Whether there is such a process, and not only its entry that nobody has collected."""
    if not _is_listed(pid):
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def _is_listed(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _serves(pid: int, data: Path) -> bool:
    # The command line, unlike the working folder, is readable for root in a container without ptrace rights.
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self/cmdline").exists()  # without such a /proc, asking the server decides
    folders = [Path(os.fsdecode(after)) for word, after in pairwise(words) if word == b"-D"]
    return any(folder.exists() and folder.samefile(data) for folder in folders)
