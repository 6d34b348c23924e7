"""The jars of Kafka: fetched once with Maven into the user's cache, each of them the one that `jars.sha256` names."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

POM = Path(__file__).parent / "pom.xml"
PINNED = Path(__file__).parent / "jars.sha256"
"""One line a jar, as `sha256sum` writes it."""

OLDEST_JAVA = 17
FETCH_SECONDS = 600
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


class BrokerUnavailable(Exception):
    """No broker can be had here; the message says why, and what to do about it."""


def why_not() -> str | None:
    """Why no broker can be started here without fetching anything first; None when one can."""
    if trouble := _java_trouble():
        return trouble
    if not home().exists():
        return "its jars are not here (python -m broker fetch)"
    return None


def home() -> Path:
    """The folder of the jars that the pins name, whether it is there or not."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pins = hashlib.sha256(PINNED.read_bytes()).hexdigest()
    return caches / "lqs" / f"kafka-{pins[:16]}"


def fetch() -> Path:
    """The folder of the jars, fetched if need be; several callers at once fetch once.

    Raises `BrokerUnavailable`.
    """
    if trouble := _java_trouble():
        raise BrokerUnavailable(trouble)
    folder = home()
    with _alone_in(folder.parent):
        if not folder.exists():
            with _copied(folder.parent) as copied:
                _refuse_others(_sums(copied))
                copied.rename(folder)
    return folder


def pin() -> None:
    """Write down what Maven finds for the POM now; for whoever has changed a version in it."""
    with tempfile.TemporaryDirectory() as folder, _copied(Path(folder)) as copied:
        lines = [f"{digest}  {name}\n" for name, digest in sorted(_sums(copied).items())]
    PINNED.write_text("".join(lines), encoding="ascii")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "kafka.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _copied(parent: Path) -> Iterator[Path]:
    """All jars as Maven has them, in a folder that is gone in the end unless it was renamed."""
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailable("Maven is not installed here, which fetches its jars")
    folder = Path(tempfile.mkdtemp(prefix=".kafka-", dir=parent))
    try:
        # Strict checksums: a jar that is not what its repository says of it fails the fetch.
        _run([maven, "-q", "-B", "-C", "-f", str(POM), _COPY, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BrokerUnavailable(f"Maven did not fetch its jars within {FETCH_SECONDS} s") from None
    if done.returncode:
        said = next((line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line), "nothing")
        raise BrokerUnavailable(f"Maven could not fetch its jars and said: {said}")


def _sums(folder: Path) -> Mapping[str, str]:
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}


def _refuse_others(found: Mapping[str, str]) -> None:
    pinned = {name: digest for digest, name in map(str.split, PINNED.read_text(encoding="ascii").splitlines())}
    if wrong := sorted(name for name in found.keys() | pinned.keys() if found.get(name) != pinned.get(name)):
        raise BrokerUnavailable(f"these jars are not those of {PINNED.name}: {', '.join(wrong)} (python -m broker pin)")


@cache
def _java_trouble() -> str | None:
    java = shutil.which("java")
    if java is None:
        return "Java is not installed here"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        return f"the Java here is older than {OLDEST_JAVA}"
    return None
