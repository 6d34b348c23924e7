"""systemd's own judgement of the units, where it is installed."""

import subprocess
from pathlib import Path

import pytest

import systemd

FOLDER = Path(__file__).parents[2] / "examples" / "systemd"
WORST = 20
"""Of the exposure that systemd counts, in tenths from 0 to 100: what it calls OK."""


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units with a program that is there, as `systemd-analyze` wants it."""
    made = [tmp_path / unit.name for unit in sorted(FOLDER.glob("*.*")) if unit.suffix in (".service", ".timer")]
    for unit in made:
        text = (FOLDER / unit.name).read_text(encoding="utf-8")
        unit.write_text(text.replace("/opt/lqs/bin/lqs", "/bin/true"), encoding="utf-8")
    return made


def analyzed(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([systemd.program(), *words], capture_output=True, text=True, timeout=200, check=False)


def test_systemd_understands_every_line(units: list[Path]) -> None:
    done = analyzed("verify", "--man=no", *units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_thinks_little_of_what_they_could_do_if_they_were_taken_over(units: list[Path]) -> None:
    for unit in units:
        if unit.suffix == ".service":
            done = analyzed("security", "--offline=yes", "--no-pager", f"--threshold={WORST}", unit)
            assert done.returncode == 0, done.stdout
