"""Trying again on the command line, against the real service: the first attempts are made to fail behind its back."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from tests.cli.calling import Caller
from tests.client.scripted_api import KEY, Answer, scripted_api

from house import House, failed
from lqs.lifecycle.claim import claim
from lqs.storage.database import Database
from running import Service

UNKNOWN = "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"


@pytest.fixture
def lqs(service: Service, home: Path) -> Caller:
    """A caller of the real service, with the key in its environment."""
    return Caller(home, service.url, service.key)


@pytest.fixture
async def house(service: Service) -> AsyncIterator[House]:
    """What happens behind the back of the service."""
    database = await Database.open(
        service.database_url,
        application_name="broken",
        pool_size=2,
        statement_timeout_seconds=9,
        lock_timeout_seconds=5,
    )
    yield House(database, service.database_url, service.owner_id)
    await database.close()


async def ask_for_ghosts(house: House) -> UUID:
    """A generation request of two entities of a type that no worker of the service makes."""
    async with house.submitter() as submitter:
        return (await submitter.submit(replace(house.submission(2), entity_type="ghost"))).request_id


@pytest.fixture
async def broken(house: House) -> str:
    """The id of a generation request of two problems, both of which failed for good."""
    request_id = await ask_for_ghosts(house)
    worker_id = await house.worker()
    won = await claim(house.database, worker_id=worker_id, entity_types=["ghost"], batch=9, grace_seconds=9)
    await house.settle(worker_id, *map(failed, won.slots))
    for table, column in (("generation_requests", "id"), ("dead_letters", "request_id")):
        await house.rows(f"UPDATE {table} SET entity_type = 'problem' WHERE {column} = $1", request_id)
    return str(request_id)


async def test_a_slot_that_ended_without_an_attempt_says_so(lqs: Caller, house: House) -> None:
    request_id = str(await ask_for_ghosts(house))
    lqs.piped("generation", "cancel", request_id)

    slot = lqs.piped("generation", "slot", request_id, "0")

    assert slot.out.splitlines() == [
        f"Slot 0 of generation request {request_id}: cancelled",
        "No attempt at it has come to an end by itself.",
    ]


async def test_what_failed_is_tried_again_slot_by_slot_until_all_is_there(lqs: Caller, broken: str) -> None:
    waited = lqs.piped("generation", "wait", broken)
    one = lqs.piped("generation", "retry", broken, "--slots", "1", "--wait")
    rest = lqs.piped("generation", "retry", broken, "--slots", "all", "--wait", "--json")
    again = lqs.piped("generation", "retry", broken)

    assert waited.code == 5
    assert (one.code, "Partial: 1 of 2 problems in 2 runs" in one.err) == (6, True)
    assert one.err.splitlines()[-1].startswith(f"  Next: lqs generation retry {broken} --wait")
    assert (rest.code, rest.last_object["run"], rest.last_object["status"]) == (0, 3, "completed")
    assert (again.code, "slot 0 is generated" in again.err) == (1, True)
    assert "Next: lqs generation get ID" in again.err
    runs = lqs.piped("generation", "runs", broken)
    assert [line.split()[:3] for line in runs.out.splitlines()[1:]] == [
        ["1", "failed", "all_settled"], ["2", "partial", "all_settled"], ["3", "completed", "all_settled"],
    ]  # fmt: skip
    slot = lqs.piped("generation", "slot", broken, "0")
    assert [line.split()[1] for line in slot.out.splitlines()[3:]] == ["failed", "generated"]
    assert "provider_auth" in slot.out


async def test_a_retry_without_waiting_gives_the_id_to_the_pipe(lqs: Caller, broken: str) -> None:
    ended = lqs.piped("generation", "retry", broken, "--max-attempts", "2", "--run-timeout", "5m")
    assert (ended.code, ended.out) == (0, f"{broken}\n")
    assert "Run 2: 2 slots to be tried again, 0 generated before." in ended.err
    assert ended.err.splitlines()[-1] == f"  Next: lqs generation wait {broken}"


async def test_of_several_each_is_tried_and_what_cannot_be_is_told(lqs: Caller, broken: str) -> None:
    ended = lqs.piped("generation", "retry", UNKNOWN, broken)
    assert (ended.code, ended.out) == (3, f"{broken}\n")
    assert f"Generation request {UNKNOWN}:" in ended.err


async def test_what_was_only_cancelled_is_tried_again_by_the_command_that_is_shown(lqs: Caller, house: House) -> None:
    request_id = str(await ask_for_ghosts(house))
    lqs.piped("generation", "cancel", request_id, "--abort")
    refused = lqs.piped("generation", "retry", request_id)
    assert refused.code == 1
    assert refused.err.splitlines()[-1] == f"  Next: lqs generation retry {request_id} --slots all"
    again = lqs.piped("generation", "retry", request_id, "--slots", "failed_and_cancelled")
    assert (again.code, again.out) == (0, f"{request_id}\n")


@pytest.mark.parametrize("words", ["--slots=some", "--slots=1,", "--slots=-1", "--max-attempts=9", "--timeout=9"])
def test_a_retry_that_cannot_be_is_refused_before_any_call(keyed: Caller, words: str) -> None:
    assert keyed.piped("generation", "retry", UNKNOWN, words).code == 2


def test_a_lost_answer_is_found_by_its_key(lqs: Caller, home: Path) -> None:
    key = f"lost-{home.name}"
    made = lqs.piped("problems", "generate", "--idempotency-key", key)
    found, free = lqs.piped("generation", "find", "--key", key), lqs.piped("generation", "find", "--key", f"{key}-no")
    assert (found.code, found.out) == (0, made.out)
    assert (free.code, free.out, "is safe" in free.err) == (0, "", True)
    [as_json] = lqs.piped("generation", "find", "--key", key, "--json").last_object["results"]
    assert as_json["request_id"] == made.out.strip()


async def test_a_dead_letter_is_listed_looked_into_and_requeued(lqs: Caller, broken: str) -> None:
    listed = lqs.piped("dead-letters", "list", "--code", "provider_auth", "--limit", "100")
    rows = [line.split() for line in listed.out.splitlines() if broken in line]
    letter, other = rows[0][0], rows[1][0]
    shown = lqs.piped("dead-letters", "get", letter)
    requeued = lqs.piped("dead-letters", "requeue", letter)
    twice = lqs.piped("dead-letters", "requeue", letter)
    put_away = lqs.piped("dead-letters", "discard", other)

    assert [row[4] for row in sorted(rows, key=lambda row: row[4])] == ["0", "1"]
    assert "asked for  {" in shown.out
    assert shown.err.splitlines()[-1] == f"  Next: lqs dead-letters requeue {letter}"
    assert (requeued.code, requeued.out) == (0, f"{broken}\n")
    assert (twice.code, "Next: lqs dead-letters list" in twice.err) == (1, True)
    assert (put_away.code, f"Dead letter {other} is discarded." in put_away.err) == (0, True)
    assert lqs.piped("generation", "wait", broken).code == 6
    states = {
        one["id"]: state
        for state in ("requeued", "discarded")
        for one in lqs.piped("dead-letters", "list", "--state", state, "--limit", "100", "--json").last_object[
            "results"
        ]
    }
    assert (states[letter], states[other]) == ("requeued", "discarded")


async def test_dead_letters_are_counted_before_they_are_requeued_by_filter(lqs: Caller, broken: str) -> None:
    dry = lqs.piped("dead-letters", "requeue", "--code", "provider_auth", "--dry-run")
    wet = lqs.piped("dead-letters", "requeue", "--code", "provider_auth")
    assert dry.out.endswith("would be requeued.\n")
    assert wet.out == dry.out.replace("would be requeued", "requeued")
    assert lqs.piped("generation", "wait", broken).code == 0


def test_a_requeue_by_filter_goes_on_until_nothing_remains(home: Path) -> None:
    answers = [
        Answer(202, {"matched": left + 2, "requeued": 2, "skipped": 0, "remaining": left, "dry_run": False})
        for left in (3, 1, 0)
    ]
    with scripted_api(*answers) as api:
        ended = Caller(home, api.url, KEY).piped("dead-letters", "requeue", "--entity-type", "problem")
    assert (ended.code, ended.out, ended.err) == (0, "6 dead letters requeued.\n", "")
    assert len({call.headers["idempotency-key"] for call in api.calls}) == 3
    assert {json.dumps(json.loads(call.body)["filter"]) for call in api.calls} == {'{"entity_type": "problem"}'}


def test_what_is_left_alone_is_told_with_its_reasons(home: Path) -> None:
    done = {"matched": 3, "requeued": 1, "skipped": 2, "remaining": 0, "dry_run": False}
    with scripted_api(Answer(202, done)) as api:
        ended = Caller(home, api.url, KEY).piped("dead-letters", "requeue", "--code", "budget_exhausted")
    assert (ended.code, ended.out) == (0, "1 dead letter requeued; 2 are left.\n")
    assert "whose budget has no room for a call" in ended.err
    assert "dead-letters requeue DEAD_LETTER_ID" in ended.err


@pytest.mark.parametrize(
    "words", [[], [UNKNOWN, "--code", "internal"], [UNKNOWN, "--dry-run"], ["--code", "bogus"], ["--dry-run"]]
)
def test_a_requeue_of_everything_is_refused_before_any_call(keyed: Caller, words: list[str]) -> None:
    assert keyed.piped("dead-letters", "requeue", *words).code == 2
