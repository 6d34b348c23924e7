"""One Kafka node in combined mode: its configuration, its process, and what a test may do to it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from broker.jars import BrokerUnavailable

CERTIFICATE = Path(__file__).parent / "certificate.pem"
"""What the nodes show over TLS, for 127.0.0.1, and so whom to trust; its key in `listener.pem` is no secret."""
CLIENTS = CERTIFICATE.with_name("clients.pem")
"""Who vouches for clients that show a certificate."""
ISSUER = CERTIFICATE.with_name("issuer.json")
"""The key by which tokens are known to be of the issuer."""
TOKENS = MappingProxyType({"issuer": "https://issuer.test", "audience": "kafka"})
"""What a token has to say of its issuer and of whom it is for."""
FORMAT_SECONDS = 60
STOP_SECONDS = 30

_JAVA = (
    "-Xms96m",
    "-Xmx320m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={ISSUER.as_uri()}",
    f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.files={ISSUER}",
)
_BEARER = "org.apache.kafka.common.security.oauthbearer"
_OAUTH_LISTENER = "listener.name.token.oauthbearer"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a node listens on 127.0.0.1.

    For clients, for those that log in, over TLS, for those that show a certificate or a token, for the other nodes.
    """

    plain: int
    login: int
    tls: int
    mutual: int
    token: int
    controller: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What all nodes of a cluster agree on.

    `users`: passwords by user name; they log in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512,
    and have no rights but those that somebody gives them. `lock`: the nodes live as long as
    somebody holds it.
    """

    jars: Path
    lock: Path
    cluster_id: str
    ports: Sequence[Ports]
    users: Mapping[str, str]


@dataclass
class Node:
    """A node that was formatted; `number` counts from 1."""

    plan: Plan
    number: int
    folder: Path
    _keeper: subprocess.Popen[str] | None = field(default=None, repr=False)
    pid: int = 0

    @property
    def ports(self) -> Ports:
        """Its own."""
        return self.plan.ports[self.number - 1]

    def format(self) -> None:
        """Prepare its folder. Raises `BrokerUnavailable`."""
        self.folder.mkdir(parents=True)
        self._properties.write_text(
            "".join(f"{name}={value}\n" for name, value in _configuration(self).items()), encoding="utf-8"
        )
        users = [
            part
            for name, password in self.plan.users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for part in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]
        tool = self._java("kafka.tools.StorageTool", "format", "-t", self.plan.cluster_id, "-c", str(self._properties))
        done = subprocess.run([*tool, *users], capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False)
        if done.returncode:
            raise BrokerUnavailable(f"node {self.number} could not be formatted: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start its process, whether it ran before or not; it is not ready yet when this returns."""
        keeper = [sys.executable, "-m", "broker.keeper", str(self.plan.lock), str(self.folder)]
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [*keeper, *self._java("kafka.Kafka", str(self._properties))],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as said:
            self.pid = int(said.readline())

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "node.log"

    def lives(self) -> bool:
        """Whether its process is there."""
        return self._keeper is not None and self._keeper.poll() is None

    def stop(self) -> None:
        """Ask it to stop, and wait until it is gone; a node that does not is ended at once."""
        self.signal(signal.SIGTERM)
        if not self._gone(STOP_SECONDS):
            self.kill()

    def kill(self) -> None:
        """End it without a warning, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._gone(STOP_SECONDS)

    def freeze(self) -> None:
        """Let it stand still."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process, if it is there."""
        if self.lives():
            os.kill(self.pid, number)

    def _gone(self, seconds: float) -> bool:
        if self._keeper is None:
            return True
        try:
            self._keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def _properties(self) -> Path:
        return self.folder / "node.properties"

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        return [shutil.which("java") or "java", *_JAVA, "-cp", f"{self.plan.jars}/*", main_class, *arguments]


def _plain(users: Mapping[str, str]) -> str:
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    return f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"


def _configuration(node: Node) -> Mapping[str, object]:
    """Small in everything, and quick to notice what is gone; facts from the broker's own configuration reference."""
    ports, count = node.ports, len(node.plan.ports)
    voters = ",".join(f"{number}@127.0.0.1:{one.controller}" for number, one in enumerate(node.plan.ports, start=1))
    listeners = {
        "PLAINTEXT": ports.plain, "LOGIN": ports.login, "TLS": ports.tls, "MUTUAL": ports.mutual, "TOKEN": ports.token
    }  # fmt: skip
    clients = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
    return {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{clients},CONTROLLER://127.0.0.1:{ports.controller}",
        "advertised.listeners": clients,
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SSL,"
        "MUTUAL:SSL,TOKEN:SASL_PLAINTEXT",
        "listener.name.tls.ssl.keystore.type": "PEM",
        "listener.name.tls.ssl.keystore.location": CERTIFICATE.with_name("listener.pem"),
        "listener.name.mutual.ssl.keystore.type": "PEM",
        "listener.name.mutual.ssl.keystore.location": CERTIFICATE.with_name("listener.pem"),
        "listener.name.mutual.ssl.truststore.type": "PEM",
        "listener.name.mutual.ssl.truststore.location": CLIENTS,
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
        f"{_OAUTH_LISTENER}.sasl.jaas.config": f"{_BEARER}.OAuthBearerLoginModule required;",
        f"{_OAUTH_LISTENER}.sasl.server.callback.handler.class": f"{_BEARER}.OAuthBearerValidatorCallbackHandler",
        f"{_OAUTH_LISTENER}.sasl.oauthbearer.jwks.endpoint.url": ISSUER.as_uri(),
        f"{_OAUTH_LISTENER}.sasl.oauthbearer.expected.issuer": TOKENS["issuer"],
        f"{_OAUTH_LISTENER}.sasl.oauthbearer.expected.audience": TOKENS["audience"],
        "listener.name.login.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.login.plain.sasl.jaas.config": _plain(node.plan.users),
        "listener.name.login.scram-sha-256.sasl.jaas.config": _SCRAM,
        "listener.name.login.scram-sha-512.sasl.jaas.config": _SCRAM,
        # Who does not log in may do everything, who does only what it was given rights for.
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "log.dirs": node.folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": count,
        "offsets.topic.replication.factor": count,
        "offsets.topic.num.partitions": 1 if count == 1 else 3,
        "transaction.state.log.replication.factor": count,
        "transaction.state.log.min.isr": min(2, count),
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": count,
        "share.coordinator.state.topic.min.isr": min(2, count),
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "group.consumer.min.session.timeout.ms": 6000,
        "group.consumer.session.timeout.ms": 6000,
        "group.consumer.min.heartbeat.interval.ms": 1000,
        "group.consumer.heartbeat.interval.ms": 1000,
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 4_194_304,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
        "controlled.shutdown.enable": "true" if count > 1 else "false",
    }
