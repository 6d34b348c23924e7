"""What others are told has the shape that `schemas/events/` promises them, for every type of event there is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from house import House, failed, generated, retrying
from lqs.dispatch.kafka.cloud_events import cloud_event
from lqs.dispatch.kafka.records import Outgoing
from lqs.domain.generation_request import EventType
from lqs.lifecycle.change import Changes, change
from lqs.storage import publication

FOLDER = Path(__file__).parents[2] / "schemas" / "events"
SCHEMAS: Mapping[str, Any] = {
    schema["$id"]: schema for schema in (json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json"))
}
EXAMPLES = sorted((FOLDER / "examples").glob("*.json"))


def closed(schema: Any) -> Any:
    """The same schema without room for anything that it does not name; metadata are the caller's own."""
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.get("properties", {}).items()}
    open_ = schema.get("additionalProperties")
    return {**schema, "properties": inner, "additionalProperties": False} if open_ is True else schema


def checked(record: Outgoing, schemas: Mapping[str, Any]) -> str:
    """The type of an event whose data fits the schema that it names."""
    headers = {name: value.decode() for name, value in record.headers}
    schema = schemas[headers["ce_dataschema"]]
    data = json.loads(record.value)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(data)
    assert headers["ce_type"] in schema["description"]
    assert sum(data["counts"].values()) == data["requested_count"]
    return headers["ce_type"]


async def live_through_everything(house: House) -> None:
    """Everything that can happen to a generation request happens."""
    first, worker_id, [one, two, three] = await house.claimed(3)
    await house.settle(worker_id, generated(one), retrying(two), failed(three))
    await house.wait_is_over(first)
    await house.promote()
    await house.claim(worker_id)
    await house.hand_back(worker_id)
    [two] = (await house.claim(worker_id)).slots
    await house.kill(worker_id)
    await house.rescue()
    await house.settle(worker_id, generated(two))
    other = await house.worker()
    [two] = (await house.claim(other)).slots
    await house.settle(other, generated(two))
    await house.retry(first)
    await house.abort(first)
    await change(house.database, first, Changes(metadata={"lesson": "A1-7"}), owner_id=house.owner_id)

    second, _, [slot] = await house.claimed()
    await house.cancel(second)
    await house.settle(other, retrying(slot))

    third, worker_id, [slot] = await house.claimed()
    await house.cancel(third)
    await house.settle(worker_id, generated(slot))
    _, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, failed(slot))


async def everything_told(house: House) -> list[Outgoing]:
    async with house.database.transaction() as connection:
        await publication.want(connection, kept_seconds=3600)
    await live_through_everything(house)
    async with house.database.acquire() as connection:
        return [cloud_event(event, "events") for event in await publication.next_events(connection, batch=1000)]


async def test_events_of_every_type_fit_their_schema_and_have_nothing_that_it_does_not_name(house: House) -> None:
    exact = {name: closed(schema) for name, schema in SCHEMAS.items()}
    types = {checked(record, exact) for record in await everything_told(house)}
    assert types == set(EventType)


async def test_the_event_of_a_generated_slot_names_its_entity(house: House) -> None:
    told = [json.loads(record.value or b"") for record in await everything_told(house)]
    named = {(one["request_id"], one["slot_index"], one["entity_id"]) for one in told if one.get("entity_id")}
    stored = await house.rows("SELECT generation_request_id AS request, slot_index, id FROM entities")
    assert named == {(str(row["request"]), row["slot_index"], str(row["id"])) for row in stored}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_what_was_told_once_still_fits(example: Path) -> None:
    """Within a version of a schema nothing is taken back: these are never changed, only added to."""
    stored = json.loads(example.read_text(encoding="utf-8"))
    record = Outgoing(
        stored["topic"],
        stored["key"].encode(),
        json.dumps(stored["value"]).encode(),
        [(name, value.encode()) for name, value in stored["headers"].items()],
    )
    assert checked(record, SCHEMAS) == example.stem


def test_there_is_an_example_of_every_schema() -> None:
    named = {json.loads(file.read_text(encoding="utf-8"))["headers"]["ce_dataschema"] for file in EXAMPLES}
    assert named == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_readers_are_told_to_expect_more_than_is_there_now(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["additionalProperties"] is True
    assert "ignore" in SCHEMAS[name]["description"]
