"""Keeping, changing and erasing records from the command line, one by one and many at once."""

import json
import re
import uuid
from pathlib import Path

import pytest
from tests.cli.calling import Caller

from running import Service


@pytest.fixture
def lqs(service: Service, home: Path) -> Caller:
    """A caller of the real service, with the key in its environment."""
    return Caller(home, service.url, service.key)


@pytest.fixture
def label() -> str:
    """A word that only this test uses."""
    return uuid.uuid4().hex


def done(lqs: Caller, label: str) -> str:
    words = ("problems", "generate", "--metadata", f"label={label}", "--wait", "--json")
    return str(lqs.piped(*words).last_object["request_id"])


def test_a_dry_run_names_some_and_changes_nothing(lqs: Caller, label: str) -> None:
    ids = [done(lqs, label) for _ in range(2)]
    shown = lqs.piped("generation", "purge", "--metadata", f"label={label}", "--dry-run")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[0] == "purge would change 2 generation requests:"
    assert {line.strip() for line in shown.out.splitlines()[1:]} == set(ids)
    told = lqs.piped("generation", "purge", "--metadata", f"label={label}", "--dry-run", "--json")
    assert told.last_object["matched"] == 2
    assert all(lqs.piped("generation", "get", one).code == 0 for one in ids)


def test_what_matches_is_purged_and_is_told_to_be_gone_afterwards(lqs: Caller, label: str) -> None:
    request_id = done(lqs, label)
    entity = lqs.piped("generation", "get", request_id, "--json").last_object["entities"][0]["id"]
    purged = lqs.piped("generation", "purge", "--metadata", f"label={label}", "--older-than", "0s", "--status",
                       "completed")  # fmt: skip
    assert (purged.code, purged.out) == (0, "purge: 1 generation request changed\n")
    gone = lqs.piped("generation", "get", request_id)
    assert gone.code == 3
    assert "purged" in gone.err
    assert lqs.piped("generation", "get", request_id, "--json").problem["code"] == "generation_request_purged"
    assert lqs.piped("problems", "get", entity, "--json").last_object["generation_request_id"] is None


def test_nothing_younger_is_purged(lqs: Caller, label: str) -> None:
    done(lqs, label)
    purged = lqs.piped("generation", "purge", "--metadata", f"label={label}", "--older-than", "7d", "--json")
    assert (purged.code, purged.last_object["matched"], purged.last_object["done"]) == (0, 0, True)


def test_single_ones_are_purged_by_their_ids(lqs: Caller, label: str) -> None:
    first, second = done(lqs, label), done(lqs, label)
    purged = lqs.piped("generation", "purge", first, second)
    assert purged.code == 0
    assert [line.split()[3] for line in purged.err.splitlines()] == [first, second]
    again = lqs.piped("generation", "purge", first)
    assert (again.code, "purged" in again.err) == (3, True)
    mixed = lqs.piped("generation", "purge", first, "--status", "failed")
    assert (mixed.code, "not both" in mixed.err) == (2, True)


def test_a_terminal_is_asked_before_and_no_is_no(lqs: Caller, label: str) -> None:
    request_id = done(lqs, label)
    words = ("generation", "purge", "--metadata", f"label={label}")
    refused = lqs.on_terminal(*words, typed="n\n", typed_at="[y/N]")
    assert refused.code == 1
    assert "Erase the 1 generation request for good? What they generated stays. [y/N]" in refused.text
    assert "Nothing was changed." in refused.text
    assert lqs.piped("generation", "get", request_id).code == 0
    agreed = lqs.on_terminal(*words, typed="y\n", typed_at="[y/N]")
    assert (agreed.code, "purge: 1 generation request changed" in agreed.text) == (0, True)
    nothing = lqs.on_terminal(*words)
    assert (nothing.code, "Nothing matches." in nothing.text) == (0, True)
    assert lqs.on_terminal(*words, "--yes").code == 0


@pytest.mark.parametrize("words", [("purge",), ("bulk", "cancel"), ("bulk", "retry"), ("purge", "--everybody")])
def test_a_command_that_would_mean_everything_is_refused(lqs: Caller, words: tuple[str, ...]) -> None:
    refused = lqs.piped("generation", *words)
    assert refused.code == 2
    assert "--older-than" in refused.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--status", "finished"), "--status"),
        (("--error-code", "oops"), "--error-code"),
        (("--older-than", "soon"), "--older-than"),
        (("--completed-before", "2026-01-01"), "--completed-before"),
        (("--metadata", "x"), "--metadata"),
        (("--entity-type", "poem"), "--entity-type"),
    ],
)
def test_a_wrong_word_is_named_by_its_option(lqs: Caller, words: tuple[str, str], named: str) -> None:
    refused = lqs.piped("generation", "purge", *words)
    assert (refused.code, named in refused.err) == (2, True)


def test_a_bulk_operation_can_be_looked_at_again(lqs: Caller, label: str) -> None:
    purged = lqs.piped("generation", "purge", "--metadata", f"label={label}", "--json")
    shown = lqs.piped("generation", "bulk", "show", purged.last_object["bulk_id"])
    assert (shown.code, shown.out) == (0, "purge: 0 generation requests changed\n")


def test_a_pinned_one_is_kept_and_says_so(lqs: Caller, label: str) -> None:
    request_id = done(lqs, label)
    assert lqs.piped("generation", "pin", request_id).err == f"{request_id} is kept for ever.\n"
    assert "kept until it is unpinned" in lqs.piped("generation", "get", request_id).out
    refused = lqs.piped("generation", "purge", request_id)
    assert (refused.code, "unpin" in refused.err) == (1, True)
    assert lqs.piped("generation", "purge", "--metadata", f"label={label}").out == (
        "purge: 0 generation requests changed\n"
    )
    kept = lqs.piped("generation", "unpin", request_id)
    assert re.fullmatch(rf"{request_id} is kept until \d{{4}}-\S+Z\.\n", kept.err)
    assert lqs.piped("generation", "purge", request_id).code == 0


def test_notes_are_changed(lqs: Caller, label: str) -> None:
    request_id = done(lqs, label)
    changed = lqs.piped("generation", "change", request_id, "--metadata", "lesson=A1", "--forget", "label", "--json")
    assert (changed.code, changed.last_object["metadata"]) == (0, {"lesson": "A1"})
    version = changed.last_object["version"]
    late = lqs.piped("generation", "change", request_id, "--metadata", "x=y", "--if-version", str(version - 1))
    assert (late.code, "version" in late.err) == (1, True)
    fixed = lqs.piped("generation", "change", request_id, "--priority", "low", "--json")
    assert (fixed.code, json.loads(fixed.err)["code"]) == (1, "priority_fixed")
    assert lqs.piped("generation", "change", request_id).code == 2
