"""What is said of the rest of a run follows from what was measured, and is nothing where nothing was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lqs.domain.forecast import NOTHING_KNOWN, Basis, Health, Phase, Run, Surroundings, forecast
from lqs.domain.generation_request import Counts, Status

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MEASURED = Basis(sample_size=60, slot_p50_ms=8_000, slot_p99_ms=20_000)
RUN = Run(Status.PROCESSING, Counts(pending=4, processing=2, generated=3, failed=1), NOW + timedelta(hours=1), 90, NOW)
AROUND = Surroundings(NOW, places=10, ahead=41, through=52)


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def test_it_is_as_far_as_slots_are_settled_and_stands_where_its_next_slot_stands() -> None:
    seen = forecast(RUN, AROUND, MEASURED)
    assert (seen.percent, seen.phase, seen.queue_position) == (40, Phase.GENERATING, 50)
    assert seen.eta_seconds == 48, "six turns of ten places, 8 s each"
    assert seen.health is Health.ON_TRACK


@pytest.mark.parametrize(
    ("basis", "around"),
    [
        (NOTHING_KNOWN, AROUND),
        (replace(MEASURED, sample_size=2), AROUND),
        (MEASURED, replace(AROUND, places=0)),
        (MEASURED, replace(AROUND, ahead=None, through=None)),
    ],
    ids=["nothing measured", "next to nothing measured", "nobody at work", "too many ahead"],
)
def test_what_is_not_known_is_not_told(basis: Basis, around: Surroundings) -> None:
    assert forecast(RUN, around, basis).eta_seconds is None


def test_a_hundred_percent_is_the_end_alone() -> None:
    settled = replace(RUN, counts=Counts(generated=199, processing=1))
    assert forecast(settled, AROUND, MEASURED).percent == 99
    done = forecast(replace(RUN, status=Status.PARTIAL), Surroundings(NOW, 0), NOTHING_KNOWN)
    assert (done.percent, done.phase, done.queue_position, done.eta_seconds) == (100, Phase.DONE, None, None)
    assert done.health is Health.ON_TRACK


@pytest.mark.parametrize(
    ("status", "counts", "phase"),
    [
        (Status.PENDING, Counts(pending=3), Phase.QUEUED),
        (Status.PROCESSING, Counts(pending=2, generated=1), Phase.QUEUED),
        (Status.PROCESSING, Counts(pending=2, processing=1), Phase.GENERATING),
        (Status.PROCESSING, Counts(retrying=2, generated=1), Phase.WAITING_TO_RETRY),
        (Status.CANCELLING, Counts(processing=2, cancelled=1), Phase.CANCELLING),
    ],
)
def test_its_phase_says_what_it_does(status: Status, counts: Counts, phase: Phase) -> None:
    assert forecast(replace(RUN, status=status, counts=counts), AROUND, MEASURED).phase is phase


def test_what_waits_to_be_tried_again_takes_its_wait_and_an_attempt() -> None:
    waiting = replace(RUN, counts=Counts(retrying=1, generated=4))
    around = Surroundings(NOW, places=10, retried_by=seconds(30))
    assert forecast(waiting, around, MEASURED).eta_seconds == 38
    assert forecast(waiting, replace(around, retried_by=seconds(-5)), MEASURED).eta_seconds == 8


@pytest.mark.parametrize(("since", "left"), [(0, 8), (3, 5), (7.5, 1), (8, None), (19, None)])
def test_what_is_in_flight_takes_what_is_left_of_an_attempt_and_then_nobody_knows(
    since: float, left: int | None
) -> None:
    flying = replace(RUN, counts=Counts(processing=3, generated=1))
    around = Surroundings(NOW, places=10, claimed_at=seconds(-since))
    assert forecast(flying, around, MEASURED).eta_seconds == left


def test_places_that_are_taken_are_waited_for() -> None:
    first = replace(RUN, counts=Counts(pending=1))
    around = Surroundings(NOW, places=10, ahead=0, through=1)
    assert forecast(first, around, MEASURED).eta_seconds == 8
    assert forecast(first, replace(around, taken=10), MEASURED).eta_seconds == 16


def test_nothing_takes_longer_than_to_the_time_when_it_ends_whatever_happens() -> None:
    soon = forecast(replace(RUN, ends_by=seconds(30)), AROUND, MEASURED)
    assert (soon.eta_seconds, soon.health) == (30, Health.SLOW)
    over = forecast(replace(RUN, ends_by=seconds(-1)), AROUND, MEASURED)
    assert over.eta_seconds == 0


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(0, 1), (1, 2), (2, 5), (5, 10), (9, 10), (10, 20), (98, 100), (100, 200), (1234, 2000), (9999, 10_000)],
)
def test_what_others_have_queued_is_told_roughly(ahead: int, told: int) -> None:
    assert forecast(RUN, replace(AROUND, ahead=ahead), MEASURED).queue_position == told


@pytest.mark.parametrize(
    ("run", "around", "basis", "health"),
    [
        (RUN, replace(AROUND, places=0), MEASURED, Health.STALLED),
        (replace(RUN, since=seconds(-39)), AROUND, MEASURED, Health.ON_TRACK),
        (replace(RUN, since=seconds(-41)), AROUND, MEASURED, Health.STALLED),
        (replace(RUN, since=seconds(-41)), replace(AROUND, claimed_at=seconds(-5)), MEASURED, Health.ON_TRACK),
        (replace(RUN, since=seconds(-89)), AROUND, replace(MEASURED, sample_size=49), Health.ON_TRACK),
        (replace(RUN, since=seconds(-91)), AROUND, NOTHING_KNOWN, Health.STALLED),
        (replace(RUN, since=seconds(-900), counts=Counts(pending=3)), AROUND, MEASURED, Health.ON_TRACK),
        (replace(RUN, ends_by=seconds(48)), AROUND, MEASURED, Health.SLOW),
        (replace(RUN, ends_by=seconds(49)), AROUND, MEASURED, Health.ON_TRACK),
        (replace(RUN, counts=Counts(retrying=1, processing=1)), AROUND, MEASURED, Health.SLOW),
    ],
    ids=[
        "nobody at work", "silent", "silent for too long", "claimed since", "silent, too little measured",
        "silent beyond an attempt", "queued for long", "the deadline comes first", "just in time", "tried again",
    ],
)  # fmt: skip
def test_its_health_tells_queued_from_hung(run: Run, around: Surroundings, basis: Basis, health: Health) -> None:
    assert forecast(run, around, basis).health is health
