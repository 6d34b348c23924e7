"""The commands on the pool against the real service: list, get, draw, stats, seed."""

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from tests.cli.calling import Caller, interrupt, until
from tests.client.scripted_api import KEY, Answer, scripted_api, state

from lqs.domain.api_key import Scope
from lqs.domain.ids import new_id
from lqs.lifecycle.keys import create_key
from lqs.storage import api_keys
from lqs.storage.database import Database
from running import Service

UNKNOWN = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"
PAIRS = ("--focus", "conjugation", "--tense", "present", "--tense", "passe_compose")
"""The pairs of focus and tense to seed: two of the many there are."""


@pytest.fixture
async def lqs(service: Service, home: Path) -> Caller:
    """A caller of the real service who is an owner of their own, so that their pool is empty."""
    database = await Database.open(
        service.database_url, application_name="t", pool_size=1, statement_timeout_seconds=9, lock_timeout_seconds=5
    )
    owner_id = new_id()
    async with database.transaction() as connection:
        await api_keys.insert_owner(connection, owner_id, name=str(owner_id))
    key, _ = await create_key(database, owner_id=owner_id, name="t", scopes=list(Scope))
    await database.close()
    return Caller(home, service.url, key.text)


def made(lqs: Caller, *words: str) -> list[str]:
    """The ids of problems that were generated just now."""
    body = lqs.piped("problems", "generate", *words, "--wait", "--json").last_object
    return [one["id"] for one in body["entities"]]


def test_a_list_is_a_table_for_people_and_ids_for_the_next_command(lqs: Caller) -> None:
    there = made(lqs, "--count", "4", "--verb", "naître", "--tense", "passe_compose")

    listed = lqs.piped("problems", "list")
    lines = listed.out.splitlines()
    assert listed.code == 0
    assert re.fullmatch(r"ID +LEVEL +ABOUT", lines[0])
    assert {line.split()[0] for line in lines[1:]} == set(there)
    assert all(re.search(r"  [ABC][12]  +naître, passe_compose: \S", line) for line in lines[1:])

    ids = lqs.piped("problems", "list", "--ids", "--verb", "naitre")
    got = lqs.piped("problems", "get", typed=ids.out)
    assert got.code == 0
    assert [line.split()[1] for line in got.out.splitlines() if line.startswith("    id ")] == ids.out.split()
    as_json = lqs.piped("problems", "get", "-", "--json", typed=ids.out)
    assert [json.loads(line)["id"] for line in as_json.out.splitlines()] == ids.out.split()


def test_pages_lead_to_each_other_and_all_of_them_come_at_once(lqs: Caller) -> None:
    there = made(lqs, "--count", "5", "--focus", "conjugation")

    first = lqs.piped("problems", "list", "--limit", "2", "--focus", "conjugation")
    following = first.err.strip().removeprefix("Next: ")
    second = lqs.piped(*shlex.split(following)[1:])
    seen = [line.split()[0] for page in (first, second) for line in page.out.splitlines()[1:]]
    assert len(set(seen)) == len(seen) == 4
    everything = lqs.piped("problems", "list", "--limit", "2", "--all", "--json").out.splitlines()
    assert [len(json.loads(line)["results"]) for line in everything] == [2, 2, 1]
    assert {one["id"] for line in everything for one in json.loads(line)["results"]} == set(there)


def test_of_several_ids_those_that_are_not_there_are_told_and_the_others_printed(lqs: Caller) -> None:
    [one] = made(lqs)

    got = lqs.piped("problems", "get", UNKNOWN, one)
    assert got.code == 3
    assert f"id {one}" in got.out
    assert "lqs: Not found" in got.err
    assert lqs.piped("problems", "get", typed="").code == 2
    assert lqs.piped("problems", "get", typed="foo").code == 2


def test_a_draw_serves_each_once_and_the_numbers_tell_it(lqs: Caller) -> None:
    there = made(lqs, "--count", "2", "--tense", "present", "--focus", "conjugation")

    drawn = [lqs.piped("problems", "draw", "--tense", "present", "--json").last_object["id"] for _ in range(3)]
    assert set(drawn[:2]) == set(there)
    assert drawn[2] == drawn[0]
    shown = lqs.piped("problems", "draw")
    assert shown.out.count("✓") == 1
    made(lqs, "--focus", "conjugation")
    told = lqs.piped("problems", "stats").out.splitlines()
    assert told[0] == "3 problems: 2 served, 1 never served"
    assert re.fullmatch(r"FACET +VALUE +TOTAL +SERVED +NEVER SERVED", told[2])
    assert re.fullmatch(r"focus +conjugation +3 +2 +1", told[3])
    assert lqs.piped("problems", "stats", "--tense", "present", "--json").last_object["served"] == 2


