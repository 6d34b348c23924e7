"""The OpenAPI document: what FastAPI knows of the routes, and all that a caller is told beside it."""

from collections.abc import Iterator
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lqs.api import document_words as words
from lqs.api import schemas
from lqs.api.document_examples import answer_example, body_example
from lqs.api.filters import draw_body
from lqs.api.representation import documented_origin
from lqs.domain.entity_type import EntityType

_INT32 = 2**31 - 1
_ENDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS = {"uuid": 36, "date-time": 40}

Json = dict[str, Any]


def document_of(api: FastAPI, types: list[EntityType]) -> Json:
    """The whole document, in an order that only a change of the API changes."""
    document = get_openapi(
        title=api.title,
        version=api.version,
        summary=words.SUMMARY,
        description=api.description,
        routes=api.routes,
        contact=words.CONTACT,
        license_info=words.LICENCE,
        servers=words.SERVERS,
    )
    used = dict.fromkeys(tag for _, _, one in _operations(document) for tag in one["tags"])
    document["tags"] = [{"name": name, "description": words.tag(name, types)} for name in sorted(used)]
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_models(types))
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["schemas"] = dict(sorted(components["schemas"].items()))
    for name in ("GenerationRequest", "Restarted"):
        components["schemas"][name]["properties"]["entities"]["items"] = _any_entity(types)
    components["headers"] = words.HEADERS
    components["securitySchemes"] = {"api_key": words.API_KEY}
    told = words.Told(types)
    for path, method, operation in _operations(document):
        _complete(path, method, operation, told)
    _bound(document)
    return document


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _complete(path: str, method: str, operation: Json, told: words.Told) -> None:
    name, responses = operation["operationId"], operation["responses"]
    # FastAPI adds an error shape of its own, with which nothing here ever answers.
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    keyless = path.startswith(words.KEYLESS)
    operation["security"] = [] if keyless else [{"api_key": []}]
    operation["parameters"] = _parameters(path, operation.get("parameters", []))
    if not operation["parameters"]:
        del operation["parameters"]
    for status, response in responses.items():
        headers = (*words.EVERYWHERE, *(() if keyless else words.COUNTED), *told.headers(name, status))
        response["headers"] = {header: {"$ref": f"#/components/headers/{header}"} for header in headers}
        if "text/plain" in response.get("content", {}):
            response["content"]["text/plain"]["schema"] = words.TEXT
        if links := told.links(name, status):
            response["links"] = links
        if int(status) < 400 and (example := answer_example(told.alike(name), status)):
            response["content"]["application/json"]["examples"] = example
    if example := body_example(told.alike(name)):
        operation["requestBody"]["content"]["application/json"]["examples"] = example
    operation["responses"] = dict(sorted(responses.items()))


def _parameters(path: str, declared: list[Json]) -> list[Json]:
    """All of them with their words; those of the address as they are read by hand."""
    found = [parameter for parameter in declared if parameter["in"] != "path"]
    for parameter in found:
        schema = parameter["schema"]
        # What is absent is not null.
        if "anyOf" in schema:
            [only] = [choice for choice in schema.pop("anyOf") if choice.get("type") != "null"]
            parameter["schema"] = schema = only | schema
        schema.pop("title", None)
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        # A default as it is written in an address is the text of what the schema calls a number.
        if schema.get("type") == "integer" and isinstance(schema.get("default"), str):
            schema["default"] = int(schema["default"])
        if schema.get("default") == "":
            del schema["default"]
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, **words.path_parameter(name)} for name in names] + found


def _bound(value: Any) -> None:
    """What follows from what is said already: the width of a number, the length of an id or a time."""
    if isinstance(value, list):
        for member in value:
            _bound(member)
    elif isinstance(value, dict):
        kind = value.get("type")
        if kind == "integer" and "const" in value:
            value |= {"minimum": value["const"], "maximum": value["const"]}
        if kind == "integer" and (ends := {name: value[name] for name in _ENDS if name in value}):
            value["format"] = "int32" if all(-_INT32 <= end <= _INT32 for end in ends.values()) else "int64"
        if value.get("format") in _LENGTHS and (kind == "string" or isinstance(kind, list)):
            value["maxLength"] = _LENGTHS[value["format"]]
        for member in value.values():
            _bound(member)


def _any_entity(types: list[EntityType]) -> Json:
    references = [{"$ref": f"#/components/schemas/{kind.entity_model.__name__}"} for kind in types]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _models(types: list[EntityType]) -> Json:
    """The models that are read and written by hand, of which FastAPI knows nothing."""
    inputs: list[type[BaseModel]] = [
        schemas.CancelBody,
        schemas.CreateKeyBody,
        schemas.ChangeBody,
        schemas.BulkBody,
        schemas.RetryBody,
        schemas.NoBody,
        schemas.RequeueBody,
        *map(schemas.generate_body, types),
        *map(draw_body, types),
    ]
    outputs: list[type[BaseModel]] = [
        schemas.Error,
        schemas.BulkPreview,
        *(entity_type.entity_model for entity_type in types),
    ]
    modes: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in inputs),
        *((model, "serialization") for model in outputs),
    ]
    _, definitions = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    found: Json = definitions["$defs"]
    for entity_type in types:
        whole, origin = found[entity_type.entity_model.__name__], documented_origin(entity_type)
        whole["properties"] = origin | whole["properties"] | origin
        whole["required"] = list(dict.fromkeys([*origin, *whole.get("required", [])]))
    return found
