"""The harness finds bugs: some of the planted ones, here; all of them by `make planted`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOME = [
    "counts are written in a transaction of their own",
    "202 before the commit",
    "a settle looks at no fence",
]


@pytest.mark.timeout(420)
def test_some_planted_bugs_are_caught_and_their_scenarios_are_harmless_without_them() -> None:
    command = [sys.executable, "-m", "faults", "--planted", *SOME]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stdout) == (0, "3 of 3 planted bugs were caught\n"), done.stdout + done.stderr