def test_where_nothing_matches_the_next_command_generates_some(lqs: Caller) -> None:
    nothing = lqs.piped("problems", "draw", "--verb", "naître", "--tense", "passe_compose")
    assert (nothing.code, nothing.out) == (3, "")
    assert "You have no problem with tense passe_compose and verb naître." in nothing.err
    following = nothing.err.splitlines()[-1].removeprefix("  Next: ").partition(" (")[0]
    assert lqs.piped(*shlex.split(following)[1:]).code == 0
    assert lqs.piped("problems", "draw", "--verb", "naître", "--tense", "passe_compose").code == 0
    empty = lqs.piped("problems", "list", "--cefr", "C1")
    assert (empty.code, empty.out) == (0, "")
    assert "Nothing matches." in empty.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["list", "--tense", "imparfaite"], "--tense: 'imparfaite' is none of present"),
        (["draw", "--level", "A1,X9"], "--cefr: 'X9' is none of A1, A2"),
        (["list", "--ids", "--json"], "choose one"),
        (["list", "--limit", "0"], "--limit"),
        (["list", "--generation-request-id", "7"], "'7' is malformed"),
        (["seed", "--up-to", "0"], "--up-to"),
        (["seed", "--verb", "finir"], "No such option"),
    ],
)
def test_wrong_usage_is_told_before_any_call(lonely: Caller, words: list[str], told: str) -> None:
    ended = lonely.piped("problems", *words)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def pairs(seeded: object) -> dict[str, tuple[int, int, int]]:
    """What a seed told of each pair: by tense, how many there were, were missing and were generated."""
    assert isinstance(seeded, dict)
    return {one["values"]["tense"]: (one["there"], one["missing"], one["generated"]) for one in seeded["combinations"]}


def totals(lqs: Caller) -> dict[str, int]:
    told = lqs.piped("problems", "stats", "--json").last_object
    return {one["value"]: one["total"] for one in told["by_facet"]["tense"]}


def test_a_seed_fills_every_pair_once_and_a_second_one_creates_nothing_more(lqs: Caller) -> None:
    made(lqs, "--count", "3", "--tense", "present", "--focus", "conjugation")

    planned = lqs.piped("problems", "seed", *PAIRS, "--up-to", "12", "--dry-run")
    assert planned.code == 0
    assert re.search(r"conjugation +present +3 +9", planned.out)
    assert "3 problems there, 21 missing up to 12 each" in planned.err
    assert totals(lqs) == {"present": 3}

    seeded = lqs.piped("problems", "seed", *PAIRS, "--up-to", "12")
    assert (seeded.code, totals(lqs)) == (0, {"present": 12, "passe_compose": 12})
    assert re.search(r"conjugation +passe_compose +0 +12", seeded.out)
    assert "21/21  3 of 3 generation requests done" in seeded.err

    again = lqs.piped("problems", "seed", *PAIRS, "--up-to", "12", "--json")
    assert again.code == 0
    assert pairs(again.last_object) == {"present": (12, 0, 0), "passe_compose": (12, 0, 0)}
    assert totals(lqs) == {"present": 12, "passe_compose": 12}
    more = lqs.piped("problems", "seed", "--focus", "conjugation", "--up-to", "14", "--tense", "present", "--json")
    assert pairs(more.last_object) == {"present": (12, 2, 2)}
    assert totals(lqs) == {"present": 14, "passe_compose": 12}


def test_two_seeds_at_once_fill_no_pair_twice(lqs: Caller) -> None:
    with ThreadPoolExecutor() as both:
        ends = list(both.map(lambda _: lqs.piped("problems", "seed", *PAIRS, "--up-to", "11"), range(2)))

    assert [end.code for end in ends] == [0, 0], ends[0].err + ends[1].err
    assert totals(lqs) == {"present": 11, "passe_compose": 11}


async def test_a_seed_that_was_interrupted_is_taken_up_again(lqs: Caller, service: Service) -> None:
    """While nothing can be put into the pool, what was asked for is on its way and not there yet."""
    connection = await asyncpg.connect(service.database_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE pool IN SHARE MODE")
            process = lqs.started("problems", "seed", "--focus", "conjugation", "--up-to", "10", "--tense", "present")
            until(process, "stderr", lambda line: "0 of 1 generation requests done" in line)
            interrupted = interrupt(process)
        assert interrupted.code == 130
        assert "it asks for nothing twice" in interrupted.err
    finally:
        await connection.close()
    seeded = lqs.piped("problems", "seed", "--focus", "conjugation", "--up-to", "10", "--tense", "present", "--json")

    assert seeded.code == 0
    assert totals(lqs) == {"present": 10}


def test_on_a_terminal_a_seed_shows_one_bar(lqs: Caller) -> None:
    watched = lqs.on_terminal("problems", "seed", *PAIRS, "--up-to", "3")
    assert watched.code == 0
    assert "6/6  2 of 2 generation requests done" in watched.text
    assert "━" in watched.text


def test_a_seed_that_runs_out_of_time_says_so_and_what_failed_is_told(home: Path) -> None:
    stats = {"total": 0, "served": 0, "unserved": 0, "by_facet": {}, "groups": []}
    accepted = {"request_id": UNKNOWN, "status": "pending", "done": False, "count": 2}

    def seeded(*ends: Answer, timeout: str) -> tuple[int, str]:
        with scripted_api(Answer(200, stats), Answer(202, accepted), *ends) as api:
            ended = Caller(home, api.url, KEY).piped(
                "problems", "seed", *PAIRS[:4], "--up-to", "2", "--timeout", timeout
            )
        return ended.code, ended.out + ended.err

    code, told = seeded(Answer(200, state("processing")), timeout="1s")
    assert (code, "asks for what is still missing" in told) == (8, True)
    code, told = seeded(Answer(200, state("partial", generated=1)), timeout="9s")
    assert (code, "1 failed" in told) == (6, True)
    assert seeded(Answer(200, state("failed")), timeout="9s")[0] == 5
