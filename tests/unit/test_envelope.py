"""What is told, and to whom, of a call that broke."""

from types import SimpleNamespace

import httpx
from fastapi import FastAPI

from lqs.api.envelope import install
from lqs.observability.telemetry import Happening, Telemetry


async def test_the_log_tells_the_route_that_broke_and_nothing_that_its_caller_wrote() -> None:
    heard: list[Happening] = []
    api = FastAPI()
    api.state.parts = SimpleNamespace(telemetry=Telemetry(heard.append))
    install(api)

    @api.get("/things/{name}")
    async def thing(name: str) -> None:
        raise RuntimeError

    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://lqs.test") as client:
        answer = await client.get("/things/planted?also=planted")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    broke, answered = heard
    assert (broke.name, answered.name) == ("api.broke", "api.answered")
    assert broke.fields["route"] == answered.fields["route"] == "/things/{name}"
    assert "planted" not in str(heard)
