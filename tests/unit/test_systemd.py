"""The units for systemd: what can be known of them without a machine that systemd runs."""

import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from lqs.cli import completion
from lqs.cli.exit_codes import ExitCode
from lqs.settings import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
COMMANDS = {
    line.split("\t")[0] for line in Path(completion.__file__).with_suffix(".txt").read_text("utf-8").splitlines()
}
LQS = "/opt/lqs/bin/lqs"
STOPPING_SECONDS = 15
"""How much longer than its grace time a process may take to end."""


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def hardening(unit: Path) -> str:
    return unit.read_text(encoding="utf-8").partition("# What it may not do")[2].partition("[Install]")[0].strip()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_unit_starts_a_command_that_exists(unit: Path) -> None:
    [start] = values(unit, "ExecStart")
    command = re.search(rf"{LQS} ((?:[a-z]+ ?)+)", start)
    assert command is not None
    assert command[1].strip() in COMMANDS


def test_every_variable_is_a_setting_with_a_value_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (FOLDER / "lqs.env").read_text(encoding="utf-8").splitlines()
    named = dict(line.removeprefix("#").split("=", 1) for line in lines if line.removeprefix("#").startswith("LQS_"))
    assert len(named) >= 5
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert load().graceful_stop_seconds == float(named["LQS_GRACEFUL_STOP_SECONDS"])
    for unit in SERVICES:
        assert values(unit, "EnvironmentFile") == ["-/etc/lqs/lqs.env"]
        assert "LQS_DATA_DIR=%S/lqs" in values(unit, "Environment")[0]


@pytest.mark.parametrize("name", ["lqs.service", "lqs-worker.service"])
def test_a_worker_may_finish_what_it_has_begun(name: str) -> None:
    [stop] = values(FOLDER / name, "TimeoutStopSec")
    assert int(stop) > load().graceful_stop_seconds + STOPPING_SECONDS


def test_what_restarts_does_not_do_so_for_wrong_settings_and_hopeless_migrations() -> None:
    for unit in SERVICES:
        never = [str(int(ExitCode.USAGE))]
        assert (values(unit, "Restart") == ["on-failure"]) is (values(unit, "RestartPreventExitStatus") == never)


def test_a_migration_is_not_tried_for_ever_but_longer_than_a_database_may_need() -> None:
    unit = FOLDER / "lqs-migrate.service"
    [burst], [pause] = values(unit, "StartLimitBurst"), values(unit, "RestartSec")
    assert values(unit, "StartLimitIntervalSec") == ["1d"]
    assert 600 <= int(burst) * int(pause) < 86_400 / 10
    page = (ROOT / "docs" / "how-to" / "run-under-systemd.md").read_text(encoding="utf-8")
    assert f"the migration tries {burst} times, for ten minutes and more" in page
    assert "systemctl reset-failed lqs-migrate" in page


@pytest.mark.parametrize("name", ["lqs-api.service", "lqs-worker.service"])
def test_a_migration_that_fails_at_boot_leaves_nothing_down_for_good(name: str) -> None:
    migrates = "lqs-migrate.service"
    assert values(FOLDER / migrates, "Restart") == ["on-failure"]
    assert values(FOLDER / name, "Requires") == []
    for wish in ("Wants", "After", "PartOf"):
        assert migrates in " ".join(values(FOLDER / name, wish)).split()


def test_a_short_command_takes_no_database_along_when_it_ends() -> None:
    assert values(FOLDER / "lqs-backup.service", "KillMode") == ["process"]
    page = (ROOT / "docs" / "how-to" / "run-under-systemd.md").read_text(encoding="utf-8")
    [run] = re.findall(r"systemd-run (?:.*\\\n)*.*", page)
    assert "--property=KillMode=process" in run


def test_old_backups_are_deleted_though_their_folder_is_a_link(tmp_path: Path) -> None:
    kept, private = tmp_path / "lqs-backups", tmp_path / "private"
    private.mkdir()
    kept.symlink_to(private)
    names = {"lqs-old.backup": 16, "lqs-young.backup": 13, "other.txt": 16}
    for name, days in names.items():
        (private / name).touch()
        os.utime(private / name, times=(0, time.time() - days * 86_400))
    [line] = values(FOLDER / "lqs-backup.service", "ExecStartPost")
    program, *words = shlex.split(line.replace("%S", str(tmp_path)))
    subprocess.run([Path(program).name, *words], check=True, timeout=200)
    assert {file.name for file in private.iterdir()} == {"lqs-young.backup", "other.txt"}


def test_all_are_kept_equally_short() -> None:
    assert len({hardening(unit) for unit in SERVICES}) == 1
    assert "ProtectSystem=strict" in hardening(SERVICES[0])
