"""The shipped lexicon: made from the vendored source, nothing else, and read back as it was written."""

import hashlib
import random

import pytest

from lqs.generators.french.lexicon import build
from lqs.generators.french.lexicon.automaton import Automaton, Builder
from lqs.generators.french.lexicon.hunspell import Analysis, expand
from lqs.generators.french.lexicon.words import analyses, verb_forms


@pytest.mark.timeout(600)
def test_the_shipped_lexicon_is_what_the_vendored_source_compiles_to():
    source = build.source_analyses()
    shipped = build.LEXICON.read_bytes()

    assert build.compiled(source) == shipped
    assert build.CHECKSUM.read_text().split()[0] == hashlib.sha256(shipped).hexdigest()
    by_form: dict[str, set[Analysis]] = {}
    for analysis in source:
        by_form.setdefault(analysis.form, set()).add(analysis)
    for form in random.Random(5).sample(sorted(by_form), 2000):
        assert set(analyses(form)) == by_form[form]


@pytest.mark.parametrize(
    ("form", "lemma", "what"),
    [
        ("suis", "être", "present 1s"),
        ("suis", "suivre", "present 2s"),
        ("paye", "payer", "subjonctif_present 3s"),
        ("mangea", "manger", "passe_simple 3s"),
        ("allées", "aller", "participe_passe fp"),
        ("dussions", "devoir", "subjonctif_imparfait 1p"),
        ("voiture", "voiture", "nom fs"),
        ("vieil", "vieux", "adj ms"),
        ("rouge", "rouge", "adj fs"),
        ("héros", "héros", "nom mp"),
        ("aujourd’hui", "aujourd’hui", "adv"),
        ("Paris", "Paris", "npr"),
    ],
)
def test_a_word_is_known_for_what_it_can_be(form: str, lemma: str, what: str):
    assert Analysis(form, lemma, what) in analyses(form)


@pytest.mark.parametrize("form", ["mangons", "alé", "disez", "", "mangé ", "voitur", "voituress", "\t", "Manger"])
def test_what_is_no_word_has_no_analysis(form: str):
    assert analyses(form) == ()


def test_a_verb_gives_its_forms_with_every_accepted_spelling():
    assert verb_forms("payer")["present 3s"] == ("paye", "paie")
    assert verb_forms("abréger")["futur 1s"] == ("abrégerai", "abrègerai")
    assert verb_forms("aller")["futur 1p"] == ("irons",)
    assert "present 1s" not in verb_forms("falloir")
    assert not verb_forms("maison")


AFFIXES = """
SFX a0 Y 4
SFX a0 er er/n'q' [^g]er po:infi
SFX a0 er e/j'n' er po:ipre po:spre po:1sg po:3sg
SFX a0 er é/L' er po:ppas po:adj is:mas is:sg
SFX a0 ger geons/n' ger po:ipre po:1pl
SFX S. Y 1
SFX S. 0 s/D' [^sxz] is:pl
"""


def test_a_suffix_applies_where_its_condition_holds_and_a_form_is_all_that_its_tags_say():
    found = set(expand(AFFIXES, "2\nparler/a0() po:v1_i____a\nnager/a0() po:v1_i____a\nfou/S. po:nom is:mas"))
    assert {analysis for analysis in found if analysis.form == "parle"} == {
        Analysis("parle", "parler", f"{tense} {person}")
        for tense in ("present", "subjonctif_present")
        for person in ("1s", "3s")
    }
    assert {what for form, _, what in found if form == "parlé"} == {"participe_passe ms", "adj ms"}
    assert {form for form, lemma, _ in found if lemma == "nager"} == {"nage", "nagé", "nageons"}
    assert {what for form, _, what in found if form == "fous"} == {"nom mp"}


def test_an_automaton_gives_back_every_string_once_and_no_other():
    rng = random.Random(1)
    strings = sorted({bytes(rng.choices(b"abc", k=rng.randint(1, 6))) + b"\x01" for _ in range(500)})
    builder = Builder()
    read = Automaton(builder.buffer(builder.tree((string, 0) for string in strings)))

    assert read.after(b"") == tuple(strings)
    assert read.after(b"ab") == tuple(string[2:] for string in strings if string.startswith(b"ab"))
    assert read.after(b"abd") == ()


def test_equal_endings_are_kept_once():
    def size(words: list[bytes]) -> int:
        builder = Builder()
        return len(builder.buffer(builder.tree((word, 0) for word in sorted(words))))

    assert size([b"parlons", b"portons", b"pensons"]) < size([b"parlons"]) + size([b"portons"]) + size([b"pensons"])
    assert size([b"aXons", b"bXons"]) == size([b"aXons"]) + 4
