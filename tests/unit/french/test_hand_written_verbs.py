"""The verbs of the first hour, form by form, against a table written by hand."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lqs.generators.french.conjugator import AGREEMENTS, PERSONS, auxiliary_for, group, participle


@dataclass(frozen=True)
class Row:
    verb: str
    present: list[str]
    auxiliaries: list[str]
    participles: dict[str, str]

    @property
    def infinitive(self) -> str:
        return self.verb.removeprefix("se ").removeprefix("s’")

    @property
    def pronominal(self) -> bool:
        return self.infinitive != self.verb


def table() -> list[Row]:
    rows = []
    for line in (Path(__file__).parent / "conjugations.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            verb, present, auxiliaries, participles = (cell.strip() for cell in line.split("|"))
            agreements = dict(zip(AGREEMENTS, participles.split(), strict=True))
            rows.append(Row(verb, present.split(), auxiliaries.split("/"), agreements))
    return rows


@pytest.mark.parametrize("row", table(), ids=lambda row: row.verb)
def test_every_present_form_is_as_written_by_hand(row: Row):
    forms = [group(row.infinitive, "present", person, pronominal=row.pronominal) for person in PERSONS]
    assert [form.finite for form in forms] == row.present
    reflexives = ["me", "te", "se", "nous", "vous", "se"] if row.pronominal else [""] * 6
    assert [form.clitic for form in forms] == reflexives


@pytest.mark.parametrize("row", table(), ids=lambda row: row.verb)
def test_every_auxiliary_and_participle_is_as_written_by_hand(row: Row):
    assert {a: participle(row.infinitive, a) for a in AGREEMENTS} == row.participles
    # "avoir/être" takes avoir with a direct object and être without
    assert auxiliary_for(row.infinitive, pronominal=row.pronominal) == row.auxiliaries[-1]
    if len(row.auxiliaries) == 2:
        assert auxiliary_for(row.infinitive, direct_object=True) == row.auxiliaries[0]
