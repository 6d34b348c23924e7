"""A broker whose port was taken in the last moment tries others; any other trouble is told at once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
JAVA = """#!/bin/sh
case "$*" in
    *-version*) echo 'openjdk version "17.0.1" 2021-10-19' >&2 ;;
    *StorageTool*) ;;
    *)
        echo started >> "$STARTS"
        if [ "$(wc -l < "$STARTS")" -lt 3 ]; then echo "Socket server failed to bind: Address already in use."
        else echo "out of memory"; fi
        exit 1 ;;
esac
"""
START = """
import sys
from pathlib import Path
from broker import jars
from broker.cluster import cluster
jars.home().mkdir(parents=True)
with cluster(Path(sys.argv[1])):
    print("ready")
"""


def test_taken_ports_are_tried_again_and_no_other_trouble_is(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "java").write_text(JAVA, encoding="ascii")
    (programs / "java").chmod(0o755)
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "STARTS": str(tmp_path / "starts"),
    }
    done = subprocess.run(
        [sys.executable, "-c", START, str(tmp_path / "nodes")],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (tmp_path / "starts").read_text() == "started\n" * 3
    assert "BrokerUnavailable: a node ended: out of memory" in done.stderr
