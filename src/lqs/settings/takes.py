"""What a setting takes, in words: from its type and its limits, or as its declaration says."""

import json
from collections.abc import Mapping
from typing import Any

TAKES = "takes"
"""Under this name the declaration of a field says in words what it takes, where type and limits do not tell."""


def takes(schema: Mapping[str, Any]) -> str:
    """The words for the JSON schema of a field; what is to be typed as it stands is between backticks."""
    if TAKES in schema:
        return str(schema[TAKES])
    [kind, *_] = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    if "$ref" in kind:
        return "the name of a place"
    if words := kind.get("enum"):
        return ", ".join(f"`{word}`" for word in words)
    if kind.get("type") in ("integer", "number"):
        return _range(kind)
    return {"path": "a path", "password": "a secret"}.get(kind.get("format", ""), "text")


def may_be_repeated(schema: Mapping[str, Any]) -> bool:
    """Whether a wrong value may be shown: a number or a word of a few is no secret, a text may hold one."""
    kinds = schema.get("anyOf", [schema])
    return any("enum" in kind or kind.get("type") in ("integer", "number") for kind in kinds)


def _range(kind: Mapping[str, Any]) -> str:
    noun = "a whole number" if kind["type"] == "integer" else "a number"
    least, above, most = kind.get("minimum"), kind.get("exclusiveMinimum"), kind.get("maximum")
    parts = (
        [f"from {_number(least)}"] if least is not None else [f"above {_number(above)}"] if above is not None else []
    )
    parts += [f"to {_number(most)}"] if most is not None else []
    return " ".join([noun, *parts])


def _number(value: float) -> str:
    return json.dumps(int(value) if value == int(value) else value)
