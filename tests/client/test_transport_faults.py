"""Both clients over a real connection that fails: cut, refused, slow, answered by somebody else."""

import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.client.scripted_api import KEY, Answer, Cut, scripted_api, state

from lqs_client import AsyncClient, Client, ConnectionFailed, ServerError, Timeout, UnexpectedAnswer

ACCEPTED = Answer(202, {"request_id": "r1", "status": "pending", "count": 2, "done": False})
AT_ONCE = {"Retry-After": "0"}

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["blocking", "asyncio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Calls one method of the blocking or of the asyncio client."""

    async def asynchronous(url: str, method: str, *arguments: Any, made: Any = None, **named: Any) -> Any:
        async with AsyncClient(KEY, api_url=url, **(made or {})) as client:
            return await getattr(client, method)(*arguments, **named)

    async def blocking(url: str, method: str, *arguments: Any, made: Any = None, **named: Any) -> Any:
        with Client(KEY, api_url=url, **(made or {})) as client:
            return getattr(client, method)(*arguments, **named)

    return asynchronous if request.param == "asyncio" else blocking


async def test_a_submission_that_was_cut_is_repeated_with_the_same_key_and_body(ask: Ask) -> None:
    with scripted_api(Cut(), Answer(503, headers=AT_ONCE), ACCEPTED) as api:
        accepted = await ask(api.url, "generate", count=2, metadata={"lesson": "A1"})
    assert accepted.request_id == "r1"
    assert len(api.calls) == 3
    assert {call.headers["idempotency-key"] for call in api.calls} == {accepted.idempotency_key}
    assert [json.loads(call.body) for call in api.calls] == [{"count": 2, "metadata": {"lesson": "A1"}}] * 3
    assert {call.headers["authorization"] for call in api.calls} == {f"Bearer {KEY}"}


async def test_two_submissions_have_two_keys_unless_the_caller_gives_one(ask: Ask) -> None:
    with scripted_api(ACCEPTED) as api:
        for key in (None, None, "mine", "mine"):
            await ask(api.url, "generate", idempotency_key=key)
    keys = [call.headers["idempotency-key"] for call in api.calls]
    assert len(set(keys)) == 3
    assert keys[2:] == ["mine", "mine"]


async def test_waiting_goes_on_through_cuts_and_errors_and_tells_of_them(ask: Ask) -> None:
    told: list[Any] = []
    script = [
        Answer(200, state(), {"ETag": 'W/"r.1"'}),
        Cut(),
        Answer(502, b"<html>", AT_ONCE),
        Answer(304, b""),
        Answer(200, state("completed", version=2, generated=2)),
    ]
    with scripted_api(*script) as api:
        end = await ask(
            api.url,
            "wait",
            "r1",
            timeout=30,
            on_progress=lambda seen: told.append(seen.status),
            on_trouble=lambda error, pause: told.append(type(error)),
        )
    assert end.done
    assert told == ["processing", ConnectionFailed, ServerError, "completed"]
    assert [call.headers.get("if-none-match") for call in api.calls] == [None, *['W/"r.1"'] * 4]


async def test_generate_and_wait_follows_what_it_submitted(ask: Ask) -> None:
    with scripted_api(ACCEPTED, Answer(200, state("partial", generated=1))) as api:
        end = await ask(api.url, "generate_and_wait", "poems", count=2, timeout=5)
    assert end.status == "partial"
    assert [(call.method, call.path) for call in api.calls] == [
        ("POST", "/poems/generate"),
        ("GET", "/generation-requests/r1"),
    ]


async def test_a_refused_connection_is_told_as_one_that_sent_nothing(ask: Ask) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionFailed, match="no connection") as caught:
            await ask(f"http://127.0.0.1:{nobody.getsockname()[1]}", "get", "r1", made={"max_retries": 0})
    assert caught.value.sent is False


async def test_a_cut_is_told_as_one_that_may_have_arrived(ask: Ask) -> None:
    with scripted_api(Cut()) as api, pytest.raises(ConnectionFailed, match="was cut") as caught:
        await ask(api.url, "get", "r1", made={"max_retries": 1})
    assert caught.value.sent is True
    assert len(api.calls) == 2


async def test_no_answer_in_time_is_a_timeout(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Timeout, match="in time"):
        await ask(f"http://127.0.0.1:{mute.getsockname()[1]}", "get", "r1", made={"timeout": 0.05, "max_retries": 0})


async def test_a_page_of_somebody_else_is_told_as_such(ask: Ask) -> None:
    welcome = Answer(200, b"<html>Welcome to the hotel</html>", {"Content-Type": "text/html"})
    with scripted_api(welcome) as api, pytest.raises(UnexpectedAnswer, match="text/html"):
        await ask(api.url, "get", "r1")


async def test_a_callback_that_fails_ends_the_waiting_with_its_own_error(ask: Ask) -> None:
    with scripted_api(Answer(200, state())) as api, pytest.raises(ZeroDivisionError):
        await ask(api.url, "wait", "r1", on_progress=lambda seen: 1 / 0)


async def test_the_asyncio_client_waits_for_callbacks_that_are_coroutines() -> None:
    told: list[str] = []

    async def tell(seen: Any) -> None:
        told.append(seen.status)

    with scripted_api(Answer(200, state()), Answer(200, state("failed"))) as api:
        async with AsyncClient(KEY, api_url=api.url) as client:
            await client.wait("r1", on_progress=tell)
    assert told == ["processing", "failed"]


async def test_an_address_with_a_path_keeps_it(ask: Ask) -> None:
    with scripted_api(Answer(200, state("completed"))) as api:
        await ask(f"{api.url}/lqs/", "get", "r1")
    assert api.calls[0].path == "/lqs/generation-requests/r1"


async def test_a_proxy_of_the_environment_is_not_asked_for_the_loopback(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with scripted_api(Answer(200, state("completed"))) as api:
        assert (await ask(api.url, "get", "r1")).done
