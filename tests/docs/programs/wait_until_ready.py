"""Waits until what serves is ready, then prints what it said. Arguments: its process, its log, its command."""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path

READY_SECONDS = 90

process, log, command = sys.argv[1], Path(sys.argv[2]), sys.argv[3]


def is_ready() -> bool:
    if command.endswith(" up"):
        return "Try it in another terminal" in log.read_text(encoding="utf-8")
    url = os.environ.get("LQS_API_URL") or f"http://127.0.0.1:{os.environ['LQS_API_PORT']}"
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310  # its own service
            return not command.endswith(" worker") or json.load(answer)["workers_alive"] > 0
    except OSError:
        return False


deadline = time.monotonic() + READY_SECONDS
while not is_ready():
    if time.monotonic() > deadline or not Path(f"/proc/{process}").exists():
        sys.exit(f"{command} did not get ready:\n{log.read_text(encoding='utf-8')}")
    time.sleep(0.1)
sys.stdout.write(log.read_text(encoding="utf-8"))
