"""What the fault harness takes for wrong: each contradiction is noticed, and a true story is not."""

import copy
import random
from typing import Any

import pytest

from faults.audit import broken_words
from faults.judging import Sight, contradictory, untrue
from faults.kinds import API, CLIENTS, SERVER, WORKER, Target
from faults.lanes import Lane
from faults.planted import BUGS, Bug, Change, DoesNotFit, plant
from faults.record import Record, Wish
from faults.report import ZEROS, Report
from faults.scenarios import SCENARIOS
from faults.service import Service
from faults.sweep import points_of

TRACEBACK = "Traceback (most recent call last):\n  x\n"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
OWNERS = ["owner-0", "owner-1"]


def body(*statuses: str, status: str = "processing", version: int = 3, run: int = 1) -> dict[str, Any]:
    """A generation request as the API shows it, with slots of these statuses."""
    slots = [
        {"index": index, "status": slot, "entity_id": f"e{index}" if slot == "generated" else None, "attempts": 1}
        for index, slot in enumerate(statuses)
    ]
    counts = {name: statuses.count(name) for name in ("pending", "processing", "retrying", "generated", "failed")}
    done = status in ("completed", "partial", "failed", "cancelled")
    return {
        "status": status,
        "version": version,
        "run": run,
        "done": done,
        "completed_at": "2026-01-01T00:00:00Z" if done else None,
        "requested_count": len(statuses),
        "generated_count": counts["generated"],
        "failed_count": counts["failed"],
        "counts": {**counts, "cancelled": statuses.count("cancelled")},
        "slots": slots,
        "entities": [{"id": s["entity_id"], "slot_index": s["index"]} for s in slots if s["entity_id"]],
        "metadata": {"asked": "w0"},
    }


@pytest.mark.parametrize(
    "true",
    [
        body("pending", "pending", status="pending"),
        body("processing", "retrying", "generated", "failed"),
        body("generated", "generated", status="completed"),
        body("generated", "failed", status="partial"),
        body("failed", "failed", status="failed"),
        body("generated", "cancelled", status="cancelled"),
        body("generated", "processing", "cancelled", status="cancelling"),
    ],
    ids=lambda true: true["status"],
)
def test_a_true_body_is_left_alone(true):
    assert list(untrue(true)) == []


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        (("counts", "generated"), 2),
        (("counts", "pending"), 1),
        (("generated_count",), 0),
        (("failed_count",), 0),
        (("status",), "completed"),
        (("status",), "processing"),
        (("done",), False),
        (("completed_at",), None),
        (("entities",), []),
        (("entities", 0, "id"), "another"),
        (("entities", 0, "slot_index"), 1),
        (("slots", 0, "entity_id"), None),
        (("slots", 1, "status"), "processing"),
        (("slots", 1, "index"), 0),
        (("requested_count",), 3),
    ],
    ids=str,
)
def test_a_lie_in_a_body_is_noticed(place, lie):
    told = copy.deepcopy(body("generated", "failed", status="partial"))
    *way, last = place
    spot: Any = told
    for step in way:
        spot = spot[step]
    assert spot[last] != lie
    spot[last] = lie
    assert list(untrue(told))


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (body("pending", status="pending"), body("generated", status="completed"), set()),
        (body("failed", status="failed"), body("processing", run=2), set()),
        (body("generated", status="completed"), body("processing"), {"flipped", "lost"}),
        (body("failed", status="failed"), body("generated", status="completed"), {"flipped"}),
        (body("processing", run=2), body("processing", run=1), {"flipped"}),
        (body("generated", "processing"), body("processing", "processing"), {"flipped", "lost"}),
        (body("processing"), body("pending", status="pending"), {"flipped"}),
    ],
)
def test_moves_between_two_sights_are_judged(before, after, kinds):
    sights = {1: Sight.of({**before, "version": 1}), 2: Sight.of({**after, "version": 2})}
    assert {fault.kind for fault in contradictory(sights)} == kinds


def test_what_was_generated_stays_through_further_runs():
    first, second = body("generated", "failed", status="partial", version=1), body("processing", "processing", run=2)
    assert [fault.kind for fault in contradictory({1: Sight.of(first), 3: Sight.of(second)})] == ["lost"]


def test_no_slot_starts_once_a_cancellation_was_told():
    first, second = (body("processing", status="cancelling", version=version) for version in (1, 2))
    assert not list(contradictory({1: Sight.of(first), 2: Sight.of(second)}))
    second["slots"][0]["attempts"] = 2
    assert {fault.kind for fault in contradictory({1: Sight.of(first), 2: Sight.of(second)})} == {"mismatched"}


@pytest.mark.parametrize("status", ["cancelling", "cancelled"])
def test_nothing_waits_once_a_cancellation_was_told(status):
    assert list(untrue(body("pending", "cancelled", status=status)))
    assert list(untrue(body("retrying", "cancelled", status=status)))


def test_another_entity_in_the_same_slot_is_a_duplicate():
    first, second = body("generated", status="completed", version=1), body("generated", status="completed", version=2)
    second["slots"][0]["entity_id"] = "another"
    assert {fault.kind for fault in contradictory({1: Sight.of(first), 2: Sight.of(second)})} == {"duplicated"}


def asked(record: Record, *ids: str, key: str | None = "k") -> Wish:
    wish = record.wish(0, key=key, count=1)
    for request_id in ids:
        record.acknowledge(wish, request_id)
    return wish


def kinds(record: Record) -> set[str]:
    return {fault.kind for fault in record.faults}


