"""One broker for all processes of a test run: the first that wants it starts it, the last that goes takes it along."""

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from broker.cluster import held, start
from broker.jars import BrokerUnavailable

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Address:
    """Where the shared broker answers: to everybody, to a login by password, over TLS, to a certificate, a token."""

    servers: str
    login_servers: str
    tls_servers: str
    mutual_servers: str
    token_servers: str


@contextmanager
def shared_broker(folder: Path, users: Mapping[str, str]) -> Iterator[Address]:
    """The broker of this folder, ready; everybody names the same users, by their passwords.

    Raises `BrokerUnavailable`.
    """
    with held(folder / "users.lock"):
        yield _started_once(folder, users)


def _started_once(folder: Path, users: Mapping[str, str]) -> Address:
    file = folder / "address.json"
    with (folder / "start.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if file.exists():
            address = _read(file)
            if _answers(address):
                return address
        # By a process that ends at once: the broker is a child of none of its users, who come and go.
        starter = [sys.executable, "-m", "broker.shared", str(folder)]
        done = subprocess.run(
            starter, cwd=_ROOT, input=json.dumps(dict(users)), stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise BrokerUnavailable(done.stderr)
        return _read(file)


def _read(file: Path) -> Address:
    return Address(**json.loads(file.read_text(encoding="utf-8")))


def _answers(address: Address) -> bool:
    """Not when all who used it have gone, and it with them."""
    host, port = address.servers.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5):
            return True
    except OSError:
        return False


def _start(folder: Path, users: Mapping[str, str]) -> None:
    cluster = start(folder, nodes=1, users=users)
    address = Address(**{one.name: getattr(cluster, one.name) for one in fields(Address)})
    written = folder / "address.new"
    written.write_text(json.dumps(asdict(address)), encoding="utf-8")
    os.replace(written, folder / "address.json")


if __name__ == "__main__":
    _start(Path(sys.argv[1]), json.load(sys.stdin))
