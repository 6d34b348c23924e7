"""Every kind of fault twice in each of its lanes, and nothing that must not be."""

import pytest
from tests.faults.short import ROOT, Run, run_short, see_that_it_is_sound

from faults.kinds import API, CLIENTS, SERVER, TO_DATABASE, WORKER
from faults.lanes import FROZEN, SWEPT, Part
from faults.report import ZEROS

PAGE = ROOT / "docs" / "reference" / "faults.md"
EVERY_KIND = {*API, *CLIENTS, *SERVER, *WORKER}
IN_LANES = sum(map(len, (TO_DATABASE, WORKER, API, SERVER, CLIENTS)))

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run of the kinds."""
    return run_short(Part.KINDS, tmp_path_factory.mktemp("kinds"))


def test_nothing_is_lost_doubled_or_untrue(run: Run) -> None:
    see_that_it_is_sound(run)


def test_forty_faults_at_least_of_every_kind_that_can_be_done_here(run: Run) -> None:
    not_run = {sentence.partition(":")[0] for sentence in run.report["not_run"]}
    assert not_run <= {"disk_full"}
    assert set(run.report["kinds"]) == EVERY_KIND - not_run, run.report["missed"]
    assert run.report["faults"] >= 2 * (IN_LANES - len(not_run)) >= 40, run.report["missed"]


def test_the_line_has_the_seed_and_every_word(run: Run) -> None:
    fields = dict(field.split("=") for field in run.line.split())
    assert fields["seed"] == str(run.report["seed"])
    assert all(fields[word] == "0" for word in ZEROS)
    assert int(fields["faults"]) == run.report["faults"]
    assert float(fields["recovery_p95"].removesuffix("s")) > 0


def test_the_page_explains_every_kind_and_every_word() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for word in {*EVERY_KIND, SWEPT, FROZEN, *ZEROS}:
        assert f"`{word}`" in page, word