def row(request_id: str, mark: str, owner: str = OWNERS[0]) -> dict[str, Any]:
    return {"id": request_id, "owner_id": owner, "mark": mark}


def test_what_is_stored_is_held_against_what_was_asked():
    record = Record()
    asked(record, "a")
    asked(record)
    asked(record)
    assert record.judge_rows([row("a", "w0"), row("b", "w1")], OWNERS) == 1  # w1 had no answer, and is there
    assert record.faults == []


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([], "lost"),
        ([row("other", "w0")], "lost"),
        ([row("a", "w0"), row("b", "w0")], "duplicated"),
        ([row("a", "w0"), row("b", "never asked")], "unexpected"),
        ([row("a", "w0"), row("b", "w0", OWNERS[1])], "unexpected"),
    ],
)
def test_what_is_stored_otherwise_is_noticed(rows, kind):
    record = Record()
    asked(record, "a")
    record.judge_rows(rows, OWNERS)
    assert kinds(record) == {kind}


def test_one_key_with_two_names_is_a_duplicate():
    record = Record()
    asked(record, "a", "b")
    assert kinds(record) == {"duplicated"}


def test_two_wishes_with_one_name_are_a_mismatch():
    record = Record()
    asked(record, "a")
    asked(record, "a")
    assert kinds(record) == {"mismatched"}


def test_two_faces_at_one_version_are_a_mismatch():
    record = Record()
    asked(record, "a")
    record.saw("a", body("processing"), sent_at=1, came_at=2)
    record.saw("a", body("retrying"), sent_at=3, came_at=4)
    assert kinds(record) == {"mismatched"}


def test_an_older_version_is_a_mismatch_only_if_it_was_asked_for_after_the_newer_one_came():
    for sent_at, found in ((1, set()), (3, {"mismatched"})):
        record = Record()
        asked(record, "a")
        record.saw("a", body("processing", version=4), sent_at=1, came_at=2)
        record.saw("a", body("retrying", version=3), sent_at=sent_at, came_at=5)
        assert kinds(record) == found


def test_what_nobody_saw_done_is_open():
    record = Record()
    asked(record, "a")
    asked(record, "b")
    record.saw("a", body("generated", status="completed"), sent_at=1, came_at=2)
    assert list(record.open()) == ["b"]


@pytest.mark.parametrize(
    ("line", "noticed"),
    [
        ('{"event": "settle.broke", "level": "error", "exception": "a\\nValueError: x"}\n', True),
        ('{"event": "duty.passed_over", "level": "info"}\n', True),
        ('{"event": "settle.waits", "level": "info"}\n', False),
        ('{"event": "settle.bro', False),
        ('Traceback (most recent call last):\n  File "x", line 1\nKeyError: 1\n', True),
        (f"{TRACEBACK}lqs.storage.database.DatabaseUnavailable: away\n", False),
        (f"{TRACEBACK}A: 1\n{CAUSE}{TRACEBACK}lqs.storage.database.DatabaseUnavailable: away\n", False),
        (f"{TRACEBACK}A: 1\n{CAUSE}{TRACEBACK}B: 2\n", True),
    ],
)
def test_what_processes_say_of_errors_nobody_thought_of_counts(tmp_path, line, noticed):
    (tmp_path / "worker-1.1.log").write_text(line, encoding="utf-8")
    assert bool(list(broken_words(tmp_path))) is noticed


@pytest.mark.parametrize("word", ZEROS)
def test_a_report_is_clean_only_with_all_zeros(word):
    report = Report(1, "abc")
    assert report.clean
    report.words[word] += 1
    assert not report.clean
    assert f" {word}=1 " in report.line


def lane(seed: str) -> Lane:
    target = Target(Service(None, "", None, {}), random.Random(seed))  # type: ignore[arg-type]  # nothing is done to it
    return Lane(target, {**WORKER, **API, **SERVER, **CLIENTS}, points_of("worker"), (0, 0))


@pytest.mark.parametrize("short", [True, False])
def test_every_choice_follows_from_the_seed(short):
    def deck(seed: str) -> list[tuple[str, object]]:
        return [(card.kind, card.point) for card in lane(seed).deck(short=short)]

    assert deck("1") == deck("1") != deck("2")


def test_places_that_were_not_passed_yet_come_before_those_that_were():
    points = points_of("worker")
    drawn = [card.point for card in lane("1").deck(short=False, passed=points[1:])]
    assert drawn.index(points[0]) < min(map(drawn.index, points[1:]))
    passed = [lane("1").deck(short=False, passed=these) for these in ((), points)]
    assert [[card.point for card in deck] for deck in passed] == [
        [card.point for card in lane("1").deck(short=False)]
    ] * 2


def test_every_planted_bug_fits_the_code_and_has_its_scenario(tmp_path):
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 12
    assert {bug.scenario for bug in BUGS} == set(SCENARIOS)
    assert all(bug.found_as <= set(ZEROS) for bug in BUGS)
    for number, bug in enumerate(BUGS):
        source = plant(bug, tmp_path / str(number))
        for change in bug.changes:
            assert change.new in (source / "lqs" / change.file).read_text(encoding="utf-8")


def test_a_planted_bug_that_no_longer_fits_fails_loudly(tmp_path):
    bug = Bug("old", (Change("crash_points.py", "was never there", ""),), "everyday", frozenset({"lost"}))
    with pytest.raises(DoesNotFit, match=r"^old: crash_points\.py has 0 times what it changes$"):
        plant(bug, tmp_path / "source")
