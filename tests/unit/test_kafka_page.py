"""The page about Kafka names what there is, and all of it."""

import re
from pathlib import Path

import lqs
from lqs.dispatch.kafka.topic_plans import DEFAULTS, topic
from lqs.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "run-on-kafka.md").read_text(encoding="utf-8")
SOURCES = "".join(path.read_text(encoding="utf-8") for path in Path(lqs.__file__).parent.rglob("*.py"))


def test_every_setting_that_it_names_is_one() -> None:
    named = set(re.findall(r"LQS_KAFKA_[A-Z_]*[A-Z]", PAGE))
    assert named <= {f"LQS_{name.upper()}" for name in Settings.model_fields}


def test_its_table_of_topics_is_what_is_made() -> None:
    rows = re.findall(r"^\| `(lqs\.\w+)` \| [^|]+ \| (\d+) \| (\d+) days \|$", PAGE, re.MULTILINE)
    assert rows == [
        (topic("lqs", plan.name), str(plan.partitions), str(plan.retention_ms // 86_400_000))
        for plan in DEFAULTS.values()
    ]


def test_what_it_says_to_watch_is_told() -> None:
    section = PAGE[PAGE.index("## What lag means here") : PAGE.index("## Messages that nobody could read")]
    words = [
        word for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE) for word in re.findall("`([^`]+)`", row)
    ]
    watched = [word for word in words if word not in ("/health/ready", "degraded")]
    assert len(watched) == 6
    assert [word for word in watched if f'"{word}"' not in SOURCES] == []
