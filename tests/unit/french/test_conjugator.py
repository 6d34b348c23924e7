"""The conjugator against forms written by hand from grammar references, where learners and programs go wrong."""

from pathlib import Path

import pytest

from lqs.generators.french.conjugator import (
    FINITE,
    IMPERATIVE_PERSONS,
    IMPERATIVES,
    PERSONS,
    accepted,
    auxiliary_for,
    dictionary_name,
    group,
    imperative_before_y_or_en,
    inverted,
    participle,
    present_participle,
    simple,
    spoken,
)
from lqs.generators.french.lexicon.words import analyses
from lqs.generators.french.orthography import begins_with_vowel_sound, contracted, join
from lqs.generators.french.tables.auxiliaries import auxiliary

HAND_WRITTEN = Path(__file__).parent / "hand_written_forms.txt"


def rows() -> list[tuple[str, list[str]]]:
    lines = HAND_WRITTEN.read_text(encoding="utf-8").splitlines()
    parted = (line.partition(": ") for line in lines if not line.startswith("#"))
    return [(head, forms.split(", ")) for head, _, forms in parted]


def parsed(name: str) -> tuple[str, bool]:
    bare = name.removeprefix("se ").removeprefix("s’")
    return bare, bare != name


@pytest.mark.parametrize(("head", "forms"), rows(), ids=[head for head, _ in rows()])
def test_every_person_is_as_written_by_hand(head: str, forms: list[str]):
    name, _, tense = head.rpartition(" ")
    infinitive, pronominal = parsed(name)
    persons = IMPERATIVE_PERSONS if tense in IMPERATIVES else PERSONS
    assert [spoken(infinitive, tense, person, pronominal=pronominal) for person in persons] == forms


@pytest.mark.parametrize(
    ("infinitive", "ms", "fs", "present"),
    [
        ("devoir", "dû", "due", "devant"),
        ("mourir", "mort", "morte", "mourant"),
        ("résoudre", "résolu", "résolue", "résolvant"),
        ("dissoudre", "dissous", "dissoute", "dissolvant"),
        ("inclure", "inclus", "incluse", "incluant"),
        ("conclure", "conclu", "conclue", "concluant"),
        ("acquérir", "acquis", "acquise", "acquérant"),
        ("naître", "né", "née", "naissant"),
        ("peindre", "peint", "peinte", "peignant"),
        ("savoir", "su", "sue", "sachant"),
        ("avoir", "eu", "eue", "ayant"),
        ("asseoir", "assis", "assise", "asseyant"),
        ("sortir", "sorti", "sortie", "sortant"),
        ("fuir", "fui", "fuie", "fuyant"),
        ("suffire", "suffi", "suffi", "suffisant"),
        ("nager", "nagé", "nagée", "nageant"),
    ],
)
def test_participles_are_as_written_by_hand(infinitive: str, ms: str, fs: str, present: str):
    assert (participle(infinitive, "ms"), participle(infinitive, "fs")) == (ms, fs)
    assert present_participle(infinitive) == present


@pytest.mark.parametrize(
    ("infinitive", "direct", "expected"),
    [
        ("monter", False, "être"),
        ("monter", True, "avoir"),
        ("passer", True, "avoir"),
        ("retourner", False, "être"),
        ("mourir", False, "être"),
        ("décéder", False, "être"),
        ("survenir", False, "être"),
        ("parvenir", False, "être"),
        ("convenir", False, "avoir"),
        ("courir", False, "avoir"),
        ("marcher", False, "avoir"),
        ("être", False, "avoir"),
        ("subvenir", False, "avoir"),
        ("prévenir", True, "avoir"),
    ],
)
def test_the_auxiliary_follows_the_verb_and_its_object(infinitive: str, direct: bool, expected: str):
    assert auxiliary_for(infinitive, direct_object=direct) == expected
    assert auxiliary_for(infinitive, pronominal=True) == "être"


OTHERWISE_IN_THE_LEXICON = {
    # The lexicon marks only avoir for passer, entrer, descendre, échapper, ressortir: it forgets « elle est entrée ».
    "passer": "avoir",
    "entrer": "avoir",
    "descendre": "avoir",
    "échapper": "avoir",
    "ressortir": "avoir",
    # « Tomber la veste », with avoir, is informal.
    "tomber": "être",
    # Dictionaries allow « il a apparu, il est disparu », though they are rare.
    "apparaître": "être",
    "disparaître": "avoir",
}


