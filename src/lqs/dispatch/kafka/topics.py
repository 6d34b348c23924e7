"""The three topics on the brokers: made where they are missing, told of where they differ from their plans.

Importing this module imports the client library.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_admin, reraise, silent, topics_seen
from lqs.dispatch.kafka.topic_plans import DEFAULTS, Drift, TopicName, TopicPlan, TopicState, topic

ANSWER_SECONDS = 20.0
"""How long one question to the brokers may take."""
_LOOK_SECONDS = 0.05
_HEARSAY_SECONDS = 5.0
_REPLICAS_WORTH_TWO_ANSWERS = 3
_IN_SYNC = "min.insync.replicas"


class Topics:
    """Looks after the topics of one prefix. Every call waits for the brokers, and raises `KafkaTrouble`."""

    def __init__(self, access: Access, plans: Mapping[TopicName, TopicPlan] = DEFAULTS) -> None:
        self._access = access
        self._plans = {topic(access.topic_prefix, name): plan for name, plan in plans.items()}
        self._complaints = Complaints(access, silent)
        self._admin: AdminClient = open_admin(access, self._complaints)

    def show(self) -> list[TopicState]:
        """All topics as they are."""
        try:
            found = self._found()
            configurations = self._configurations(list(found))
            return [self._state(name, found.get(name), configurations.get(name, {})) for name in self._plans]
        except KafkaException as error:
            reraise(error, self._access, self._complaints)

    def ensure(self, *, grow: bool = False, replicas: int | None = None) -> list[TopicState]:
        """Make what is missing, with this many replicas or as many as the brokers' default says; then show all.

        A topic that is there is left as it is, but with `grow` it gets the partitions it lacks.
        """
        done: dict[str, list[str]] = {name: [] for name in self._plans}
        try:
            found = self._found()
            for name, plan in self._plans.items():
                if name not in found:
                    done[name] += ["created"] if self._create(name, plan, replicas) else []
                elif grow and len(found[name].partitions) < plan.partitions:
                    self._answer(self._admin.create_partitions([NewPartitions(name, plan.partitions)]))
                    done[name].append("grown")
            changed = {name: self._plans[name].partitions for name, what in done.items() if what}
            self._wait_until_seen(changed)
            self._let_two_answer([name for name, what in done.items() if "created" in what])
        except KafkaException as error:
            reraise(error, self._access, self._complaints)
        return [
            TopicState(one.topic, one.partitions, one.replicas, one.drift, tuple(done[one.topic]))
            for one in self._shown_as_made(done)
        ]

    def _create(self, name: str, plan: TopicPlan, replicas: int | None) -> bool:
        wanted = NewTopic(
            name, num_partitions=plan.partitions, replication_factor=replicas or -1, config=_configuration(plan)
        )
        try:
            self._answer(self._admin.create_topics([wanted], operation_timeout=ANSWER_SECONDS))
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
            return False
        return True

    def _wait_until_seen(self, partitions: Mapping[str, int]) -> None:
        """What one broker was told the others learn a moment later."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            found = self._found()
            if all(name in found and len(found[name].partitions) >= number for name, number in partitions.items()):
                return
            time.sleep(_LOOK_SECONDS)

    def _shown_as_made(self, done: Mapping[str, Collection[str]]) -> list[TopicState]:
        """All topics, once the broker that is asked has heard of what was just done."""

        def unheard(state: TopicState) -> bool:
            differing = {drift.property for drift in state.drift}
            if "grown" in done[state.topic]:
                return "partitions" in differing
            return "created" in done[state.topic] and bool(differing)

        deadline = time.monotonic() + _HEARSAY_SECONDS
        states = self.show()
        while any(map(unheard, states)) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            states = self.show()
        return states

    def _let_two_answer(self, names: Sequence[str]) -> None:
        """A write to a topic of three replicas or more counts when two have it: one may then be lost."""
        found = self._found()
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[ConfigEntry(_IN_SYNC, "2", incremental_operation=AlterConfigOpType.SET)],
            )
            for name in names
            if name in found and _replicas(found[name]) >= _REPLICAS_WORTH_TWO_ANSWERS
        ]
        if resources:
            self._answer(self._admin.incremental_alter_configs(resources))

    def _found(self) -> dict[str, TopicMetadata]:
        topics = topics_seen(self._admin, self._complaints, seconds=ANSWER_SECONDS)
        return {name: topics[name] for name in self._plans if name in topics}

    def _configurations(self, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
        asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not asked:
            return {}
        answers = self._admin.describe_configs(asked, request_timeout=ANSWER_SECONDS)
        return {
            resource.name: {name: str(entry.value) for name, entry in answer.result().items()}
            for resource, answer in answers.items()
        }

    def _state(self, name: str, found: TopicMetadata | None, configuration: Mapping[str, str]) -> TopicState:
        if found is None:
            return TopicState(name, None, None)
        plan, partitions, replicas = self._plans[name], len(found.partitions), _replicas(found)
        drift = [
            Drift(key, planned, configuration[key])
            for key, planned in _configuration(plan, replicas).items()
            if key in configuration and configuration[key] != planned
        ]
        if partitions < plan.partitions:
            drift.append(Drift("partitions", str(plan.partitions), str(partitions)))
        return TopicState(name, partitions, replicas, tuple(drift))

    def _answer(self, futures: Mapping[Any, Future[Any]]) -> None:
        for future in futures.values():
            future.result(ANSWER_SECONDS)


def _replicas(found: TopicMetadata) -> int:
    return min(len(partition.replicas) for partition in found.partitions.values())


def _configuration(plan: TopicPlan, replicas: int = 1) -> dict[str, str]:
    two = {_IN_SYNC: "2"} if replicas >= _REPLICAS_WORTH_TWO_ANSWERS else {}
    largest = {"max.message.bytes": str(plan.largest_bytes)} if plan.largest_bytes else {}
    return {"cleanup.policy": "delete", "retention.ms": str(plan.retention_ms), **largest, **two}
