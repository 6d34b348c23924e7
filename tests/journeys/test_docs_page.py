"""The page at /docs in a real browser: everything is there, nothing was blocked, nothing was asked of anybody else."""

import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from chromium import program
from running import Service


def test_the_page_shows_every_operation_and_asks_nobody_else(service: Service, tmp_path: Path) -> None:
    shown = subprocess.run(
        [
            program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={tmp_path / 'net.json'}",
            "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", f"{service.url}/docs",
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )  # fmt: skip

    document = httpx.get(f"{service.url}/openapi.json").json()
    summaries = {one["summary"] for methods in document["paths"].values() for one in methods.values()}
    missing = {summary for summary in summaries if summary not in shown.stdout}
    assert missing == set()
    assert "CONSOLE" not in shown.stderr, shown.stderr
    assert asked(tmp_path / "net.json") == {urlsplit(service.url).netloc}


def asked(log: Path) -> set[str]:
    """Hosts that the browser's network log says were asked for something."""
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    urls = {event["params"]["url"] for event in events if "url" in event.get("params", {})}
    return {urlsplit(url).netloc for url in urls if urlsplit(url).scheme in {"http", "https"}}
