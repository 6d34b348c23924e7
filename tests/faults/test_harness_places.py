"""A process ends or freezes at every named place once, and nothing that must not be."""

import pytest
from tests.faults.short import Run, run_short, see_that_it_is_sound

from faults.lanes import FROZEN, SWEPT, Part
from faults.report import PLACES

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run of the places."""
    return run_short(Part.PLACES, tmp_path_factory.mktemp("places"))


def test_nothing_is_lost_doubled_or_untrue(run: Run) -> None:
    see_that_it_is_sound(run)


def test_every_named_place_was_passed_by_a_process_that_ended_or_froze_there(run: Run) -> None:
    assert set(run.report["points"]) == {point.value for point in PLACES}, run.report["missed"]
    assert set(run.report["kinds"]) == {SWEPT, FROZEN}
    assert run.report["faults"] == len(PLACES)
