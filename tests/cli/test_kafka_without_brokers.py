"""What `lqs kafka` tells before it speaks to any broker."""

import subprocess
import sys

import pytest
from tests.cli.calling import Caller


@pytest.mark.parametrize(
    "words", [("topics", "show"), ("topics", "ensure"), ("dead-letters", "list"), ("dead-letters", "replay", "--all")]
)
def test_where_kafka_is_not_used_the_command_says_how_it_would_be(lonely: Caller, words: tuple[str, ...]) -> None:
    ended = lonely.piped("kafka", *words, "--json")
    assert (ended.code, ended.problem["code"]) == (1, "kafka_not_configured")
    assert "LQS_KAFKA_BOOTSTRAP_SERVERS=" in ended.problem["next"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("topics", "ensure", "--partitions", "wok=3"), "did you mean work?"),
        (("topics", "ensure", "--partitions", "work=0"), "a number from 1 to"),
        (("topics", "show", "--partitions", "work"), "a number from 1 to"),
        (("topics", "ensure", "--replicas", "0"), "--replicas"),
        (("dead-letters", "replay"), "--all"),
        (("dead-letters", "replay", "0:1", "--all"), "--all"),
        (("dead-letters", "replay", "seven"), "2:17"),
        (("dead-letters", "list", "--limit", "0"), "--limit"),
    ],
)
def test_wrong_usage_is_told_before_any_broker_is_asked(lonely: Caller, words: tuple[str, ...], told: str) -> None:
    ended = lonely.piped("kafka", *words, LQS_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert ended.code == 2
    assert told in ended.err


def test_a_wrong_setting_of_kafka_is_told_with_its_code(lonely: Caller) -> None:
    extra = '{"no.such.property": "hunter2"}'
    ended = lonely.piped(
        "kafka", "topics", "show", "--json", LQS_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", LQS_KAFKA_EXTRA=extra
    )
    assert (ended.code, ended.problem["code"]) == (1, "kafka_settings_refused")
    assert "no.such.property" in ended.err
    assert "hunter2" not in ended.err + ended.out


def test_who_does_not_use_kafka_does_not_wait_for_its_client_to_load() -> None:
    look = (
        "import sys; from lqs.cli.app import run; import lqs.worker.process, lqs.api.process; "
        "code = run(['kafka', 'topics', '--help']); print(code, 'confluent_kafka' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 False\n")