def test_auxiliaries_are_those_the_lexicon_marks_but_where_it_is_known_to_err():
    marks = {"e_": "être", "_a": "avoir", "ea": "either"}
    differing = {}
    frequent = (Path(__file__).parents[2] / "second_opinion/frequent_verbs.txt").read_text(encoding="utf-8")
    for verb in frequent.splitlines():
        for _, _, what in analyses(verb):
            marked = marks.get(what[-2:]) if what.startswith("verbe") and what[12] not in "pr" else None
            if marked and marked != auxiliary(verb):
                differing[verb] = marked
    assert differing == OTHERWISE_IN_THE_LEXICON


def test_the_participle_shows_the_agreement_asked_for():
    assert group("aller", "passe_compose", "3p", "fp") == ("", "sont", "allées")
    assert group("lever", "futur_anterieur", "1s", "fs", pronominal=True) == ("me", "serai", "levée")


def test_both_spellings_of_1990_are_accepted_and_the_classical_one_is_written():
    assert accepted("céder", "futur", "3s") == ("cédera", "cèdera")
    assert accepted("payer", "present", "3p") == ("paient", "payent")
    assert accepted("renouveler", "present", "1s") == ("renouvelle", "renouvèle")
    assert accepted("plaire", "present", "3s") == ("plaît", "plait")


def test_what_a_verb_lacks_is_an_error_and_not_a_guess():
    for infinitive, tense, person in [
        ("falloir", "present", "1s"),
        ("pouvoir", "imperatif", "2s"),
        ("xyzer", "futur", "1s"),
    ]:
        with pytest.raises(LookupError):
            simple(infinitive, tense, person)


def test_every_tense_of_an_everyday_verb_is_there():
    for infinitive in ("aimer", "finir", "prendre", "venir"):
        for tense in FINITE:
            for person in IMPERATIVE_PERSONS if tense in IMPERATIVES else PERSONS:
                assert spoken(infinitive, tense, person)


@pytest.mark.parametrize(
    ("finite", "pronoun", "expected"),
    [
        ("parle", "il", "parle-t-il"),
        ("a", "elle", "a-t-elle"),
        ("va", "on", "va-t-on"),
        ("finit", "il", "finit-il"),
        ("vend", "elle", "vend-elle"),
        ("vainc", "il", "vainc-t-il"),
        ("parlent", "ils", "parlent-ils"),
        ("parles", "tu", "parles-tu"),
        ("avez", "vous", "avez-vous"),
    ],
)
def test_a_euphonic_t_stands_between_two_vowels(finite: str, pronoun: str, expected: str):
    assert inverted(finite, pronoun) == expected


def test_an_imperative_takes_an_s_before_y_and_en():
    assert imperative_before_y_or_en("va", "imperatif", "2s") == "vas"
    assert imperative_before_y_or_en("mange", "imperatif", "2s") == "manges"
    assert imperative_before_y_or_en("prends", "imperatif", "2s") == "prends"
    assert imperative_before_y_or_en("allons", "imperatif", "1p") == "allons"


ELIDING = "homme heure hôtel hiver histoire huile héroïne huître halogène habit yeux œuf y"
NOT_ELIDING = "héros haricot hibou hauteur honte huit hurle hais haine hockey yaourt yacht onze oui handicap hollandais"


@pytest.mark.parametrize("word", ELIDING.split())
def test_before_a_vowel_or_a_mute_h_words_elide(word: str):
    assert begins_with_vowel_sound(word)
    assert join(["le", word]) == f"l’{word}"


@pytest.mark.parametrize("word", NOT_ELIDING.split())
def test_before_an_aspirated_h_and_a_few_others_they_do_not(word: str):
    assert not begins_with_vowel_sound(word)
    assert join(["le", word]) == f"le {word}"


@pytest.mark.parametrize(
    ("preposition", "phrase", "expected"),
    [
        ("à", "le marché", "au marché"),
        ("à", "les enfants", "aux enfants"),
        ("de", "le train", "du train"),
        ("de", "les amis", "des amis"),
        ("de", "le héros", "du héros"),
        ("à", "la gare", "à la gare"),
        ("à", "l’école", "à l’école"),
        ("de", "l’hôtel", "de l’hôtel"),
        ("de", "un ami", "d’un ami"),
        ("de", "Anne", "d’Anne"),
        ("de", "Paul", "de Paul"),
    ],
)
def test_a_preposition_contracts_with_the_article(preposition: str, phrase: str, expected: str):
    assert contracted(preposition, phrase) == expected


def test_si_elides_before_il_only():
    assert join(["si", "il"]) == "s’il"
    assert join(["si", "ils"]) == "s’ils"
    assert join(["si", "elle"]) == "si elle"
    assert join(["si", "on"]) == "si on"


def test_a_reflexive_verb_is_named_with_its_pronoun():
    assert dictionary_name("habiller", pronominal=True) == "s’habiller"
    assert dictionary_name("haïr", pronominal=True) == "se haïr"
