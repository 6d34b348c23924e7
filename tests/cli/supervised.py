"""Runs `lqs up` on a terminal, sees what it shows, and finds the processes that belong to it."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.calling import LQS, TAKE_TERMINAL, Caller
from tests.running import free_port

READY = "Ctrl-C stops it."
_STEERING = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


class OnTerminal:
    """A command whose terminal is read while it runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", controller: int) -> None:
        self.process = process
        self._controller = controller
        self._shown = b""

    @property
    def text(self) -> str:
        """All that was shown until now."""
        return _STEERING.sub("", self._shown.decode(errors="replace")).replace("\r\n", "\n")

    def shows(self, sign: str, *, times: int = 1, seconds: float = 100) -> str:
        """Wait until the terminal has shown `sign` so often; all that it has shown by then."""
        deadline = time.monotonic() + seconds
        while self.text.count(sign) < times:
            assert self._read(deadline - time.monotonic()), f"{sign!r} did not come; the terminal shows:\n{self.text}"
        return self.text

    def press_ctrl_c(self) -> None:
        """What a user does to end it."""
        os.write(self._controller, b"\x03")

    def ends(self, *, within: float) -> int:
        """Wait for the end, which must come in so many seconds; the exit code."""
        deadline = time.monotonic() + within
        while self._read(deadline - time.monotonic()):
            pass
        left = max(0.1, deadline - time.monotonic())
        return self.process.wait(timeout=left)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._controller], [], [], max(0.0, seconds))[0]:
            return False
        try:
            more = os.read(self._controller, 65536)
        except OSError:  # Linux says so when the last holder of the terminal has left
            return False
        self._shown += more
        return bool(more)


@contextmanager
def on_terminal(caller: Caller, *words: str) -> Iterator[OnTerminal]:
    """Start a command on a terminal of its own; whatever happens, it does not stay."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, LQS, *words],
        env=caller.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        yield OnTerminal(process, controller)
    finally:
        process.kill()
        process.wait()
        os.close(controller)


class Home:
    """A data folder, a home and a port of their own for the whole service."""

    def __init__(self, data: Path, home: Path) -> None:
        self.data = data
        self.port = free_port()
        self.caller = Caller(home)
        self.caller.environment |= {"LQS_DATA_DIR": str(data), "LQS_API_PORT": str(self.port)}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> Path:
        return Path(self.caller.environment["XDG_CONFIG_HOME"]) / "lqs" / "credentials.toml"

    def processes(self) -> dict[int, str]:
        """Everything alive that was started for this data folder, PostgreSQL included: process id and command."""
        return {pid: command for pid in _process_ids() if (command := _command(pid, str(self.data)))}

    def find(self, word: str) -> int:
        """The one process with this word in its command."""
        [pid] = [pid for pid, command in self.processes().items() if word in command.split()]
        return pid

    def server_pid(self) -> int:
        """The process of PostgreSQL."""
        return int((self.data / "postgres" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])

    def wait_until_gone(self, *, seconds: float, but: frozenset[int] = frozenset()) -> None:
        """Wait until no process is left except `but` and what PostgreSQL itself runs."""
        deadline = time.monotonic() + seconds
        while left := {pid: words for pid, words in self.processes().items() if pid not in but}:
            assert time.monotonic() < deadline, f"after {seconds} s there are still {left}"
            time.sleep(0.02)

    def end_everything(self) -> None:
        """For the end of a test, however it went."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: int, folder: str) -> str:
    """The command of a process that names this folder in its command or environment; empty for others and dead ones."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
    return words if folder in words or f"LQS_DATA_DIR={folder}" in environment else ""
