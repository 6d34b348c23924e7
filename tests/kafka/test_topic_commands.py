"""`lqs kafka topics` on a real broker."""

from pathlib import Path

from tests.cli.calling import Caller

from lqs.dispatch.kafka.access import Access


def test_operators_make_the_topics_and_see_where_they_differ(access: Access, tmp_path: Path) -> None:
    caller = Caller(tmp_path)
    caller.environment |= {
        "LQS_KAFKA_BOOTSTRAP_SERVERS": access.bootstrap_servers,
        "LQS_KAFKA_TOPIC_PREFIX": access.topic_prefix,
    }
    missing = caller.piped("kafka", "topics", "show")
    assert (missing.code, missing.out.count("missing")) == (0, 3)
    assert "kafka topics ensure" in missing.err

    small = [word for name in ("work", "events", "dlq") for word in ("--partitions", f"{name}=1")]
    made = caller.piped("kafka", "topics", "ensure", *small, "--json").last_object["topics"]
    assert [(one["topic"], one["partitions"], one["done"]) for one in made] == [
        (f"{access.topic_prefix}.{name}", 1, ["created"]) for name in ("work", "events", "dlq")
    ]

    shown = caller.piped("kafka", "topics", "show", "--partitions", "work=2")
    assert "partitions is 1 instead of 2" in shown.out
    assert "--grow" in shown.err
    grown = caller.piped("kafka", "topics", "ensure", "--grow", "--partitions", "work=2", "--json")
    assert grown.last_object["topics"][0]["done"] == ["grown"]
