"""The benchmarks run: with tiny amounts, and whatever they measure. No speed is judged here.

Those that need a broker are run by the tests of Kafka.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUPS = {"throughput", "sleepers", "pickup", "http", "footprint", "rough", "crowded", "engine", "neighbour"}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def figures() -> list[dict[str, object]]:
    """Every row of one quick run."""
    rows = json.loads(run("--quick", "--json", *(f"--only={group}" for group in sorted(GROUPS))))
    assert isinstance(rows, list)
    return rows


def run(*words: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *words]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_group_measures_something_real(figures: list[dict[str, object]]) -> None:
    assert {figure["group"] for figure in figures} == GROUPS
    for figure in figures:
        value = figure["value"]
        assert isinstance(value, float | int), figure
        assert value > 0 or "more memory" in str(figure["name"]), figure


def test_what_the_service_promises_is_judged_in_the_table(figures: list[dict[str, object]]) -> None:
    judged = {str(figure["name"]) for figure in figures if figure["verdict"]}

    for promise in (
        "share of pgbench",
        "first claim to last settle",
        "most memory",
        "insert to attempt, median",
        "95th percentile beside",
        "half-sent calls: the last is closed",
        "beside against alone",
        "each a 413: more memory",
        "all of whom are answered: gone after",
    ):
        assert any(promise in name for name in judged), promise
    assert "POST against one insert each" in judged


def test_one_group_alone_prints_a_plain_table_when_piped() -> None:
    lines = run("--quick", "--only", "crowded").splitlines()

    assert lines[0].split() == ["what", "measured", "rounds", "expected"]
    assert all(line.startswith("crowded: ") for line in lines[1:])
    assert len(lines) == 3


def test_the_page_about_the_benchmarks_explains_every_group() -> None:
    page = (ROOT / "docs/reference/benchmarks.md").read_text(encoding="utf-8")

    for group in (*GROUPS, "kafka"):
        assert f"`{group}`" in page
