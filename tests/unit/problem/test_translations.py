"""The English of right statements: one of every use of every verb, read by hand once and held to it since."""

import random
from pathlib import Path

import pytest

from lqs.domain.entities.problem import PERSONS
from lqs.generators.french.english import group, question
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft, drafts_of, right_statement
from lqs.generators.problem.offered import cells, persons_of
from lqs.generators.problem.translations import translation

SNAPSHOT = Path(__file__).parent / "translations.txt"


def one_of_every_use() -> list[str]:
    """A sentence for each use, going round kinds of sentence, tenses, persons and times."""
    by_use: dict[object, list[Draft]] = {}
    rng = random.Random(11)
    for cell in cells():
        if rng.random() < 0.2 or cell.frame not in by_use:
            person = rng.choice(persons_of(cell))
            drafts = list(drafts_of(cell, person))
            if drafts:
                by_use.setdefault(cell.frame, []).append(rng.choice(drafts))
    chosen = (rng.choice(drafts) for drafts in by_use.values())
    return [f"{right_statement(draft).text} | {translation(draft)}" for draft in chosen]


def test_every_use_is_translated_as_it_was_read_and_approved():
    assert one_of_every_use() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("verb", "tense", "person", "negation", "adverb", "expected"),
    [
        ("eat", "present", "3s", None, "", "eats"),
        ("eat", "present", "3s", None, "often", "often eats"),
        ("eat", "present", "3s", "pas", "", "does not eat"),
        ("eat", "present", "1s", "jamais", "", "never eat"),
        ("eat", "futur", "1s", "plus", "", "will no longer eat"),
        ("eat", "passe_compose", "3s", None, "already", "has already eaten"),
        ("eat", "passe_compose", "3s", "pas", "", "did not eat"),
        ("eat", "passe_compose", "1s", "jamais", "", "never ate"),
        ("eat", "imparfait", "1s", None, "", "used to eat"),
        ("eat", "imparfait", "1s", "plus", "", "no longer ate"),
        ("eat", "plus_que_parfait", "3s", "pas", "", "had not eaten"),
        ("eat", "conditionnel_passe", "3s", None, "", "would have eaten"),
        ("eat", "conditionnel_passe", "3s", "pas", "", "would not have eaten"),
        ("eat", "imperatif", "2s", "pas", "", "do not eat"),
        ("eat", "imperatif", "1p", None, "", "let’s eat"),
        ("eat", "imperatif", "1p", "pas", "", "let’s not eat"),
        ("be", "present", "1s", None, "often", "am often"),
        ("be", "present", "3p", "pas", "", "are not"),
        ("be", "imparfait", "3s", None, "", "was"),
        ("can", "present", "3s", None, "", "can"),
        ("can", "present", "3s", "pas", "", "cannot"),
        ("can", "futur", "3s", None, "", "will be able to"),
        ("can", "passe_compose", "1p", None, "", "were able to"),
        ("can", "conditionnel_present", "3s", None, "", "could"),
        ("carry", "present", "3s", None, "", "carries"),
        ("go", "passe_simple", "3s", None, "", "went"),
    ],
)
def test_the_verb_group_follows_tense_person_and_negation(
    verb: str, tense: str, person: str, negation: str | None, adverb: str, expected: str
):
    assert person in PERSONS
    assert group(verb, tense, person, negation=negation, adverb=adverb) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verb", "tense", "adverb", "expected"),
    [
        ("eat", "present", "", "does she eat fish"),
        ("eat", "present", "often", "does she often eat fish"),
        ("eat", "passe_compose", "", "did she eat fish"),
        ("eat", "passe_compose", "already", "has she already eaten fish"),
        ("eat", "imparfait", "", "did she use to eat fish"),
        ("eat", "futur", "", "will she eat fish"),
        ("have", "present", "", "does she have fish"),
        ("be", "imparfait", "", "was she fish"),
        ("can", "present", "", "can she fish"),
    ],
)
def test_a_question_turns_subject_and_helper(verb: str, tense: str, adverb: str, expected: str):
    formed = group(verb, tense, "3s", adverb=adverb)  # type: ignore[arg-type]
    assert question(formed, verb, "she", "fish") == expected


def test_every_shape_of_sentence_is_translated():
    assert {cell.shape for cell in cells()} == set(Shape)
