"""What is told, and to whom, of a call that broke."""

from types import SimpleNamespace

import httpx
from fastapi import FastAPI

from lqs.api.envelope import install
from lqs.observability.telemetry import Happening, Telemetry


async def test_a_caller_is_told_the_trace_of_what_broke_and_the_log_nothing_that_the_caller_wrote() -> None:
    heard: list[Happening] = []
    api = FastAPI()
    api.state.parts = SimpleNamespace(telemetry=Telemetry(heard.append))
    install(api)

    @api.get("/things/{name}")
    async def thing(name: str) -> None:
        raise RuntimeError("the password is hidden")

    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://lqs.test") as client:
        answer = await client.get("/things/planted?also=planted")

    told = answer.json()
    assert (answer.status_code, told["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(word in answer.text for word in ("Traceback", "RuntimeError", "hidden"))
    broke, answered = heard
    assert broke.fields["trace_id"] == told["trace_id"] == answer.headers["x-trace-id"]
    assert str(broke.error) == "the password is hidden"
    assert (broke.name, answered.name) == ("api.broke", "api.answered")
    assert broke.fields["route"] == answered.fields["route"] == "/things/{name}"
    assert "planted" not in str((broke.fields, answered.fields))
