"""The domain's tables and arithmetic, exhaustively over small numbers."""

import itertools
from dataclasses import replace
from uuid import UUID

import pytest

from lqs.domain import slot as slots
from lqs.domain.advance import advance, begin_run, final_event, note, outcome
from lqs.domain.generation_request import (
    DONE,
    MOVES,
    RETRYABLE,
    Counts,
    EndReason,
    EventType,
    IllegalMove,
    Priority,
    SlotMove,
    Standing,
    Status,
)
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import KINDS, SlotErrorCode

LEGAL = """
    pending    -> processing cancelling cancelled failed
    processing -> completed partial failed cancelling cancelled
    cancelling -> cancelled completed partial failed
"""
SLOT_LEGAL = """
    pending    -> processing failed cancelled
    processing -> generated failed cancelled retrying pending
    retrying   -> pending failed cancelled
"""


def pairs(table: str) -> set[tuple[str, str]]:
    lines = [line.split("->") for line in table.strip().splitlines()]
    return {(before.strip(), after) for before, following in lines for after in following.split()}


@pytest.mark.parametrize("pair", list(itertools.product(Status, Status)), ids=lambda pair: f"{pair[0]} to {pair[1]}")
def test_a_move_is_legal_exactly_if_the_table_has_it(pair):
    assert (pair[1] in MOVES[pair[0]]) is (pair in pairs(LEGAL))


@pytest.mark.parametrize(
    "pair", list(itertools.product(SlotStatus, SlotStatus)), ids=lambda pair: f"{pair[0]} to {pair[1]}"
)
def test_a_move_of_a_slot_is_legal_exactly_if_the_table_has_it(pair):
    assert (pair[1] in slots.MOVES[pair[0]]) is (pair in pairs(SLOT_LEGAL))


def test_what_is_done_stays_as_it_is():
    assert {status for status in Status if status.done} == DONE == {s for s in Status if not MOVES[s]}
    assert {status for status in SlotStatus if status.settled} == {"generated", "failed", "cancelled"}


def shares(total: int, places: int) -> list[tuple[int, ...]]:
    """All ways to put `total` things into `places`."""
    if places == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in shares(total - first, places - 1)]


@pytest.mark.parametrize("requested", range(1, 11))
def test_the_outcome_is_arithmetic(requested):
    for made, lost, cancelled in shares(requested, 3):
        expected = (
            Status.CANCELLED if cancelled
            else Status.COMPLETED if made == requested
            else Status.PARTIAL if made
            else Status.FAILED
        )  # fmt: skip
        assert outcome(Counts(generated=made, failed=lost, cancelled=cancelled)) is expected


def test_every_final_status_has_an_event_of_its_name():
    assert {final_event(status).value for status in DONE} == {f"generation_request.{status}" for status in DONE}


def standing(status: Status, *counts: int, version: int = 7) -> Standing:
    return Standing(UUID(int=1), status, 1, version, Counts(*counts))


def legal_standings(requested: int) -> list[Standing]:
    """Every standing a generation request can have between two commits."""
    found = []
    for counts in shares(requested, 6):
        stands = Counts(*counts)
        if stands.settled == requested:
            found.append(standing(outcome(stands), *counts))
        else:
            found += [standing(Status.CANCELLING, *counts)] + [standing(Status.PROCESSING, *counts)] * (
                not stands.cancelled
            )
            found += [standing(Status.PENDING, *counts)] * (stands.pending == requested)
    return found


def numbered(counts: Counts) -> list[SlotStatus]:
    return [SlotStatus(name) for name, number in counts.by_status().items() for _ in range(number)]


