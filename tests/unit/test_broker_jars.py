"""The jars of the broker: fetched once, refused when they are others, and a reason in words when they cannot be had."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JAVA = """#!/bin/sh
echo 'openjdk version "17.0.1" 2021-10-19' >&2
"""
MAVEN = """#!/bin/sh
echo called >> "$CALLS"
for word in "$@"; do
    case $word in -DoutputDirectory=*) folder=${word#-DoutputDirectory=} ;; esac
done
printf right > "$folder/one.jar"
printf "$SECOND" > "$folder/two.jar"
exit $ENDS
"""
FETCH = "from broker import jars; from pathlib import Path; jars.PINNED = Path({pinned!r}); {what}"


@pytest.fixture
def room(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Calls the module in a process of its own, with programs that stand in for Java and Maven."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"java": JAVA, "mvn": MAVEN}.items():
        (programs / name).write_text(text, encoding="ascii")
        (programs / name).chmod(0o755)
    pinned = tmp_path / "pinned.sha256"
    lines = [f"{hashlib.sha256(b'right').hexdigest()}  {name}.jar\n" for name in ("one", "two")]
    pinned.write_text("".join(lines), encoding="ascii")

    def call(what: str, *, second: str = "right", ends: int = 0, without: str = "") -> "subprocess.Popen[str]":
        (programs / without).unlink() if without else None
        environment = {
            "PATH": f"{programs}:/bin" if not without else str(programs),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "CALLS": str(tmp_path / "calls"),
            "SECOND": second,
            "ENDS": str(ends),
        }
        return subprocess.Popen(
            [sys.executable, "-c", FETCH.format(pinned=str(pinned), what=what)],
            env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return call


def said(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=200)
    return out + err


def test_several_who_want_them_at_once_fetch_them_once(room, tmp_path: Path) -> None:
    processes = [room("print(sorted(os.listdir(jars.fetch())))".replace("os.", "__import__('os').")) for _ in range(4)]
    assert [said(process) for process in processes] == ["['one.jar', 'two.jar']\n"] * 4
    assert (tmp_path / "calls").read_text() == "called\n"
    assert said(room("print(jars.why_not())")) == "None\n"


def test_jars_that_are_not_the_pinned_ones_are_refused_by_name(room, tmp_path: Path) -> None:
    assert "BrokerUnavailable: these jars are not those of pinned.sha256: two.jar" in said(
        room("jars.fetch()", second="wrong")
    )
    assert [name for name in os.listdir(tmp_path / "cache" / "lqs") if name != "kafka.lock"] == []


def test_a_failed_fetch_is_told_and_leaves_nothing_behind(room, tmp_path: Path) -> None:
    assert "BrokerUnavailable: Maven could not fetch its jars" in said(room("jars.fetch()", ends=1))
    assert [name for name in os.listdir(tmp_path / "cache" / "lqs") if name != "kafka.lock"] == []
    assert "python -m broker fetch" in said(room("print(jars.why_not())"))


@pytest.mark.parametrize(("without", "told"), [("java", "Java is not installed"), ("mvn", "Maven is not installed")])
def test_what_is_missing_here_is_named(room, without: str, told: str) -> None:
    assert told in said(room("jars.fetch()", without=without))
