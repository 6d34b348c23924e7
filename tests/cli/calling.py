"""Runs `lqs` as users do: in a pipe, and on a terminal (a pseudo-terminal) that people look at."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Any

LQS = str(Path(sys.executable).with_name("lqs"))
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
_COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")
_STEERING = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last_object(self) -> Any:
        """The last line of standard output as JSON."""
        return json.loads(self.out.rstrip("\n").split("\n")[-1])

    @property
    def problem(self) -> Any:
        """The last line of standard error as JSON."""
        return json.loads(self.err.rstrip("\n").split("\n")[-1])


@dataclass(frozen=True)
class Watched:
    """What a terminal showed; `coloured` tells whether any colour was used."""

    code: int
    raw: str

    @property
    def text(self) -> str:
        return _STEERING.sub("", self.raw)

    @property
    def coloured(self) -> bool:
        return _COLOUR.search(self.raw) is not None


class Caller:
    """Calls `lqs` with an environment of its own: no settings and no credentials but those given here."""

    def __init__(self, home: Path, url: str | None = None, key: str | None = None) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LQS_", "NO_COLOR"))}
        given = {"LQS_API_URL": url, "LQS_API_KEY": key}
        self.environment = kept | {name: value for name, value in given.items() if value}
        self.environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "TERM": "xterm"}
        self.environment["PATH"] = f"{Path(LQS).parent}:{kept.get('PATH', os.defpath)}"

    def piped(self, *words: str, typed: str | None = None, cwd: Path | None = None, **more: str) -> Ended:
        """Run to the end with everything in pipes."""
        environment = self.environment | more
        done = subprocess.run(
            [LQS, *words], env=environment, input=typed, cwd=cwd, capture_output=True, text=True, timeout=200,
            check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def started(self, *words: str) -> "subprocess.Popen[str]":
        """Start with everything in pipes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([LQS, *words], env=self.environment, text=True, **pipes)  # type: ignore[call-overload]

    def on_terminal(
        self,
        *words: str,
        press_ctrl_c_at: str | None = None,
        typed_at: str | None = None,
        typed: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Watched:
        """Run on a terminal of 120 columns; press Ctrl-C, or type `typed`, when it shows what is named."""
        controller, terminal = pty.openpty()
        ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, LQS, *words],
            env=self.environment | (environment or {}),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        try:
            shown = _watch(controller, press_ctrl_c_at or typed_at, b"\x03" if press_ctrl_c_at else typed.encode())
            return Watched(process.wait(timeout=60), shown)
        finally:
            process.kill()
            process.wait()
            os.close(controller)


def _watch(controller: int, sign: str | None, keys: bytes) -> str:
    shown, deadline = b"", time.monotonic() + 60
    while select.select([controller], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            more = os.read(controller, 65536)
        except OSError:  # Linux says so when the last holder of the terminal has left
            return shown.decode()
        shown += more
        if not more:
            return shown.decode()
        if sign and sign.encode() in _STEERING.sub("", shown.decode(errors="replace")).encode():
            os.write(controller, keys)
            sign = None
    raise AssertionError(f"the command does not end; the terminal shows:\n{shown.decode()}")


def until(process: "subprocess.Popen[str]", stream: str, sign: Callable[[str], bool]) -> str:
    """Read lines of a running command until one satisfies `sign`; the line."""
    for line in getattr(process, stream):
        if sign(line):
            return str(line)
    raise AssertionError(f"{stream} ended before the sign came")


def interrupt(process: "subprocess.Popen[str]") -> Ended:
    """Press Ctrl-C for a command without a terminal, and see how it ends."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    return Ended(process.returncode, out, err)
