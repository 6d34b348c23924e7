"""What can be said of a block without running it, and of what one printed."""

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from tests.docs.pages import ROOT, Block

_LIKE = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"lqs_live_[0-9A-Za-z_]*(?:\.{3})?"), "<key>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)? ?s\b"), "<seconds>"),
    (re.compile(r"[ \t]+"), " "),
)
"""What differs from one time to the next is compared by its kind alone."""


def read(block: Block) -> None:
    """See that the text is of its language, and of the shape that it names. Raises whatever says that it is not."""
    _READERS[block.language](block)


def shown(expected: str, printed: str) -> bool:
    """Whether this is what was printed; `...` stands for anything, also for lines."""
    wanted = [re.escape(part) for part in _alike(expected).split("...")]
    return re.fullmatch(".*".join(wanted), _alike(printed), re.DOTALL) is not None


def same_shape(expected: Any, found: Any) -> bool:
    """Whether everything in `expected` is in `found`, with a value of the same kind; of a list the first of each."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and same_shape(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and (not expected or (bool(found) and same_shape(expected[0], found[0])))
    return type(expected) is type(found)


def first_json(printed: str) -> Any:
    """The first JSON object in it, behind whatever else was printed. Raises `ValueError` if there is none."""
    return json.JSONDecoder().raw_decode(printed, printed.index("{"))[0]


def _alike(text: str) -> str:
    for pattern, kind in _LIKE:
        text = pattern.sub(kind, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _json(block: Block) -> None:
    value = json.loads(block.text)
    if not block.about:
        raise ValueError("JSON that nothing printed names its schema behind `json`: of openapi.json, or a file")
    if block.about.endswith(".json"):
        schema = json.loads((ROOT / block.about).read_text(encoding="utf-8"))
    else:
        document = json.loads((ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8"))
        if block.about not in document["components"]["schemas"]:
            raise ValueError(f"the API has no schema {block.about!r}")
        schema = {"$ref": f"#/components/schemas/{block.about}", "components": document["components"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def _yaml(block: Block) -> None:
    if not isinstance(yaml.safe_load(block.text), dict | list):
        raise ValueError("this is a single word of YAML")


def _toml(block: Block) -> None:
    tomllib.loads(block.text)


def _ini(block: Block) -> None:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=False)
    parser.read_string(block.text)


def _mermaid(block: Block) -> None:
    kind = block.text.split(maxsplit=1)[0]
    if kind not in ("flowchart", "stateDiagram-v2", "sequenceDiagram"):
        raise ValueError(f"{kind!r} is no kind of diagram that is known here")
    for opening, closing in ("[]", "()", "{}"):
        if block.text.count(opening) != block.text.count(closing):
            raise ValueError(f"{opening} and {closing} do not pair")


_READERS: Mapping[str, Callable[[Block], None]] = MappingProxyType(
    {"json": _json, "yaml": _yaml, "toml": _toml, "ini": _ini, "mermaid": _mermaid}
)
