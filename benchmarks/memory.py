"""What a process has held in memory at most. It imports nothing of lqs, so that what is measured can ask, too."""

import re
from pathlib import Path


def most_memory(process: int | str = "self") -> float:
    """The highest resident set of a process, in MB; `getrusage` would tell that of the parent it was forked from."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) / 1024
