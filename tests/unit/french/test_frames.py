"""The uses of verbs: enough of them, and each what the lexicon and the grammar say it is."""

import pytest

from lqs.domain.entities.problem import TOPICS
from lqs.generators.french.conjugator import participle, simple
from lqs.generators.french.frames import Role, frames, verbs
from lqs.generators.french.proof.reading import noun_phrase
from lqs.generators.french.proof.words import tokens
from lqs.generators.french.tables import moods
from lqs.generators.french.triggers import CONDITION, INDICATIVE, SUBJUNCTIVE
from lqs.generators.problem.drafts import noun_of, object_agreement


def test_there_are_verbs_enough_on_every_topic():
    assert len(verbs()) >= 150
    assert {frame.topic for frame in frames()} == set(TOPICS)


@pytest.mark.parametrize("name", sorted(verbs()))
def test_every_verb_can_be_conjugated(name: str):
    infinitive = verbs()[name].infinitive
    assert simple(infinitive, "futur", "3s")
    assert participle(infinitive, "ms")


def test_every_word_of_a_complement_is_in_the_lexicon():
    for frame in frames():
        for piece in frame.complement:
            for token in tokens(piece.text):
                assert token.is_known, (frame.verb.name, token.form)


def test_every_object_that_can_become_a_pronoun_has_a_known_gender_and_number():
    for frame in frames():
        for role in (Role.DIRECT, Role.INDIRECT):
            piece = frame.piece(role)
            if piece and not piece.fixed:
                assert object_agreement(piece) in ("ms", "fs", "mp", "fp"), piece
                assert noun_phrase(tokens(noun_of(piece)), 0)


def test_french_and_english_have_the_same_pieces():
    for frame in frames():
        loose = {Role.REST, Role.ATTRIBUTE}
        french = {piece.role for piece in frame.complement if not piece.fixed} - loose
        assert french <= {piece.role for piece in frame.english}, frame.verb.name


def test_main_clauses_ask_for_the_mood_that_the_tables_say():
    assert {trigger.french for trigger in SUBJUNCTIVE} <= set(moods.SUBJUNCTIVE)
    assert {trigger.french for trigger in INDICATIVE} <= set(moods.INDICATIVE)
    assert {trigger.french for trigger in CONDITION} == {"si"}
    assert not set(moods.SUBJUNCTIVE) & set(moods.INDICATIVE)
