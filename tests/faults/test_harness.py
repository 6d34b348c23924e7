"""The fault harness in its short form: every kind of fault and every named place, and nothing that must not be."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.kinds import API, CLIENTS, SERVER, WORKER
from faults.lanes import FROZEN, SWEPT
from faults.report import PLACES, ZEROS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "faults.md"
EVERY_KIND = {*API, *CLIENTS, *SERVER, *WORKER, SWEPT, FROZEN}

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Run:
    """What a run said and wrote."""

    code: int
    line: str
    said: str
    report: dict[str, Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One short run with a seed of its own."""
    file = tmp_path_factory.mktemp("faults") / "report.json"
    command = [sys.executable, "-m", "faults", "--short", "--report", str(file)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=880)
    assert file.exists(), done.stderr[-4000:]
    return Run(done.returncode, done.stdout.strip(), done.stderr, json.loads(file.read_text(encoding="utf-8")))


def test_nothing_is_lost_doubled_or_untrue(run: Run) -> None:
    assert run.report["findings"] == [], run.said
    assert run.report["words"] == dict.fromkeys(ZEROS, 0)
    assert run.code == 0


def test_forty_faults_of_every_kind_that_can_be_done_here(run: Run) -> None:
    assert run.report["faults"] >= 40
    not_run = {sentence.partition(":")[0] for sentence in run.report["not_run"]}
    assert not_run <= {"disk_full"}
    assert set(run.report["kinds"]) == EVERY_KIND - not_run, run.report["missed"]


def test_every_named_place_was_passed_by_a_process_that_ended_or_froze_there(run: Run) -> None:
    assert set(run.report["points"]) == {point.value for point in PLACES}, run.report["missed"]


def test_there_was_work_to_be_lost(run: Run) -> None:
    assert run.report["acknowledged"] >= 50
    assert run.report["answers"] > run.report["acknowledged"]


def test_the_line_has_the_seed_and_every_word(run: Run) -> None:
    fields = dict(field.split("=") for field in run.line.split())
    assert fields["seed"] == str(run.report["seed"])
    assert all(fields[word] == "0" for word in ZEROS)
    assert int(fields["faults"]) == run.report["faults"]
    assert float(fields["recovery_p95"].removesuffix("s")) > 0


def test_the_page_explains_every_kind_and_every_word() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for word in {*EVERY_KIND, *ZEROS}:
        assert f"`{word}`" in page, word
