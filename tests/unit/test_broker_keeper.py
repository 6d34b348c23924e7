"""The keeper of a broker: what it runs ends with the last who holds the lock, however that one ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from broker.cluster import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"


def holder(lock: Path) -> "subprocess.Popen[str]":
    """A process that holds the lock until it is killed."""
    command = [sys.executable, "-c", HOLD, str(lock)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def keeper(lock: Path, folder: Path, *command: str) -> tuple["subprocess.Popen[str]", int]:
    """A keeper, and the process id of what it runs."""
    words = [sys.executable, "-m", "broker.keeper", str(lock), str(folder), *command]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    with process.stdout as said:
        return process, int(said.readline())


def kill(process: "subprocess.Popen[str]") -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_it_ends_with_the_last_who_holds_the_lock(tmp_path: Path) -> None:
    lock, folder = tmp_path / "lock", tmp_path / "folder"
    folder.mkdir()
    first, second = holder(lock), holder(lock)
    kept, program = keeper(lock, folder, "sleep", "600")

    kill(first)
    assert psutil.pid_exists(program)
    kill(second)
    kept.wait(60)
    assert not psutil.pid_exists(program)
    assert not folder.exists()


def test_a_program_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    lock, folder = tmp_path / "lock", tmp_path / "folder"
    folder.mkdir()
    only = holder(lock)
    kept, program = keeper(lock, folder, sys.executable, "-c", DEAF)
    kill(only)
    kept.wait(60)
    assert not psutil.pid_exists(program)


def test_when_the_program_ends_by_itself_its_folder_stays(tmp_path: Path) -> None:
    lock, folder = tmp_path / "lock", tmp_path / "folder"
    folder.mkdir()
    only = holder(lock)
    kept, _ = keeper(lock, folder, "false")
    assert kept.wait(60) == 1
    assert folder.exists()
    kill(only)
