"""One or three Kafka nodes that live as long as somebody holds their lock."""

import base64
import fcntl
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from broker.jars import BrokerUnavailable, fetch
from broker.node import Node, Plan, Ports

READY_SECONDS = 120
STARTS = 5
"""How often other ports are tried when one was taken between its choice and its use."""
_PORTS = len(fields(Ports))
_LOOK_SECONDS = 0.1
_TAKEN = "Address already in use"


@dataclass(frozen=True)
class Cluster:
    """Running nodes and their addresses, as `bootstrap.servers` takes them.

    `login_servers` wants PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 over SASL_PLAINTEXT.
    """

    nodes: Sequence[Node]

    @property
    def servers(self) -> str:
        """For clients that need no password."""
        return ",".join(f"127.0.0.1:{node.ports.plain}" for node in self.nodes)

    @property
    def login_servers(self) -> str:
        """For clients that log in."""
        return ",".join(f"127.0.0.1:{node.ports.login}" for node in self.nodes)

    @property
    def mutual_servers(self) -> str:
        """For clients that trust it as well, and show a certificate that `broker.node.CLIENTS` vouches for."""
        return ",".join(f"127.0.0.1:{node.ports.mutual}" for node in self.nodes)

    @property
    def token_servers(self) -> str:
        """For clients with a token that the key in `broker.node.ISSUER` signed."""
        return ",".join(f"127.0.0.1:{node.ports.token}" for node in self.nodes)

    @property
    def tls_servers(self) -> str:
        """For clients that trust `broker.node.CERTIFICATE`."""
        return ",".join(f"127.0.0.1:{node.ports.tls}" for node in self.nodes)

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until every node is known to all and a topic can be made on all of them.

        Raises `BrokerUnavailable` when a node ends or the time is over.
        """
        _wait(self.nodes, seconds)

    def stop(self) -> None:
        """Stop all nodes at once, and wait for them."""
        with ThreadPoolExecutor(len(self.nodes)) as threads:
            list(threads.map(Node.stop, self.nodes))


@contextmanager
def cluster(folder: Path, *, nodes: int = 1, users: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A cluster of its own in a new folder, ready; stopped at the end. Raises `BrokerUnavailable`."""
    with held(folder / "users.lock"):
        started = start(folder, nodes=nodes, users=users or {})
        try:
            yield started
        finally:
            started.stop()


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Be one of those for whom the nodes of this lock live."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def start(folder: Path, *, nodes: int, users: Mapping[str, str]) -> Cluster:
    """Start a cluster for whoever holds the lock `users.lock` in its folder, the caller among them."""
    jars = fetch()
    for attempt in range(STARTS):
        plan = Plan(
            jars=jars,
            lock=folder / "users.lock",
            cluster_id=_cluster_id(),
            ports=_free_ports(nodes),
            users=users,
        )
        made = Cluster([Node(plan, number, folder / f"{attempt}-node-{number}") for number in range(1, nodes + 1)])
        try:
            with ThreadPoolExecutor(nodes) as threads:
                list(threads.map(Node.format, made.nodes))
            for node in made.nodes:
                node.start()
            made.wait_until_ready()
        except BrokerUnavailable:
            made.stop()
            if not any(node.log.exists() and _TAKEN in node.log.read_text(errors="replace") for node in made.nodes):
                raise
        except BaseException:
            made.stop()
            raise
        else:
            return made
    raise BrokerUnavailable(f"{STARTS} times in a row somebody took the ports that were free a moment before")


def _cluster_id() -> str:
    """A random one that Kafka's tools do not take for an option."""
    while (made := base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")).startswith("-"):
        continue
    return made


def _free_ports(nodes: int) -> list[Ports]:
    with ExitStack() as probes:
        free = []
        for _ in range(_PORTS * nodes):
            probe = probes.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            free.append(int(probe.getsockname()[1]))
    return [Ports(*free[_PORTS * index : _PORTS * (index + 1)]) for index in range(nodes)]


def _wait(nodes: Sequence[Node], seconds: float) -> None:
    deadline = time.monotonic() + seconds

    def until(true: Callable[[], bool]) -> None:
        while not true():
            if ended := [node for node in nodes if not node.lives()]:
                raise BrokerUnavailable(f"a node ended: {ended[0].log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"the nodes were not ready within {seconds:.0f} s")
            time.sleep(_LOOK_SECONDS)

    # A client that is refused waits longer and longer, so nobody knocks before the doors are there.
    until(lambda: all(map(_listens, nodes)))
    servers = ",".join(f"127.0.0.1:{node.ports.plain}" for node in nodes)
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0, "broker.address.family": "v4"})
    until(lambda: _knows_all(admin, len(nodes)))
    until(lambda: _makes_topics(admin, len(nodes)))


def _listens(node: Node) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", node.ports.plain), timeout=1):
            return True
    except OSError:
        return False


def _knows_all(admin: AdminClient, nodes: int) -> bool:
    try:
        return len(admin.list_topics(timeout=2).brokers) == nodes
    except KafkaException:
        return False


def _makes_topics(admin: AdminClient, nodes: int) -> bool:
    """A topic on every node, made and taken away again."""
    name = f"broker-ready-{secrets.token_hex(4)}"
    try:
        admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=nodes)])[name].result(10)
        admin.delete_topics([name])[name].result(10)
    except KafkaException:
        return False
    return True
