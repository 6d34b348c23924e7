"""The judge against sentences written from grammar references: what is wrong it proves, what is acceptable never."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from lqs.domain.entities.problem import ERROR_CODES
from lqs.generators.french.proof.prover import prove
from lqs.generators.french.proof.soundness import flaws, unknown_words

FOLDER = Path(__file__).parent


class Wrong(NamedTuple):
    code: str
    right: str
    wrong: str


class Acceptable(NamedTuple):
    right: str
    variant: str
    reason: str


def rows(name: str) -> list[list[str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]


WRONG = [Wrong(*row) for row in rows("wrong_pairs.txt")]
ACCEPTABLE = [Acceptable(*row) for row in rows("acceptable_pairs.txt")]


@pytest.mark.parametrize("pair", WRONG, ids=lambda pair: pair.wrong)
def test_a_real_error_is_proven_and_named(pair: Wrong):
    proof = prove(pair.right, pair.wrong)
    assert proof is not None
    assert proof.code == pair.code


@pytest.mark.parametrize("pair", WRONG, ids=lambda pair: pair.right)
def test_the_right_sentence_is_not_proven_wrong_beside_the_wrong_one_and_breaks_no_rule(pair: Wrong):
    assert prove(pair.wrong, pair.right) is None
    assert list(flaws(pair.right)) == []
    assert unknown_words(pair.right, 0, 0) == []


@pytest.mark.parametrize("pair", ACCEPTABLE, ids=lambda pair: pair.variant)
def test_what_looks_wrong_but_is_acceptable_is_never_proven_wrong(pair: Acceptable):
    assert prove(pair.right, pair.variant) is None
    assert pair.reason


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Elle est allée à la plage.", "Elle ont allé à la plage."),
        ("Elle est allée à la plage.", "Elle sont allés à la plage."),
        ("Je me lève tôt.", "Je se lèves tôt."),
        ("Ma sœur vas au marché.", "Ma sœur allons au marché."),
        ("Je finis les exercices.", "Je finis les exercices"),
        ("Paul mange une pomme.", "Paul mange une pomme."),
        ("Paul parle avec le professeur.", "Paul parlait avec le professeur."),
    ],
)
def test_two_errors_at_once_a_wrong_model_or_no_difference_are_not_proven(right: str, wrong: str):
    assert prove(right, wrong) is None


def test_the_lists_are_long_enough_to_mean_something_and_have_every_kind_of_error(
    capsys: pytest.CaptureFixture[str],
):
    proven = sum(prove(pair.right, pair.wrong) is not None for pair in WRONG)
    refused = sum(prove(pair.right, pair.variant) is None for pair in ACCEPTABLE)
    with capsys.disabled():
        print(  # noqa: T201
            f"\nproven wrong: {proven} of {len(WRONG)} ({proven / len(WRONG):.1%}); "
            f"acceptable and refused: {refused} of {len(ACCEPTABLE)} ({refused / len(ACCEPTABLE):.1%})"
        )
    counts = Counter(pair.code for pair in WRONG)
    assert set(counts) == set(ERROR_CODES)
    assert min(counts.values()) >= 5
    assert len(WRONG) >= 185
    assert len(ACCEPTABLE) >= 95