@pytest.mark.parametrize("requested", [1, 2, 3])
def test_advance_is_true_to_the_law_from_every_standing_and_for_all_moves(requested):
    """Every legal set of moves of any slots: six counts add up, done means settled, versions and events agree."""
    seen = 0
    for before in legal_standings(requested):
        stood = numbered(before.counts)
        choices = [[None, *slots.MOVES[status]] for status in stood]
        for afters in itertools.product(*choices):
            moves = [SlotMove(n, stood[n], after) for n, after in enumerate(afters) if after is not None]
            if not moves:
                continue
            cancels = SlotStatus.CANCELLED in afters and before.status is not Status.CANCELLING
            after, events = advance(before, moves, summary=EventType.CANCELLING if cancels else EventType.SLOTS_CLAIMED)
            seen += 1
            assert after.counts.requested == requested
            assert min(after.counts.by_status().values()) >= 0
            assert after.status.done is (after.counts.settled == requested)
            assert after.status is before.status or after.status in MOVES[before.status]
            assert after.end_reason is (
                None if not after.status.done
                else EndReason.CANCELLED if after.counts.cancelled
                else EndReason.ALL_SETTLED
            )  # fmt: skip
            assert after.status.done or not cancels or after.status is Status.CANCELLING
            assert [event.seq for event in events] == list(range(8, after.version + 1))
            assert after.version > before.version
            assert {(event.status, event.counts) for event in events} == {(after.status, after.counts)}
            finals = [event.type for event in events if event.type in map(final_event, DONE)]
            assert finals == ([final_event(after.status)] if after.status.done else [])
            assert not finals or events[-1].type is finals[0]
            told = [event.slot_index for event in events if event.slot_index is not None]
            ended = [m.index for m in moves if m.after in ("generated", "failed", "retrying")]
            assert told == sorted(ended)
    assert seen > 5


@pytest.mark.parametrize("pair", sorted(set(itertools.product(SlotStatus, SlotStatus)) - pairs(SLOT_LEGAL)))
def test_an_illegal_move_of_a_slot_is_refused(pair):
    before, after = map(SlotStatus, pair)
    with pytest.raises(IllegalMove, match=f"slot 0 may not move from {before} to {after}"):
        Counts(2, 2, 2, 2, 2, 0).after([SlotMove(0, before, after)])


def test_a_slot_that_is_not_there_cannot_move():
    """More slots left a state than stood in it: somebody moved one without the lock."""
    moves = [SlotMove(n, SlotStatus.PENDING, SlotStatus.PROCESSING) for n in range(2)]
    with pytest.raises(IllegalMove):
        Counts(pending=1, processing=1).after(moves)


@pytest.mark.parametrize("status", sorted(DONE))
def test_nothing_moves_once_it_is_done(status):
    shape = {"completed": (0, 0, 0, 2, 0, 0), "partial": (0, 0, 0, 1, 1, 0), "failed": (0, 0, 0, 0, 2, 0)}
    done = standing(status, *shape.get(status, (0, 0, 0, 1, 0, 1)))
    for before, after in sorted(pairs(SLOT_LEGAL)):
        with pytest.raises(IllegalMove):
            advance(done, [SlotMove(0, SlotStatus(before), SlotStatus(after))])


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.COMPLETED])
def test_no_moves_change_nothing_and_tell_nothing(status):
    before = standing(status, *((0, 1, 0, 1, 0, 0) if status is Status.PROCESSING else (0, 0, 0, 2, 0, 0)))
    assert advance(before, []) == (before, [])


def test_a_pending_one_cannot_be_completed_without_having_begun():
    with pytest.raises(IllegalMove, match="from pending to completed"):
        advance(standing(Status.PENDING, 0, 1, 0, 0, 0, 0), [SlotMove(0, SlotStatus.PROCESSING, SlotStatus.GENERATED)])


def test_the_first_claim_and_later_ones_have_different_events():
    first, [begun] = advance(
        standing(Status.PENDING, 2, 0, 0, 0, 0, 0),
        [SlotMove(0, SlotStatus.PENDING, SlotStatus.PROCESSING)],
        summary=EventType.SLOTS_CLAIMED,
    )
    _, [later] = advance(
        first, [SlotMove(1, SlotStatus.PENDING, SlotStatus.PROCESSING)], summary=EventType.SLOTS_CLAIMED
    )
    assert (begun.type, later.type) == (EventType.PROCESSING, EventType.SLOTS_CLAIMED)


def cancelled(standing: Standing, *moves: SlotMove) -> tuple[Standing, list[EventType]]:
    after, events = advance(standing, moves, summary=EventType.CANCELLING)
    return after, [event.type for event in events]


