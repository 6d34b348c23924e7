"""What a learner is told: consistent with the sentence that is read, in plain words."""

import re

import pytest

from lqs.domain.entities.problem import ErrorCode, Tense
from lqs.generators.french.frames import FRAMES
from lqs.generators.french.orthography import changed_span
from lqs.generators.french.subjects import SUBJECTS
from lqs.generators.problem.candidates import CANDIDATES, Candidate, mistakes, right_group
from lqs.generators.problem.explanations import Contrast, explain_right, explain_wrong
from lqs.generators.problem.selection import Draft, sentence_of


def right_explanation(verb: str, subject: str, agreement: str, tense: Tense = "passe_compose") -> str:
    frame = next(frame for frame in FRAMES if frame.verb.name == verb)
    clause = Candidate(frame, tense, SUBJECTS[subject]).clause
    return explain_right(clause, right_group(clause, agreement))


def wrong_explanations(verb: str, subject: str, agreement: str, tense: Tense, code: ErrorCode) -> list[str]:
    frame = next(frame for frame in FRAMES if frame.verb.name == verb)
    candidate = Candidate(frame, tense, SUBJECTS[subject])
    right = sentence_of(Draft(candidate, agreement, frame.times[tense][0], leading=False))
    found = []
    for mistake in mistakes(candidate.clause, agreement):
        if mistake.code == code:
            text = right._replace(group=mistake.group).text
            start, end, correction = changed_span(text, right.text)
            contrast = Contrast(right.group, mistake.group, text[start:end], correction)
            found.append(explain_wrong(code, candidate.clause, contrast))
    return found


@pytest.mark.parametrize(
    ("subject", "agreement", "who"),
    [
        ("je", "ms", "a man is speaking"),
        ("je", "fs", "a woman is speaking"),
        ("tu", "ms", "said to a man"),
        ("tu", "fs", "said to a woman"),
        ("nous", "mp", "men, or men and women, are speaking"),
        ("nous", "fp", "women are speaking"),
        ("vous", "ms", "said to one man"),
        ("vous", "fs", "said to one woman"),
        ("vous", "mp", "said to men, or to men and women"),
        ("vous", "fp", "said to women"),
    ],
)
def test_a_participle_that_shows_a_gender_the_pronoun_hides_says_who_is_meant(subject: str, agreement: str, who: str):
    assert right_explanation("naître", subject, agreement).endswith(f"agrees with the subject (here {who}).")


@pytest.mark.parametrize(
    ("verb", "subject"), [("naître", "elle"), ("naître", "Paul"), ("manger", "je"), ("se brosser", "vous")]
)
def test_where_nothing_is_hidden_or_shown_nobody_is_named(verb: str, subject: str):
    assert "(here" not in right_explanation(verb, subject, SUBJECTS[subject].agreements[0])


def test_a_polite_vous_is_not_called_plural_where_the_participle_shows_one_person():
    polite = "“vous” takes the second person plural of the verb even when it is one person"
    for agreement, expected in (("fs", True), ("ms", True), ("mp", False), ("fp", False)):
        texts = wrong_explanations("naître", "vous", agreement, "passe_compose", "agreement.subject_verb")
        for text in [*texts, right_explanation("naître", "vous", agreement)]:
            assert (polite in text) == expected
            assert ("“vous” is second person plural" in text) != expected
    assert "“vous” is second person plural" in right_explanation("manger", "vous", "ms")


def test_a_wrong_number_of_je_says_who_is_speaking():
    assert wrong_explanations("naître", "je", "fs", "passe_compose", "participle.agreement") == [
        "With “être”, the past participle agrees with the subject: “je” is singular (here a woman is speaking). "
        f"So it is “née”, not “{wrong}”."
        for wrong in ("nés", "nées")
    ]


def test_an_auxiliary_that_changes_the_participle_says_why():
    assert wrong_explanations("naître", "ma tante", "fs", "passe_compose", "aux.choice") == [
        "“naître” forms the passé composé with “être”, not with “avoir”, and the past participle then agrees with "
        "the subject. So it is “est née”, not “a né”."
    ]
    assert wrong_explanations("naître", "mon père", "ms", "passe_compose", "aux.choice") == [
        "“naître” forms the passé composé with “être”, not with “avoir”. So it is “est”, not “a”."
    ]


def test_a_wrong_reflexive_pronoun_is_explained_by_whom_it_goes_with():
    assert wrong_explanations("se lever", "nous", "mp", "present", "reflexive.person") == [
        "The reflexive pronoun agrees with its subject: “se” goes with “il/elle/on” or “ils/elles”, not with “nous”. "
        "So it is “nous”, not “se”."
    ]


def test_the_present_is_explained_in_plain_words():
    assert right_explanation("se lever", "je", "ms", "present") == (
        "“je” is first person singular: in the présent, “se lever” becomes “me lève”."
    )


def test_a_correction_is_one_word_unless_elision_or_the_participle_moves_with_it():
    for candidate in CANDIDATES:
        marker = candidate.frame.times[candidate.tense][0]
        for agreement in candidate.subject.agreements:
            right = sentence_of(Draft(candidate, agreement, marker, leading=False))
            for mistake in mistakes(candidate.clause, agreement):
                text = right._replace(group=mistake.group).text
                start, end, correction = changed_span(text, right.text)
                found = text[start:end]
                elided = [part for part in (found, correction) if "’" in part]
                both = mistake.code == "aux.choice" and mistake.group.participle != right.group.participle
                assert (" " in found + correction) <= bool(elided or both), (text, found, correction)
                assert all(re.search(r"’\w", part) for part in elided), (text, found, correction)
