"""The doctor, with a service that is well, and with everything that can be amiss."""

import socket
from pathlib import Path
from typing import Any

import pytest
from tests.cli.calling import Caller, Ended
from tests.client.scripted_api import KEY, Answer, scripted_api

from lqs.cli.doctor import _clock
from lqs.cli.probes import Answer as Heard
from lqs.cli.probes import Way
from lqs_client import Client
from running import Service


def checks(ended: Ended) -> dict[str, Any]:
    return {check["name"]: check for check in ended.last_object["checks"]}


def states(ended: Ended) -> dict[str, str]:
    return {name: check["state"] for name, check in checks(ended).items()}


def test_of_a_service_that_is_well_everything_is_ok(service: Service, home: Path) -> None:
    caller = Caller(home, service.url, service.key)
    ended = caller.piped("doctor", "--json", LQS_DATABASE_URL=service.database_url)
    assert ended.code == 0, ended.out
    assert states(ended) == dict.fromkeys(("address", "server", "clock", "workers", "key", "database"), "ok") | {
        "dns": "skipped",
        "tls": "skipped",
    }
    assert "with the scopes" in checks(ended)["key"]["told"]
    assert "admin" in checks(ended)["key"]["told"]
    assert caller.piped("doctor", "--quiet").out == ""


def test_the_scopes_of_a_lesser_key_are_told_too(service: Service, home: Path) -> None:
    with Client(service.key, api_url=service.url) as client:
        lesser = client.keys.create("lesser", scopes=["read", "write"]).secret
    ended = Caller(home, service.url, lesser).piped("doctor", "--json")
    assert (ended.code, checks(ended)["key"]["told"]) == (0, "valid, with the scopes read, write; from LQS_API_KEY")


def test_a_key_that_the_service_does_not_know_fails_and_the_rest_is_told(service: Service, home: Path) -> None:
    ended = Caller(home, service.url, KEY).piped("doctor", "--json")
    assert ended.code == 1
    assert {name for name, state in states(ended).items() if state == "failed"} == {"key"}
    assert checks(ended)["key"]["next_step"] == "lqs admin new-key"


def test_where_nothing_listens_the_server_fails_with_what_to_run(keyed: Caller) -> None:
    ended = keyed.piped("doctor")
    assert ended.code == 1
    [line] = [line for line in ended.out.splitlines() if line.startswith("failed")]
    assert "server" in line
    assert "Next: lqs up starts a service" in ended.out
    assert "database  asked directly only where LQS_DATABASE_URL is set" in ended.out


def test_another_program_at_the_address_is_no_lqs(home: Path) -> None:
    with scripted_api(Answer(200, b"<html>")) as api:
        ended = Caller(home, api.url, KEY).piped("doctor", "--json")
    assert (ended.code, checks(ended)["server"]["told"]) == (1, "what answers is no lqs (status 200)")


@pytest.mark.parametrize(
    ("url", "name", "state"),
    [
        ("nonsense", "address", "failed"),
        ("http://lqs.invalid", "dns", "failed"),
        ("http://localhost:1", "dns", "ok"),
    ],
)
def test_an_address_is_judged_step_by_step(keyed: Caller, url: str, name: str, state: str) -> None:
    assert states(keyed.piped("doctor", "--json", "--url", url))[name] == state


def test_a_server_without_a_certificate_fails_at_tls(keyed: Caller) -> None:
    with scripted_api(Answer()) as api:
        ended = keyed.piped("doctor", "--json", "--url", api.url.replace("http:", "https:"))
    assert (ended.code, states(ended)["tls"]) == (1, "failed")


def test_a_database_that_is_away_fails_by_itself(keyed: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = keyed.piped("doctor", "--json", LQS_DATABASE_URL=f"postgresql://u:p@127.0.0.1:{port}/d")
    assert states(ended)["database"] == "failed"
    assert "cannot be reached" in checks(ended)["database"]["told"]


@pytest.mark.parametrize(("ahead", "told"), [(4.0, "within"), (90.0, "90 s behind"), (-90.0, "90 s ahead of")])
def test_clocks_may_differ_by_a_few_seconds(ahead: float, told: str) -> None:
    check = _clock(Heard(200, {}, ahead))
    assert check.told.startswith(told)
    assert check.state == ("ok" if told == "within" else "warning")


def test_an_address_is_taken_apart() -> None:
    assert Way.to("https://h.example/lqs/") == Way("h.example", 443, True, "/lqs")
    assert Way.to("http://[::1]:8") == Way("::1", 8, False, "")
    assert [Way.to(url) for url in ("h", "http://h:x", "ftp://h")] == [None] * 3
