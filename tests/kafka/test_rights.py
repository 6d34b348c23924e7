"""The least rights that `run-on-kafka.md` lists suffice: everybody does their work with them, and nothing else."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from pydantic import SecretStr
from tests.kafka.users import PASSWORDS
from tests.kafka.work import PLANS, everything, put, settings_for

from broker.shared import Address
from house import House
from lqs.cli.kafka_replay import replay_all
from lqs.dispatch.kafka.access import Access, Login
from lqs.dispatch.kafka.brokers import Complaints, open_admin, open_consumer, silent
from lqs.dispatch.kafka.dead_letters import UnreadMessages
from lqs.dispatch.kafka.outgoing import Sender
from lqs.dispatch.kafka.records import Outgoing
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.kafka.topics import Topics
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble
from lqs.domain.generation_request import Status
from lqs.observability.telemetry import Telemetry
from shift import Hand, at_work

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-on-kafka.md"
ROW = re.compile(r"^\| ([^|]+) \| (topic|group) ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
USERS = {
    "worker": "worker",
    "whoever runs `lqs kafka topics ensure`": "topics",
    "whoever runs `lqs kafka dead-letters`": "operator",
    "other teams": "reader",
}
OPERATIONS = {
    **{name.title(): getattr(AclOperation, name.upper()) for name in ("read", "write", "create", "describe", "alter")},
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
    "AlterConfigs": AclOperation.ALTER_CONFIGS,
}


def listed_rights(access: Access) -> Iterator[AclBinding]:
    """The table of the page, for the topics and the groups of a test."""
    for who, kind, name, rights in ROW.findall(PAGE.read_text(encoding="utf-8")):
        meant = {"`lqs-workers`": access.group_id, "of their own": f"{access.group_id}-readers"}.get(name)
        meant = meant or name.strip("`").replace("lqs.", f"{access.topic_prefix}.")
        pattern = ResourcePatternType.PREFIXED if meant.endswith("*") else ResourcePatternType.LITERAL
        for right in rights.split(", "):
            yield AclBinding(
                ResourceType.TOPIC if kind == "topic" else ResourceType.GROUP,
                meant.rstrip("*"), pattern, f"User:{USERS[who]}", "*", OPERATIONS[right], AclPermissionType.ALLOW,
            )  # fmt: skip


@pytest.fixture
def given(access: Access) -> Access:
    """Everybody has the rights of the page, for the topics of this test."""
    admin = open_admin(access, Complaints(access, silent))
    bindings = list(listed_rights(access))
    assert {binding.principal for binding in bindings} == {f"User:{user}" for user in USERS.values()}
    for answer in admin.create_acls(bindings).values():
        answer.result(30)
    return access


def as_user(access: Access, broker: Address, name: str) -> Access:
    login = Login("SCRAM-SHA-512", name, SecretStr(PASSWORDS[name]))
    return replace(access, bootstrap_servers=broker.login_servers, security_protocol="SASL_PLAINTEXT", login=login)


def login_settings(access: Access) -> dict[str, str]:
    assert access.login is not None
    assert access.login.username is not None
    return {
        **settings_for(access),
        "kafka_security_protocol": access.security_protocol,
        "kafka_sasl_mechanism": access.login.mechanism,
        "kafka_sasl_username": access.login.username,
        "kafka_sasl_password": PASSWORDS[access.login.username],
    }


@pytest.mark.timeout(400)
async def test_everybody_does_their_work_with_the_rights_of_the_page(
    house: House, given: Access, broker: Address, eventually
) -> None:
    topics = Topics(as_user(given, broker, "topics"), PLANS)
    assert [one.done for one in topics.ensure()] == [("created",)] * 3
    assert [one.drift for one in topics.show()] == [()] * 3

    worker = as_user(given, broker, "worker")
    async with at_work(house.url, Hand.opened(), **login_settings(worker), poll_seconds=60) as shift:

        async def named() -> bool:
            """What a worker finds by its first look is not named to it; so something more comes in until one is."""
            if not shift.heard("slots.named"):
                asked.append(await house.submit())
            return bool(shift.heard("slots.named"))

        async def kept() -> bool:
            return bool(shift.heard("message.refused"))

        async def nothing_waits() -> bool:
            return await house.rows("SELECT 1 FROM unpublished_events LIMIT 1") == []

        request_id = await house.submit(2)
        asked = [request_id]
        put(given, [b"nobody can read this"])
        await eventually(named, seconds=90)
        await eventually(kept, seconds=90)
        await eventually(lambda: _status(house, request_id), equals=Status.COMPLETED, seconds=90)
        await eventually(nothing_waits, seconds=90)

    reader = replace(as_user(given, broker, "reader"), group_id=f"{given.group_id}-readers")
    assert await asyncio.to_thread(read_one, reader) in {str(one).encode() for one in asked}

    operator = as_user(given, broker, "operator")
    [unread] = await asyncio.to_thread(UnreadMessages(operator).newest, 10)
    assert unread.value == b"nobody can read this"
    assert (await asyncio.to_thread(replay_all, operator, False)).left == []
    assert everything(given).count(b"nobody can read this") == 2


async def test_without_a_right_it_is_told_as_such(given: Access, broker: Address) -> None:
    Topics(given, PLANS).ensure()
    reader = as_user(given, broker, "reader")
    sender = Sender(reader, Telemetry())
    sent = await sender.send([Outgoing(topic(given.topic_prefix, TopicName.EVENTS), b"k", b"forged", [])])
    await sender.close()
    assert sent.unsent == {0}
    assert (sent.reason or "").startswith("this user may not do that on Kafka")
    with pytest.raises(KafkaTrouble) as refusal:
        Topics(as_user(given, broker, "worker"), PLANS).show()
    assert refusal.value.code is KafkaCode.NOT_ALLOWED


async def _status(house: House, request_id) -> Status:
    return (await house.read(request_id)).status


def read_one(access: Access) -> bytes | None:
    consumer = open_consumer(access, Complaints(access, silent))
    consumer.subscribe([topic(access.topic_prefix, TopicName.EVENTS)])
    try:
        [message] = consumer.consume(1, timeout=60)
        assert message.error() is None
        return message.key()
    finally:
        consumer.close()
