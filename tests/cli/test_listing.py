"""Listing on the command line, against the real service."""

import json
from pathlib import Path

import pytest
from tests.cli.calling import Caller
from tests.client.scripted_api import KEY, Answer, scripted_api, state

from running import Service


@pytest.fixture
def lqs(service: Service, home: Path) -> Caller:
    """A caller of the real service, with the key in its environment."""
    return Caller(home, service.url, service.key)


def asked(lqs: Caller, lesson: str) -> str:
    """The id of a generation request of two problems that is done, noted with this lesson."""
    made = lqs.piped("problems", "generate", "--count", "2", "--wait", "--json", "--metadata", f"lesson={lesson}")
    assert made.code == 0, made.err
    return str(made.last_object["request_id"])


def test_a_list_shows_what_there_is_and_leads_to_one_of_them(lqs: Caller) -> None:
    first, second = asked(lqs, "table"), asked(lqs, "table")

    listed = lqs.piped("generation", "list", "--metadata", "lesson=table")

    head, *rows = listed.out.splitlines()
    assert head.split() == ["ID", "ASKED", "FOR", "AT", "STATUS", "TYPE", "GENERATED", "FAILED", "COST", "METADATA"]
    assert [row.split()[0] for row in rows] == [second, first]
    assert rows[0].split()[2:] == ["completed", "problem", "2", "of", "2", "-", "-", "lesson=table"]
    assert (listed.code, listed.err) == (0, f"  Next: lqs generation get {second}\n")


def test_pages_follow_one_another_by_hand_or_all_at_once(lqs: Caller) -> None:
    ids = [asked(lqs, "pages") for _ in range(3)]
    one_page = ("generation", "list", "--metadata", "lesson=pages", "--limit", "2", "--ids")

    first = lqs.piped("generation", "list", "--metadata", "lesson=pages", "--limit", "2")
    cursor = first.err.split("--cursor ")[1].split(",")[0]

    assert lqs.piped(*one_page).out.split() == ids[:0:-1]
    assert lqs.piped(*one_page, "--cursor", cursor).out.split() == ids[:1]
    assert lqs.piped(*one_page, "--all").out.split() == ids[::-1]
    assert lqs.piped(*one_page, "--all", "--oldest-first").out.split() == ids
    page = json.loads(lqs.piped("generation", "list", "--metadata", "lesson=pages", "--json").out)
    assert [one["request_id"] for one in page["results"]] == ids[::-1]


def test_the_options_are_those_of_the_bulk_operations(lqs: Caller) -> None:
    request_id = asked(lqs, "options")
    lesson = ("--metadata", "lesson=options")

    for options, expected in (
        (("--state", "done"), [request_id]), (("--state", "open"), []), (("--older-than", "1h"), []),
        (("--older-than", "0s"), [request_id]), (("--status", "completed", "--status", "failed"), [request_id]),
        (("--requested-after", "2020-01-01T00:00:00Z"), [request_id]), (("--error-code", "internal"), []),
        (("--everybody", "--entity-type", "problem"), [request_id]),
    ):  # fmt: skip
        assert lqs.piped("generation", "list", *lesson, *options, "--ids").out.split() == expected, options
    nothing = lqs.piped("generation", "list", *lesson, "--state", "open")
    assert (nothing.code, nothing.out, "Nothing matches" in nothing.err) == (0, "", True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--status", "lost"], "cancelling"), (["--state", "closed"], "open"), (["--ids", "--json"], "choose one"),
        (["--limit", "0"], "--limit"), (["--cursor", "bogus"], "next_cursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_is_said_with_what_can(lqs: Caller, options: list[str], says: str) -> None:
    ended = lqs.piped("generation", "list", *options)
    assert (ended.code, says in ended.err) == (2, True), ended.err


def test_ids_of_a_list_feed_other_commands(lqs: Caller) -> None:
    request_id = asked(lqs, "feed")
    listed = lqs.piped("generation", "list", "--metadata", "lesson=feed", "--ids").out.split()
    waited = lqs.piped("generation", "wait", *listed, "--for", "done", "--json")
    watched = lqs.piped("generation", "watch", *listed)

    assert (waited.code, waited.last_object["request_id"]) == (0, request_id)
    assert (watched.code, watched.out) == (0, "")
    assert f"{request_id}  completed  2/2" in watched.err
    assert "Completed: 2 of 2 problems" in watched.err


def page(*results: object, cursor: str | None = None) -> Answer:
    return Answer(200, {"results": list(results), "next_cursor": cursor, "has_more": cursor is not None})


def test_a_last_page_that_is_empty_is_an_end_like_any_other(home: Path) -> None:
    one = state("completed", generated=2)
    with scripted_api(page(one, cursor="c"), page()) as api:
        listed = Caller(home, api.url, KEY).piped("generation", "list", "--all")
    assert (listed.code, len(listed.out.splitlines())) == (0, 2)
    assert listed.err == f"  Next: lqs generation get {one['request_id']}\n"
    with scripted_api(page()) as api:
        beyond = Caller(home, api.url, KEY).piped("generation", "list", "--cursor", "c")
    assert (beyond.code, beyond.out, beyond.err) == (0, "", "No more.\n")


def test_pages_that_only_lead_on_are_followed_and_the_heading_comes_once(home: Path) -> None:
    one, other = state("completed"), state("failed")
    with scripted_api(page(cursor="a"), page(one, cursor="b"), page(other, cursor="c"), page()) as api:
        caller = Caller(home, api.url, KEY)
        first = caller.piped("generation", "list")
        assert (len(first.out.splitlines()), "--cursor b" in first.err) == (2, True)
        rest = caller.piped("generation", "list", "--all", "--cursor", "b")
    assert [line.split()[0] for line in rest.out.splitlines()] == ["ID", other["request_id"]]


def test_what_a_caller_noted_stays_in_its_row_and_an_operator_sees_whose_it_is(home: Path) -> None:
    forged = state("completed") | {"metadata": {"n": "x\nforged  completed\tproblem"}, "owner_id": "owner-1"}
    with scripted_api(page(forged)) as api:
        listed = Caller(home, api.url, KEY).piped("generation", "list", "--everybody")
    head, row = listed.out.splitlines()
    assert (head.split()[-1], row.split()[-1]) == ("OWNER", "owner-1")
    assert "n=x forged completed problem" in row
