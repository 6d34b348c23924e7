"""One part of the fault harness's short form, and what every such run must say."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.lanes import Part
from faults.report import ZEROS

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """What a run said and wrote."""

    code: int
    line: str
    said: str
    report: dict[str, Any]


def run_short(part: Part, folder: Path) -> Run:
    """This part, with a seed of its own."""
    file = folder / "report.json"
    command = [sys.executable, "-m", "faults", "--short", part, "--report", str(file)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=880)
    assert file.exists(), done.stderr[-4000:]
    return Run(done.returncode, done.stdout.strip(), done.stderr, json.loads(file.read_text(encoding="utf-8")))


def see_that_it_is_sound(run: Run) -> None:
    """Nothing is lost, doubled or untrue, and there was work to which that could have happened."""
    assert run.report["findings"] == [], run.said
    assert run.report["words"] == dict.fromkeys(ZEROS, 0)
    assert run.code == 0
    assert run.report["acknowledged"] >= 50
    assert run.report["answers"] > run.report["acknowledged"]
