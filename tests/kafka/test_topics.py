"""The topics are made once, left alone when they are there, and told of where they differ."""

import pytest
from confluent_kafka.admin import NewTopic

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_admin, silent
from lqs.dispatch.kafka.topic_plans import DEFAULTS, Drift, TopicName, TopicPlan, topic
from lqs.dispatch.kafka.topics import Topics

SMALL = {name: TopicPlan(name, partitions=2, retention_ms=3_600_000) for name in TopicName}


def make_by_hand(access: Access, name: TopicName, *, partitions: int) -> None:
    admin = open_admin(access, Complaints(access, silent))
    whole = topic(access.topic_prefix, name)
    admin.create_topics([NewTopic(whole, num_partitions=partitions, replication_factor=1)])[whole].result(30)


def test_what_is_missing_is_made_and_told_as_it_is(access: Access) -> None:
    states = Topics(access).ensure()
    assert [(one.topic, one.partitions, one.replicas, one.drift, one.done) for one in states] == [
        (f"{access.topic_prefix}.work", 24, 1, (), ("created",)),
        (f"{access.topic_prefix}.events", 12, 1, (), ("created",)),
        (f"{access.topic_prefix}.dlq", 3, 1, (), ("created",)),
    ]


def test_making_the_topics_again_does_nothing(access: Access) -> None:
    Topics(access, SMALL).ensure()
    again = Topics(access, SMALL).ensure()
    assert [(one.partitions, one.drift, one.done) for one in again] == [(2, (), ())] * 3


def test_a_missing_topic_is_shown_as_missing_and_not_made(access: Access) -> None:
    make_by_hand(access, TopicName.WORK, partitions=2)
    assert [one.partitions for one in Topics(access, SMALL).show()] == [2, None, None]
    assert [one.partitions for one in Topics(access, SMALL).show()] == [2, None, None]


def test_a_topic_that_is_there_is_left_as_it_is_and_told_of_where_it_differs(access: Access) -> None:
    make_by_hand(access, TopicName.WORK, partitions=1)
    work, *_ = Topics(access, SMALL).ensure()
    assert (work.partitions, work.done) == (1, ())
    assert set(work.drift) == {Drift("retention.ms", "3600000", "604800000"), Drift("partitions", "2", "1")}


def test_partitions_are_added_only_when_somebody_asks_for_it(access: Access) -> None:
    make_by_hand(access, TopicName.WORK, partitions=1)
    work, *_ = Topics(access, SMALL).ensure(grow=True)
    assert (work.partitions, work.done) == (2, ("grown",))


def test_more_partitions_than_planned_are_no_difference(access: Access) -> None:
    make_by_hand(access, TopicName.WORK, partitions=3)
    work, *_ = Topics(access, SMALL).ensure(grow=True)
    assert (work.partitions, work.done, {one.property for one in work.drift}) == (3, (), {"retention.ms"})


@pytest.mark.parametrize(("name", "days"), [("work", 3), ("events", 14), ("dlq", 30)])
def test_each_topic_keeps_its_messages_for_as_long_as_its_purpose_needs(name: str, days: int) -> None:
    assert DEFAULTS[TopicName(name)].retention_ms == days * 86_400_000