def test_a_cancellation_of_what_is_all_in_flight_moves_nothing_but_the_status():
    after, told = cancelled(standing(Status.PROCESSING, 0, 2, 0, 0, 0, 0))
    assert (after.status, after.end_reason, told) == (Status.CANCELLING, None, [EventType.CANCELLING])


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_a_cancellation_that_finds_nothing_in_flight_ends_it_at_once(status):
    made = int(status is Status.PROCESSING)
    after, told = cancelled(
        standing(status, 1, 0, 0, made, 0, 0), SlotMove(0, SlotStatus.PENDING, SlotStatus.CANCELLED)
    )
    assert (after.status, after.end_reason) == (Status.CANCELLED, EndReason.CANCELLED)
    assert told == [EventType.CANCELLING, EventType.CANCELLED]


def test_what_was_in_flight_when_it_was_cancelled_decides_how_it_ends():
    """All of it made and nothing cancelled: the cancellation came too late."""
    stopping = standing(Status.CANCELLING, 0, 1, 0, 1, 0, 0)
    after, _ = advance(stopping, [SlotMove(0, SlotStatus.PROCESSING, SlotStatus.GENERATED)])
    assert (after.status, after.end_reason) == (Status.COMPLETED, EndReason.ALL_SETTLED)


def test_a_reason_that_is_given_is_the_reason():
    before = standing(Status.PROCESSING, 0, 1, 0, 0, 0, 0)
    move = SlotMove(0, SlotStatus.PROCESSING, SlotStatus.CANCELLED)
    after, _ = advance(before, [move], summary=EventType.CANCELLING, end_reason=EndReason.OPERATOR_ABORT)
    assert (after.status, after.end_reason) == (Status.CANCELLED, EndReason.OPERATOR_ABORT)


def test_a_further_run_begins_with_the_slots_that_were_given_back():
    ended = standing(Status.PARTIAL, 0, 0, 0, 1, 2, 0)
    after, [event] = begin_run(ended, [SlotMove(2, SlotStatus.FAILED, SlotStatus.PENDING)])
    assert (after.status, after.run, after.version, after.end_reason) == (Status.PROCESSING, 2, 8, None)
    assert after.counts == Counts(pending=1, generated=1, failed=1)
    assert (event.type, event.run, event.seq, event.counts) == (EventType.RETRIED, 2, 8, after.counts)


@pytest.mark.parametrize("status", sorted(set(Status) - RETRYABLE))
def test_no_further_run_begins_while_one_goes_on_or_when_nothing_is_missing(status):
    with pytest.raises(IllegalMove):
        begin_run(standing(status, 0, 0, 0, 0, 1, 0), [SlotMove(0, SlotStatus.FAILED, SlotStatus.PENDING)])


def test_a_further_run_never_gives_back_what_was_generated():
    with pytest.raises(IllegalMove):
        begin_run(standing(Status.PARTIAL, 0, 0, 0, 1, 1, 0), [SlotMove(0, SlotStatus.GENERATED, SlotStatus.PENDING)])


def test_what_happens_beside_the_slots_raises_the_version_and_changes_nothing_else():
    before = standing(Status.COMPLETED, 0, 0, 0, 2, 0, 0)
    after, events = note(before, [(EventType.SLOT_LATE_RESULT, 1), (EventType.CHANGED, None)])
    assert [(event.seq, event.type, event.slot_index) for event in events] == [
        (8, EventType.SLOT_LATE_RESULT, 1), (9, EventType.CHANGED, None),
    ]  # fmt: skip
    assert after == replace(before, version=9)


def test_a_priority_is_a_weight_of_four_two_or_one():
    assert {p: 4 // p.stride for p in Priority} == {Priority.HIGH: 4, Priority.NORMAL: 2, Priority.LOW: 1}


def test_an_event_of_a_failed_slot_names_the_code():
    _, events = advance(
        standing(Status.PROCESSING, 0, 2, 0, 0, 0, 0),
        [
            SlotMove(1, SlotStatus.PROCESSING, SlotStatus.FAILED, SlotErrorCode.CONTENT_REFUSED),
            SlotMove(0, SlotStatus.PROCESSING, SlotStatus.GENERATED),
        ],
    )
    assert [(event.slot_index, event.error_code) for event in events] == [
        (0, None), (1, SlotErrorCode.CONTENT_REFUSED), (None, None),
    ]  # fmt: skip


def test_every_code_says_what_it_is_in_a_sentence():
    assert set(KINDS) == set(SlotErrorCode)
    assert all(kind.message.endswith(".") and kind.message[0].isupper() for kind in KINDS.values())
