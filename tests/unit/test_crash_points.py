"""Every named place lies somewhere in the code, once, and does nothing unless it is armed."""

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import lqs
from lqs.crash_points import CrashPoint

PASSING = "from lqs.crash_points import CrashPoint, crash_point; crash_point(CrashPoint.SETTLE_MOVED); print('lives')"
IN_THE_MIDDLE = """
import asyncio
from lqs.crash_points import CrashPoint, crash_point_soon
async def step():
    crash_point_soon(CrashPoint.SETTLE_COMMITTING)
    print("sent", flush=True)
    await asyncio.Event().wait()
asyncio.run(step())
"""


def passed(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def test_each_lies_at_exactly_one_place_in_the_code() -> None:
    sources = [path for path in Path(lqs.__file__).parent.rglob("*.py") if path.name != "crash_points.py"]
    laid = Counter(
        name for path in sources for name in re.findall(r"CrashPoint\.([A-Z_]+)", path.read_text(encoding="utf-8"))
    )
    assert laid == Counter(point.name for point in CrashPoint)


def test_each_is_named_after_the_process_that_passes_it() -> None:
    assert {point.value.split(".")[0] for point in CrashPoint} == {"api", "worker", "relay"}


def test_an_unarmed_one_does_nothing() -> None:
    assert passed(PASSING).stdout == "lives\n"
    assert passed(PASSING, LQS_CRASH_AT="worker.settle.begun").stdout == "lives\n"


def test_an_armed_one_kills_and_says_so() -> None:
    done = passed(PASSING, LQS_CRASH_AT="worker.settle.moved")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")
    assert done.stderr == "crash point worker.settle.moved passed: SIGKILL\n"


def test_one_in_the_middle_of_a_call_lets_the_call_go_out_and_no_answer_come_in() -> None:
    assert passed(IN_THE_MIDDLE, LQS_CRASH_AT="worker.settle.committing").stdout == "sent\n"


@pytest.mark.parametrize("times", [1, 3])
def test_one_that_freezes_does_so_once(times: int) -> None:
    code = PASSING.replace("print", f"[crash_point(CrashPoint.SETTLE_MOVED) for _ in range({times})]; print")
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={"LQS_CRASH_AT": "worker.settle.moved", "LQS_CRASH_BY": "freeze"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "crash point worker.settle.moved passed: SIGSTOP\n"
    while True:
        process.send_signal(signal.SIGCONT)
        try:
            stdout, stderr = process.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
        break
    assert (stdout, stderr) == ("lives\n", "")
