"""`Client` and `AsyncClient` are twins, and importing the library costs next to nothing."""

import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import get_args, get_origin

import pytest

import lqs
import lqs_client
from lqs_client import AsyncClient, Client
from lqs_client._async_client import AsyncDeadLetters, AsyncKeys
from lqs_client._bulk import AsyncBulk, Bulk
from lqs_client._client import DeadLetters, Keys
from lqs_client._pools import AsyncPool, Pool
from lqs_client._requests import AsyncRequests, Requests

_SAME = {"__aenter__": "__enter__", "__aexit__": "__exit__"}


def methods(kind: type) -> dict[str, inspect.Signature]:
    own = {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}
    public = {name: value for name, value in own.items() if not name.startswith("_") or name.endswith("__")}
    return {_SAME.get(name, name): _signature(value) for name, value in public.items() if name != "__init__"}


def _signature(function: Callable[..., object]) -> inspect.Signature:
    """The signature, with what is awaited step by step taken for the same as what is not."""
    signature = inspect.signature(function)
    result = signature.return_annotation
    twins = {AsyncPool: Pool, AsyncIterator: Iterator}
    if get_origin(result) in twins:
        result = Iterator[get_args(result)]
    return signature.replace(return_annotation=twins.get(result, result))


@pytest.mark.parametrize(
    ("sync", "asynchronous"),
    [
        (Client, AsyncClient),
        (Keys, AsyncKeys),
        (DeadLetters, AsyncDeadLetters),
        (Bulk, AsyncBulk),
        (Pool, AsyncPool),
        (Requests, AsyncRequests),
    ],
)
def test_both_clients_have_the_same_names_parameters_and_results(sync: type, asynchronous: type) -> None:
    assert methods(sync)
    assert methods(sync) == methods(asynchronous)


def test_both_clients_are_made_alike() -> None:
    assert inspect.signature(Client) == inspect.signature(AsyncClient)


@pytest.mark.parametrize("kind", [AsyncClient, AsyncKeys, AsyncDeadLetters, AsyncBulk, AsyncPool, AsyncRequests])
def test_every_method_of_the_asyncio_client_that_may_call_is_a_coroutine_or_an_iterator(kind: type) -> None:
    functions = {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}
    assert functions
    assert {
        name
        for name, function in functions.items()
        if not inspect.iscoroutinefunction(function)
        and get_origin(inspect.signature(function).return_annotation) is not AsyncIterator
    } <= {"__init__", "pool"}


def test_both_clients_explain_every_method_alike() -> None:
    for name in methods(Client):
        if not name.startswith("__"):
            assert inspect.getdoc(getattr(Client, name))
            assert inspect.getdoc(getattr(AsyncClient, name))


def test_importing_the_library_loads_no_http_library_and_nothing_of_the_service() -> None:
    heavy = ("httpx", "asyncio", "pydantic", "rich", "lqs")
    look = f"import sys, lqs_client; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_library_has_the_version_of_the_service_it_was_made_with() -> None:
    assert lqs_client.__version__ == lqs.__version__


def test_everything_that_is_offered_is_there() -> None:
    assert all(hasattr(lqs_client, name) for name in lqs_client.__all__)
