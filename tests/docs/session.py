"""The session in which the blocks of a page run in order: a shell, and beside it a Python that has its environment."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

BLOCK_SECONDS = 180
STOP_SECONDS = 40
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a block ended: the exit codes of commands that did not end with 0, and all that was printed."""

    failures: Sequence[int]
    printed: str


class Session:
    """Runs blocks one after the other; what one leaves behind the next one has."""

    def __init__(self, folder: Path, environment: Mapping[str, str], stack: ExitStack) -> None:
        self._folder, self._stack, self._count = folder, stack, 0
        self._shell = stack.enter_context(
            _child(["bash", "--noprofile", "--norc"], environment, folder / "clone", folder / "shell.log")
        )
        self._shell.ask(f"source {PROGRAMS}/prelude.sh; echo >&$TOLD")
        self._python: _Child | None = None

    def sh(self, text: str) -> Ran:
        """Run lines of the shell."""
        block, out = self._files("sh", text)
        answer = self._shell.ask(f'FAILED=(); source {block} >{out} 2>&1 </dev/null; echo "${{FAILED[*]}}" >&$TOLD')
        return Ran([int(code) for code in answer.split()], out.read_text(encoding="utf-8"))

    def python(self, text: str) -> Ran:
        """Run Python, in the environment that the shell had before the first block of it."""
        if self._python is None:
            program = [sys.executable, "-u", str(PROGRAMS / "run_python.py")]
            self._python = self._stack.enter_context(
                _child(program, self.environment(), self._folder / "clone", self._folder / "python.log")
            )
        block, out = self._files("py", text)
        answer = self._python.ask(f"{block}\t{out}")
        return Ran([] if answer == "0" else [1], out.read_text(encoding="utf-8"))

    def environment(self) -> dict[str, str]:
        """What the shell has exported by now."""
        file = self._folder / "environment"
        self._shell.ask(f"env -0 >{file}; echo >&$TOLD")
        pairs = (entry.partition("=") for entry in file.read_text(encoding="utf-8").split("\0") if entry)
        return {name: value for name, _, value in pairs}

    def stop_served(self) -> None:
        """End what was started to serve."""
        if self._shell.is_there():
            self._shell.ask("stop_served; echo >&$TOLD")

    def _files(self, suffix: str, text: str) -> tuple[Path, Path]:
        self._count += 1
        block = self._folder / f"block-{self._count}.{suffix}"
        block.write_text(f"{text}\ntrue\n" if suffix == "sh" else text, encoding="utf-8")
        return block, block.with_suffix(".out")


@contextmanager
def session(folder: Path, environment: Mapping[str, str]) -> Iterator[Session]:
    """A session in what looks like a clone: `folder`/clone, whose files are those of the repository."""
    lqs_beside_python = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {
        "PATH": lqs_beside_python, "PYTHON": sys.executable, "SESSION": str(folder), "PROGRAMS": str(PROGRAMS),
        "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "COLUMNS": "120",
    }  # fmt: skip
    with ExitStack() as stack:
        running = Session(folder, {**environment, **own}, stack)
        try:
            yield running
        finally:
            running.stop_served()


class _Child:
    """A process that is told a line and answers with one on a pipe of its own."""

    def __init__(self, process: "subprocess.Popen[str]", told: int, log: Path) -> None:
        self._process, self._told, self._log = process, told, log

    def is_there(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask(self, line: str) -> str:
        """The answer to a line. Raises `AssertionError` if there is none, for whatever reason."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer, deadline = b"", time.monotonic() + BLOCK_SECONDS
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([self._told], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(timeout=STOP_SECONDS)
                raise AssertionError(f"no end within {BLOCK_SECONDS} s: {line}")
            read = os.read(self._told, 4096)
            if not read:
                self._process.wait(timeout=STOP_SECONDS)
                raise AssertionError(f"it ended at: {line}\n{self._log.read_text(encoding='utf-8')}")
            answer += read
        return answer.decode().strip()


@contextmanager
def _child(program: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Iterator[_Child]:
    reading, writing = os.pipe()
    with log.open("wb") as output:
        process = subprocess.Popen(
            program, env={**environment, "TOLD": str(writing)}, cwd=folder,
            stdin=subprocess.PIPE, stdout=output, stderr=output, text=True, pass_fds=[writing],
            start_new_session=True,
        )  # fmt: skip
    os.close(writing)
    try:
        yield _Child(process, reading, log)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            os.close(reading)
