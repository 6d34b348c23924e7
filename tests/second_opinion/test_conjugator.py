"""Our conjugator beside Verbiste over the 1,000 most frequent verbs: every disagreement is listed with its reason."""

from functools import cache
from pathlib import Path

from lqs.generators.french import conjugator
from lqs.generators.french.lexicon.words import verb_forms
from second_opinion import verbiste

FOLDER = Path(__file__).parent
ORDER = (*conjugator.SIMPLE, "participe_present", "participe_passe")


def lines_of(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def theirs() -> dict[str, verbiste.Paradigm]:
    return verbiste.paradigms(lines_of("frequent_verbs.txt"))


def unknown() -> list[str]:
    return [verb for verb in lines_of("frequent_verbs.txt") if verb not in theirs()]


def ours(verb: str) -> verbiste.Paradigm:
    found: verbiste.Paradigm = {}
    for tense in conjugator.SIMPLE:
        for person in conjugator.PERSONS:
            found[tense, person] = frozenset(conjugator.accepted(verb, tense, person))
    for agreement in conjugator.AGREEMENTS:
        found["participe_passe", agreement] = conjugator.participles(verb)[agreement]
    found["participe_present", ""] = frozenset(verb_forms(verb).get("participe_present", ()))
    return found


def disagreements() -> list[str]:
    """One line for each verb and tense in which any form differs, all differing cells in it."""
    lines = []
    for verb, their_forms in theirs().items():
        our_forms = ours(verb)
        for tense in ORDER:
            cells = [
                f"{place or '-'}: {_spelled(our_forms[tense, place])} ≠ {_spelled(forms)}"
                for (other, place), forms in sorted(their_forms.items())
                if other == tense and our_forms[tense, place] != forms
            ]
            if cells:
                lines.append(f"{verb} {tense} | {' ; '.join(cells)}")
    return lines


def _spelled(forms: frozenset[str]) -> str:
    return "/".join(sorted(forms)) or "none"


def test_every_disagreement_with_verbiste_is_listed_with_its_reason_and_no_other():
    assert sorted(disagreements()) == sorted(lines_of("disagreements.txt"))


def test_every_listed_disagreement_stands_below_a_reason():
    first = (FOLDER / "disagreements.txt").read_text(encoding="utf-8").split("\n\n")
    assert all(block.lstrip().startswith("#") for block in first)


def test_a_thousand_verbs_are_compared_but_for_the_few_verbiste_does_not_know():
    assert len(lines_of("frequent_verbs.txt")) == 1000
    assert unknown() == ["refaire", "connaitre", "positiver", "télécharger", "entrainer", "stater"]
