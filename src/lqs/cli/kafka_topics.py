"""`lqs kafka topics`: make the topics where they are missing, and show what they are like."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Annotated

import typer

from lqs.cli.arguments import WrongUsage, check_word, new_app
from lqs.cli.operate import JsonOption
from lqs.cli.plain import clean, columns
from lqs.cli.program import command
from lqs.cli.starting import sentences
from lqs.dispatch.kafka.topic_plans import DEFAULTS, TopicName, TopicPlan, TopicState

app = new_app("Make the topics where they are missing, and show what they are like.")

PartitionsOption = Annotated[
    list[str] | None,
    typer.Option("--partitions", metavar="TOPIC=NUMBER", help="Such as work=48; repeat for more topics."),
]


@app.command()
def ensure(
    partitions: PartitionsOption = None,
    grow: Annotated[bool, typer.Option("--grow", help="Give a topic that is there the partitions it lacks.")] = False,
    replicas: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Copies of a new topic; unless given, as the brokers see fit.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make every topic that is missing; one that is there is left as it is, and told of where it differs."""
    plans = _plans(partitions or [])
    with sentences():
        from lqs.cli.kafka_access import kafka_of_the_settings
        from lqs.dispatch.kafka.topics import Topics

        states = Topics(kafka_of_the_settings(), plans).ensure(grow=grow, replicas=replicas)
    _tell(states, as_json=as_json)


@app.command()
def show(partitions: PartitionsOption = None, as_json: JsonOption = False) -> None:
    """Show every topic, and where it is not as planned."""
    plans = _plans(partitions or [])
    with sentences():
        from lqs.cli.kafka_access import kafka_of_the_settings
        from lqs.dispatch.kafka.topics import Topics

        states = Topics(kafka_of_the_settings(), plans).show()
    _tell(states, as_json=as_json)


def _plans(partitions: Sequence[str]) -> Mapping[TopicName, TopicPlan]:
    plans = dict(DEFAULTS)
    for wish in partitions:
        word, _, number = wish.partition("=")
        check_word("--partitions", word, list(TopicName))
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= _MOST_PARTITIONS:
            raise WrongUsage(f"--partitions {word}=... needs a number from 1 to {_MOST_PARTITIONS}")
        plans[TopicName(word)] = replace(plans[TopicName(word)], partitions=int(number))
    return plans


_MOST_PARTITIONS = 10_000


def _tell(states: Sequence[TopicState], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"topics": [asdict(state) for state in states]}, ensure_ascii=False))
        return
    print(columns(("TOPIC", "PARTITIONS", "REPLICAS", "STATE"), [_row(state) for state in states]))
    sys.stdout.flush()
    if any(state.partitions is None for state in states):
        print(f"  Next: {command('kafka topics ensure')}", file=sys.stderr)
    elif any(one.property == "partitions" for state in states for one in state.drift):
        print(f"  Next: {command('kafka topics ensure --grow')} (adds partitions)", file=sys.stderr)


def _row(state: TopicState) -> tuple[str, ...]:
    if state.partitions is None:
        return (clean(state.topic), "-", "-", "missing")
    differing = [f"{one.property} is {clean(one.found)} instead of {one.planned}" for one in state.drift]
    words = "; ".join([*state.done, *differing]) or "as planned"
    return (clean(state.topic), str(state.partitions), str(state.replicas), words)
