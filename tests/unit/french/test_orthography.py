"""Elision, apostrophes and the place of a difference."""

import pytest

from lqs.generators.french.orthography import changed_span, join, typographic


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["je", "ai"], "j’ai"),
        (["Je", "écoute"], "J’écoute"),
        (["je", "me", "habille"], "je m’habille"),
        (["elle", "se", "est", "levée"], "elle s’est levée"),
        (["tu", "ne", "es"], "tu n’es"),
        (["que", "elle"], "qu’elle"),
        (["le", "hôtel"], "l’hôtel"),
        (["je", "hurle"], "je hurle"),
        (["je", "hais"], "je hais"),
        (["nous", "nous", "habillons"], "nous nous habillons"),
        (["elle", "", "va"], "elle va"),
        (["Marie", "étudie"], "Marie étudie"),
    ],
)
def test_words_join_with_the_elision_french_wants(words: list[str], text: str):
    assert join(words) == text


def test_text_typed_with_straight_apostrophes_and_loose_accents_becomes_typographic():
    assert typographic("s'e\u0301veiller") == "s’éveiller"


@pytest.mark.parametrize(
    ("wrong", "right", "found", "correction"),
    [
        ("Elle vas au marché.", "Elle va au marché.", "vas", "va"),
        ("J’es allé au marché.", "Je suis allé au marché.", "J’es", "Je suis"),
        ("Hier, elle a allé au marché.", "Hier, elle est allée au marché.", "a allé", "est allée"),
        ("Vous s’êtes levés.", "Vous vous êtes levés.", "s’êtes", "vous êtes"),
        ("Elle se sont levée.", "Elle s’est levée.", "se sont", "s’est"),
        ("Nous se levons tôt.", "Nous nous levons tôt.", "se", "nous"),
        ("Elle est venu.", "Elle est venue.", "venu", "venue"),
    ],
)
def test_the_changed_span_covers_whole_words_and_repairs_the_text(wrong: str, right: str, found: str, correction: str):
    start, end, replacement = changed_span(wrong, right)
    assert (wrong[start:end], replacement) == (found, correction)
    assert wrong[:start] + replacement + wrong[end:] == right
