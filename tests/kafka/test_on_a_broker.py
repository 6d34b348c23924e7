"""The fault suite in its short form, and the benchmarks with tiny amounts, each on a broker of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT = ("worker_killed", "tripled_and_shuffled")
"""What needs little time; the others are done by `make faults-kafka`."""

pytestmark = pytest.mark.timeout(400)


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, check=False, capture_output=True, text=True, timeout=380
    )


def test_nothing_is_lost_or_doubled_whatever_happens_on_the_broker(tmp_path: Path) -> None:
    done = run("faults", "--kafka", *SHORT, "--short", "--logs", str(tmp_path))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert [line.partition(":")[0] for line in lines] == list(SHORT)
    for line in lines:
        figures = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)(?= )", line)}
        assert figures["lost"] == figures["doubled"] == figures["breaches"] == 0
        assert figures["slots"] == figures["entities"] > 50
        assert figures["most_in_flight"] <= figures["cap"]
        assert figures["hits"] > 0
    assert "named=0 " not in lines[-1]


def test_work_is_measured_on_both_transports() -> None:
    done = run("benchmarks", "--quick", "--json", "--only=kafka")
    assert done.returncode == 0, done.stderr[-4000:]
    rows = {row["name"]: row["value"] for row in json.loads(done.stdout)}
    for transport in ("PostgreSQL", "Kafka"):
        assert rows[f"submit to terminal, 1 worker, by {transport}"] > 0
        assert rows[f"insert to attempt by {transport}, median"] > 0
    assert any(name.startswith("wait for a place, 95th percentile") for name in rows)
