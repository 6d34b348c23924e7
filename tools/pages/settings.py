"""The page about settings."""

import json
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from tools.pages.text import code, page, table

from lqs.settings import CLIENT_VARIABLES, PREFIX, Settings

SECTIONS = {
    "database_url": "Database",
    "api_host": "API",
    "generator": "Generator",
    "worker_metrics_port": "Worker",
    "slot_timeout_seconds": "Generation requests",
    "rate_create_per_minute": "Limits of callers",
    "kafka_bootstrap_servers": "Kafka",
    "log_level": "Logs",
    "crash_at": "Tests of faults",
}
"""Headings, by the setting that each begins with."""


def settings_page() -> str:
    """Every environment variable of lqs itself, and where those of OpenTelemetry stand."""
    schema = Settings.model_json_schema()["properties"]
    sections: dict[str, list[tuple[str, ...]]] = {}
    heading = ""
    for name, field in Settings.model_fields.items():
        heading = SECTIONS.get(name, heading)
        row = (code(PREFIX + name.upper()), _default(field), _takes(schema[name]), field.description or "")
        sections.setdefault(heading, []).append(row)
    head = ("variable", "unless set", "takes", "")
    client = table(("variable", ""), [(code(name), words) for name, words in CLIENT_VARIABLES.items()])
    return page(
        "Settings",
        "Settings are environment variables, read and checked when a process starts: a wrong or unknown one stops it "
        "with a sentence that names it. The API and the workers read the same ones. Their units are in their names. "
        "The standard variables of OpenTelemetry (`OTEL_...`) are read, too: "
        "[Trace a generation request](../how-to/trace-and-measure.md).",
        *(f"## {heading}\n\n{table(head, rows)}" for heading, rows in sections.items()),
        "## Client library and command line\n\nThey come before [profiles](../how-to/use-the-command-line.md).\n\n"
        + client,
    )


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        if field.default_factory is dict:
            return code("{}")
        return (field.default_factory.__doc__ or "").partition(": ")[2].rstrip(".")
    if field.default is None or field.default is PydanticUndefined:
        return "unset"
    return code(field.default)


def _takes(schema: dict[str, Any]) -> str:
    [kind, *_] = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    if "$ref" in kind:
        return "the name of a place"
    if words := kind.get("enum"):
        return ", ".join(code(word) for word in words)
    match kind.get("type"):
        case "integer" | "number":
            return _range(kind)
        case "object":
            return "JSON"
        case _:
            return {"path": "a path", "password": "a secret"}.get(kind.get("format", ""), "text")


def _range(kind: dict[str, Any]) -> str:
    noun = "a whole number" if kind["type"] == "integer" else "a number"
    least, above, most = kind.get("minimum"), kind.get("exclusiveMinimum"), kind.get("maximum")
    parts = (
        [f"from {_number(least)}"] if least is not None else [f"above {_number(above)}"] if above is not None else []
    )
    parts += [f"to {_number(most)}"] if most is not None else []
    return " ".join([noun, *parts])


def _number(value: float) -> str:
    return json.dumps(int(value) if value == int(value) else value)
