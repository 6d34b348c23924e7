"""The users' commands against the real service: on a terminal, in a pipe, and as JSON."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.calling import Caller

from lqs_client.credentials import save_credentials
from running import Service

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def lqs(service: Service, home: Path) -> Caller:
    """A caller of the real service, with the key in its environment."""
    return Caller(home, service.url, service.key)


@pytest.fixture
def done(lqs: Caller) -> str:
    """The id of a generation request that is done."""
    return str(lqs.piped("problems", "generate", "--count", "2", "--wait", "--json").last_object["request_id"])


def over_http(service: Service, path: str, body: Any = None) -> Any:
    url, key = service.url, service.key
    headers = {"Authorization": f"Bearer {key}"}
    if body is None:
        return httpx.get(url + path, headers=headers).json()
    return httpx.post(url + path, headers=headers, json=body).json()


def test_generate_and_wait_prints_problems_people_can_read(lqs: Caller) -> None:
    ended = lqs.piped("problems", "generate", "--count", "3", "--verb", "naître", "--tense", "passe_compose", "--wait")
    assert ended.code == 0
    assert [line[:2] for line in ended.out.splitlines() if line and line[0].isdigit()] == ["1.", "2.", "3."]
    lines = ended.out.splitlines()
    right = [number for number, line in enumerate(lines) if re.match("    [abcd] ✓ ", line)]
    assert len(right) == 3
    assert all(lines[number + 1].startswith("        “") for number in right)
    wrong = [number for number, line in enumerate(lines) if re.match("    [abcd] ✗ ", line)]
    assert len(wrong) == 9
    assert all(lines[number + 1].startswith("        ") for number in wrong)
    assert [line.split()[0] for line in lines if " ✓ " in line or " ✗ " in line] == ["a", "b", "c", "d"] * 3
    assert re.search(r"^1\.  \S.*  level [ABC][12]$", lines[0])
    assert "Completed: 3 of 3 problems in " in ended.err
    assert "\x1b" not in ended.out + ended.err


def test_generate_gives_the_id_to_the_pipe_and_the_way_on_to_people(lqs: Caller) -> None:
    submitted = lqs.piped("problems", "generate")
    assert submitted.code == 0
    request_id = submitted.out.strip()
    assert UUID.fullmatch(request_id)
    assert submitted.err.splitlines()[-1] == f"  Next: lqs generation wait {request_id}"
    waited = lqs.piped("generation", "wait", request_id)
    assert waited.code == 0
    assert "Completed: 1 of 1 problem in " in waited.err


def test_json_is_what_the_api_says(lqs: Caller, service: Service, done: str) -> None:
    told = lqs.piped("generation", "get", done, "--json").last_object
    assert told == over_http(service, f"/generation-requests/{done}")
    assert lqs.piped("generation", "wait", done, "--json").last_object == told
    entity = told["entities"][1]
    assert lqs.piped("problems", "get", entity["id"], "--json").last_object == entity
    assert over_http(service, f"/problems/{entity['id']}") == entity


def test_get_shows_every_slot_and_what_is_in_it(lqs: Caller, done: str) -> None:
    ended = lqs.piped("generation", "get", done)
    assert ended.code == 0
    assert "status     completed (all_settled)" in ended.out
    slots = [line.split() for line in ended.out.splitlines() if " generated  1 of " in line]
    assert [slot[0] for slot in slots] == ["0", "1"]
    problem = lqs.piped("problems", "get", slots[1][-1])
    assert problem.out.strip() in ended.out


def test_an_id_in_capitals_is_the_same_id(lqs: Caller, done: str) -> None:
    assert lqs.on_terminal("generation", "wait", done.upper()).code == 0


def test_on_a_terminal_there_is_a_bar_and_then_the_problems(lqs: Caller) -> None:
    watched = lqs.on_terminal("problems", "generate", "--count", "4", "--wait")
    assert watched.code == 0
    assert "4/4" in watched.text
    assert "━" in watched.text
    assert watched.text.count("✓") == 4
    assert watched.coloured


def test_several_are_waited_for_at_once(lqs: Caller) -> None:
    ids = [lqs.piped("problems", "generate", "--count", "2").out.strip() for _ in range(3)]
    ended = lqs.piped("generation", "wait", *ids, "--json")
    last = {line["request_id"]: line for line in map(json.loads, ended.out.rstrip("\n").split("\n"))}
    assert ended.code == 0
    assert set(last) == set(ids)
    assert all(one["status"] == "completed" for one in last.values())


def test_constraints_come_from_options_a_file_or_standard_input(lqs: Caller, home: Path) -> None:
    wanted = {"verbs": ["finir"], "persons": ["1p"]}
    (home / "wanted.json").write_text(json.dumps(wanted))
    ways = [
        ["--verb", "finir", "--person", "1p"],
        ["--constraints", f"@{home / 'wanted.json'}"],
        ["--constraints", "-"],
    ]
    for way in ways:
        ended = lqs.piped("problems", "generate", *way, "--wait", "--json", typed=json.dumps(wanted))
        assert ended.code == 0, ended.err
        told = ended.last_object
        assert {name: told["constraints"][name] for name in wanted} == wanted
        assert (told["entities"][0]["target"]["lemma"], told["entities"][0]["target"]["person"]) == ("finir", "1p")


def test_metadata_is_kept(lqs: Caller) -> None:
    ended = lqs.piped("problems", "generate", "--metadata", "lesson=A1=7", "--metadata", "for=", "--wait", "--json")
    assert ended.last_object["metadata"] == {"lesson": "A1=7", "for": ""}


def test_a_repeated_command_with_the_same_key_generates_nothing_new(lqs: Caller, home: Path) -> None:
    words = ("problems", "generate", "--idempotency-key", f"key-of-{home.name}")
    first, again, other = lqs.piped(*words), lqs.piped(*words), lqs.piped(*words, "--count", "2")
    assert first.out == again.out
    assert "it was there before" in again.err
    assert (other.code, other.out) == (2, "")
    assert "count" in other.err


def test_what_only_the_api_can_refuse_is_told_by_its_place(lqs: Caller) -> None:
    ended = lqs.piped("problems", "generate", "--verb", "bogus")
    assert (ended.code, ended.out) == (2, "")
    assert "--verb (/constraints/verbs/0): " in ended.err
    assert "trace id " in ended.err
    as_json = lqs.piped("problems", "generate", "--verb", "bogus", "--json")
    assert (as_json.code, as_json.problem["status"]) == (2, 422)


@pytest.mark.parametrize("words", [("generation", "get"), ("generation", "wait"), ("problems", "get")])
def test_what_is_not_there_is_code_3(lqs: Caller, words: tuple[str, str]) -> None:
    ended = lqs.piped(*words, "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d", "--json")
    assert (ended.code, ended.out, ended.problem["code"]) == (3, "", "not_found")


def test_a_key_from_its_making_to_its_end(lqs: Caller, service: Service, home: Path) -> None:
    made = lqs.piped("keys", "create", "quiz app", "--scope", "read", "--expires-at", "2100-01-01T00:00:00Z")
    assert made.code == 0
    secret = made.out.strip()
    reader = Caller(home, service.url, secret)
    refused = reader.piped("problems", "generate")
    assert refused.code == 4
    assert "scope write" in refused.err
    [row] = [line for line in lqs.piped("keys", "list").out.splitlines() if "quiz app" in line]
    assert "read" in row
    assert "until 2100-01-01T00:00:00Z" in row
    assert secret not in row
    assert lqs.piped("keys", "revoke", row.split()[0]).code == 0
    ended = reader.piped("generation", "get", "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d")
    assert ended.code == 4
    assert "revoked" in ended.err
    assert lqs.piped("keys", "revoke", "nobody").code == 3


def test_the_credentials_file_is_enough(service: Service, home: Path) -> None:
    save_credentials(service.url, service.key, {"XDG_CONFIG_HOME": str(home / "config")})
    assert Caller(home).piped("keys", "list").code == 0
