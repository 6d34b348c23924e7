"""Which verb a caller means, what is stored of it, and what one is told who named none we know."""

import unicodedata

import pytest

from lqs.generators.french.frames import verbs
from lqs.generators.problem.naming import NamedVerbConstraints, known_verb, unknown_verb


@pytest.mark.parametrize(
    ("typed", "lemma"),
    [
        ("aller", "aller"),
        ("Aller", "aller"),
        ("aller ", "aller"),
        ("\taller\n", "aller"),
        ("naitre", "naître"),
        ("ETRE", "être"),
        ("Écouter", "écouter"),
        ("e\u0301couter", "écouter"),
        ("s'inquieter", "s’inquiéter"),
        ("Se Lever", "se lever"),
        ("se  dépêcher", "se dépêcher"),
    ],
)
def test_the_verb_that_is_meant_is_stored_under_its_dictionary_name(typed: str, lemma: str):
    constraints = NamedVerbConstraints.model_validate({"verbs": [typed]})
    assert constraints.model_dump(mode="json")["verbs"] == [lemma]
    assert NamedVerbConstraints.model_validate_json(constraints.model_dump_json()) == constraints


@pytest.mark.parametrize("name", sorted(verbs()))
def test_every_verb_is_found_without_its_accents(name: str):
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    assert known_verb(plain.upper()) is verbs()[name]


def test_a_verb_that_is_not_known_stays_as_it_was_typed_for_the_check_to_refuse():
    assert NamedVerbConstraints(verbs=["Zigzaguer"]).verbs == ["Zigzaguer"]


def test_the_schema_is_published_under_the_name_of_the_constraints():
    assert NamedVerbConstraints.model_json_schema()["title"] == "ProblemConstraints"


@pytest.mark.parametrize(
    ("typed", "suggestions"),
    [
        ("parlr", "parler"),
        ("Finire", "finir"),
        ("laver", "se laver"),
        ("inquieter", "s’inquiéter"),
        ("ecoutr", "écouter"),
    ],
)
def test_beside_a_close_match_the_other_verbs_are_only_counted(typed: str, suggestions: str):
    assert unknown_verb(typed) == (
        f"“{typed}” is not a verb we know. Did you mean {suggestions}? There are {len(verbs())} to choose from."
    )


def test_no_more_than_three_are_suggested():
    assert unknown_verb("romper").count(" or ") <= 2
    assert unknown_verb("endre").count(" or ") == 2


def test_without_a_close_match_every_verb_is_listed():
    assert unknown_verb("xyzzy").endswith(f"The verbs are: {', '.join(verbs())}.")


def test_what_is_quoted_is_short_and_has_no_control_characters():
    told = unknown_verb("x\x1b[31m\r\n\u202e\u2028y" + "z" * 100)
    assert told.startswith("“x[31my" + "z" * 34 + "” is not a verb we know.")
