"""The page about the Python client library."""

import dataclasses
import inspect
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from tools.pages.text import code, page, table

import lqs_client
from lqs_client._bulk import Bulk
from lqs_client._client import DeadLetters, Keys
from lqs_client._pools import Pool
from lqs_client._requests import Requests

PARTS = MappingProxyType(
    {
        "client": lqs_client.Client,
        "client.requests": Requests,
        "client.problems": Pool,
        "client.bulk": Bulk,
        "client.dead_letters": DeadLetters,
        "client.keys": Keys,
    }
)
"""What a client offers, by where it is found."""


def client_page() -> str:
    """Every method, every error and every result."""
    public = [getattr(lqs_client, name) for name in sorted(lqs_client.__all__)]
    errors = [one for one in public if inspect.isclass(one) and issubclass(one, Exception)]
    results = [one for one in public if dataclasses.is_dataclass(one) and one not in errors]
    return page(
        "Python client library",
        "`Client`, and `AsyncClient` with the same names to be awaited. For each thing its first sentences; the "
        "docstrings say more. [The first hour](../tutorial/first-hour.md) uses it, "
        "[a fake service](../how-to/test-your-program.md) is there for your tests.",
        *(f"## {name}\n\n{_words(part)}\n\n{_methods(name, part)}" for name, part in PARTS.items()),
        "## Errors\n\n" + table(("error", "kind of", ""), [(code(e.__name__), _parent(e), _words(e)) for e in errors]),
        "## Results\n\n" + table(("class", "fields", ""), [(code(r.__name__), _fields(r), _words(r)) for r in results]),
        "What results can do:\n\n" + table(("call", ""), [call for r in results for call in _calls(r.__name__, r)]),
    )


def _methods(name: str, part: Any) -> str:
    return table(("call", ""), _calls(name, part))


def _calls(name: str, part: Any) -> Iterator[tuple[str, str]]:
    for method, function in inspect.getmembers(part, inspect.isfunction):
        if not method.startswith("_"):
            yield code(f"{name}.{method}({_parameters(function)})"), _words(function)


def _parameters(function: Any) -> str:
    signature = inspect.signature(function)
    shown = [one.replace(annotation=one.empty) for one in signature.parameters.values() if one.name != "self"]
    return str(signature.replace(parameters=shown, return_annotation=signature.empty))[1:-1]


def _fields(result: Any) -> str:
    return ", ".join(code(field.name) for field in dataclasses.fields(result) if field.name != "raw")


def _parent(error: type[Exception]) -> str:
    return code(error.__bases__[0].__name__) if error.__bases__[0] is not Exception else ""


def _words(thing: Any) -> str:
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
