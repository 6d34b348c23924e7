"""The OpenAPI document: the file of the repository, and what it promises."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from lqs.api.app import create
from lqs.api.document_examples import ERROR

from .conftest import Api

FILE = Path(__file__).parents[2] / "docs/reference/openapi.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    """The document of the application as it is."""
    return create().openapi()


def operations(document: Json) -> Iterator[Json]:
    for methods in document["paths"].values():
        yield from methods.values()


def objects(value: Any) -> Iterator[Json]:
    """Every object in it, itself first."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from objects(member)


async def test_the_document_of_the_repository_is_what_the_service_tells(api: Api) -> None:
    told = await api.anonymous().get("/openapi.json")

    assert FILE.read_text(encoding="utf-8") == json.dumps(told.json(), indent=2, ensure_ascii=False) + "\n", (
        "The API has changed: write its document anew with `make openapi`, and look at the difference."
    )


def test_every_operation_says_what_it_is_for(document: Json) -> None:
    for operation in operations(document):
        assert operation["summary"], operation["operationId"]
        assert operation["description"], operation["operationId"]
        assert set(operation["tags"]) <= {tag["name"] for tag in document["tags"]}


def test_every_example_is_one_of_its_schema(document: Json) -> None:
    checked = 0
    for place in objects(document):
        examples = place.get("examples")
        for example in examples.values() if isinstance(examples, dict) and "schema" in place else ():
            _validator(document, place["schema"]).validate(example["value"])
            checked += 1
        for value in examples if isinstance(examples, list) else ():
            _validator(document, place).validate(value)
            checked += 1
    _validator(document, {"$ref": "#/components/schemas/Error"}).validate(ERROR["unknown"]["value"])
    assert checked > 20


def test_what_callers_send_has_no_room_for_what_nobody_named(document: Json) -> None:
    for operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for schema in _reached(document, content["schema"]):
                if schema.get("type") == "object":
                    named = schema.get("additionalProperties")
                    assert named is False or isinstance(named, dict), (operation["operationId"], schema)


def test_every_link_leads_to_an_operation_and_names_its_parameters(document: Json) -> None:
    known = {one["operationId"]: {p["name"] for p in one.get("parameters", ())} for one in operations(document)}

    led = set()
    for operation in operations(document):
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                assert set(link["parameters"]) <= known[link["operationId"]]
                led.add((operation["operationId"], link["operationId"]))
    follow = ["get_generation_request", "cancel_generation_request"]
    assert {("generate_problems", one) for one in follow} <= led
    assert ("get_generation_request", "retry_generation_request") in led


def test_every_error_is_told_in_one_shape_and_with_its_headers(document: Json) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
            assert "X-Trace-Id" in response["headers"], (operation["operationId"], status)
            assert ("Retry-After" in response["headers"]) or status not in {"429", "500", "503"}


def _validator(document: Json, schema: Json) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]}, format_checker=FormatChecker())


def _reached(document: Json, schema: Json) -> Iterator[Json]:
    """Every schema that is a part of this one."""
    for place in objects(schema):
        yield place
        if "$ref" in place:
            yield from _reached(document, document["components"]["schemas"][place["$ref"].rpartition("/")[2]])
