"""systemd's own judge of units."""

import re
import shutil
import subprocess

_OLDEST = 250
"""The first version that judges units of a system that does not run."""


def is_installed() -> bool:
    """Whether units can be judged here."""
    if not program():
        return False
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"systemd (\d+)", said)
    return version is not None and int(version[1]) >= _OLDEST


def program() -> str:
    """Where it is; empty if it is not installed."""
    return shutil.which("systemd-analyze") or ""
