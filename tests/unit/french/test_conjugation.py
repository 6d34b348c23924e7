"""The conjugator against a table written by hand, form by form."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lqs.domain.entities.problem import PERSONS
from lqs.generators.french import conjugation
from lqs.generators.french.contrast import Clause
from lqs.generators.french.subjects import SUBJECTS, Subject
from lqs.generators.french.verbs import VERBS
from lqs.generators.problem.candidates import right_group

AVOIR = ["ai", "as", "a", "avons", "avez", "ont"]
ETRE = ["suis", "es", "est", "sommes", "êtes", "sont"]
REFLEXIVE = ["me", "te", "se", "nous", "vous", "se"]
PRONOUNS = (("je",), ("tu",), ("il", "elle"), ("nous",), ("vous",), ("ils", "elles"))


@dataclass(frozen=True)
class Row:
    verb: str
    present: list[str]
    auxiliaries: list[str]
    participles: dict[str, str]


def table() -> list[Row]:
    rows = []
    for line in (Path(__file__).parent / "conjugations.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            verb, present, auxiliaries, participles = (cell.strip() for cell in line.split("|"))
            agreements = dict(zip(("ms", "fs", "mp", "fp"), participles.split(), strict=True))
            rows.append(Row(verb, present.split(), auxiliaries.split("/"), agreements))
    return rows


def subjects_of(index: int) -> list[Subject]:
    return [SUBJECTS[pronoun] for pronoun in PRONOUNS[index]]


def test_the_table_has_every_verb_and_no_other():
    assert {row.verb for row in table()} == set(VERBS)
    assert len(VERBS) >= 24


@pytest.mark.parametrize("row", table(), ids=lambda row: row.verb)
def test_every_present_form_is_as_written_by_hand(row: Row):
    verb = VERBS[row.verb]
    for index, person in enumerate(PERSONS):
        assert conjugation.present(verb, person) == row.present[index]
        for subject in subjects_of(index):
            group = right_group(Clause(verb, "present", subject, None), "ms")
            clitic = REFLEXIVE[index] if verb.pronominal else ""
            assert group == (clitic, row.present[index], "")


@pytest.mark.parametrize("row", table(), ids=lambda row: row.verb)
def test_every_form_of_the_passe_compose_is_as_written_by_hand_in_both_genders(row: Row):
    verb = VERBS[row.verb]
    auxiliary = row.auxiliaries[-1]  # without a direct object
    for index in range(len(PERSONS)):
        for subject in subjects_of(index):
            for agreement in subject.agreements:
                group = right_group(Clause(verb, "passe_compose", subject, None), agreement)
                clitic = REFLEXIVE[index] if verb.pronominal else ""
                finite = (AVOIR if auxiliary == "avoir" else ETRE)[index]
                participle = row.participles[agreement if auxiliary == "être" else "ms"]
                assert group == (clitic, finite, participle)


@pytest.mark.parametrize("row", [row for row in table() if len(row.auxiliaries) == 2], ids=lambda row: row.verb)
def test_verbs_with_both_auxiliaries_take_avoir_before_a_direct_object(row: Row):
    for index in range(len(PERSONS)):
        for subject in subjects_of(index):
            clause = Clause(VERBS[row.verb], "passe_compose", subject, "s")
            for agreement in subject.agreements:
                assert right_group(clause, agreement) == ("", AVOIR[index], row.participles["ms"])


def test_a_reflexive_verb_with_a_direct_object_after_it_leaves_its_participle_alone():
    clause = Clause(VERBS["se laver"], "passe_compose", SUBJECTS["elles"], "p")
    assert right_group(clause, "fp") == ("se", "sont", "lavé")


@pytest.mark.parametrize("row", table(), ids=lambda row: row.verb)
def test_every_participle_is_as_written_by_hand(row: Row):
    assert dict(conjugation.PARTICIPLES[VERBS[row.verb]]) == row.participles
