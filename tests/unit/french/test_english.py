"""The English of the correct statements: every verb in both tenses, read by hand once and held to it since."""

from pathlib import Path

import pytest

from lqs.domain.entities.problem import PERSONS, TENSES
from lqs.generators.french.english import translation
from lqs.generators.french.frames import FRAMES, NOW, THEN, Frame
from lqs.generators.french.subjects import SUBJECTS
from lqs.generators.problem.candidates import CANDIDATES, Candidate
from lqs.generators.problem.selection import Draft, sentence_of

SNAPSHOT = Path(__file__).parent / "translations.txt"


def english(draft: Draft) -> str:
    frame, tense, subject = draft.candidate
    return translation(frame, subject, tense, draft.marker, leading=draft.leading)


def one_per_verb_and_tense() -> list[str]:
    """One pair of sentences for each use of a verb and tense, going round persons, subjects and times."""
    lines = []
    subjects = [[s for s in SUBJECTS.values() if s.person == person] for person in PERSONS]
    for number, frame in enumerate(FRAMES):
        for shift, tense in enumerate(TENSES):
            if markers := frame.times[tense]:
                turn = number + 3 * shift
                same_person = subjects[turn % len(PERSONS)]
                subject = same_person[turn // len(PERSONS) % len(same_person)]
                agreement = subject.agreements[turn % len(subject.agreements)]
                marker = markers[turn % len(markers)]
                draft = Draft(Candidate(frame, tense, subject), agreement, marker, leading=turn % 2 == 0)
                lines.append(f"{sentence_of(draft).text} | {english(draft)}")
    return lines


def test_every_verb_and_tense_is_translated_as_it_was_read_and_approved():
    assert one_per_verb_and_tense() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


def test_every_verb_has_a_use_and_both_tenses_but_for_being_born():
    offered = {(candidate.frame.verb.name, candidate.tense) for candidate in CANDIDATES}
    verbs = {verb for verb, _ in offered}
    assert {verb for verb in verbs if (verb, "present") not in offered} == {"naître"}
    assert all((verb, "passe_compose") in offered for verb in verbs)


def frame_of(verb: str, complement: str) -> Frame:
    return next(frame for frame in FRAMES if (frame.verb.name, frame.complement) == (verb, complement))


@pytest.mark.parametrize(
    ("subject", "tense", "time", "expected"),
    [
        ("je", "present", "days", "I brush my hair every day."),
        ("elle", "present", "days", "She brushes her hair every day."),
        ("Paul", "passe_compose", "morning", "Paul brushed his hair this morning."),
        ("mes sœurs", "passe_compose", "morning", "My sisters brushed their hair this morning."),
        ("vous", "passe_compose", "already", "You have already brushed your hair."),
        ("ma tante", "passe_compose", "already", "My aunt has already brushed her hair."),
        ("nous", "present", "often", "We often brush our hair."),
    ],
)
def test_possessives_tenses_and_adverbs_follow_the_subject(subject: str, tense: str, time: str, expected: str):
    marker = (NOW if tense == "present" else THEN)[time]
    frame = frame_of("se brosser", "les cheveux")
    assert translation(frame, SUBJECTS[subject], tense, marker, leading=False) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "tense", "expected"),
    [
        ("je", "present", "I am wary of that man."),
        ("ils", "present", "They are wary of that man."),
        ("il", "passe_compose", "He was wary of that man."),
        ("nous", "passe_compose", "We were wary of that man."),
    ],
)
def test_to_be_is_conjugated_by_person(subject: str, tense: str, expected: str):
    plain = (NOW if tense == "present" else THEN)["plain"]
    frame = frame_of("se méfier", "de cet homme")
    assert translation(frame, SUBJECTS[subject], tense, plain, leading=True) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "tense", "time", "expected"),
    [
        ("elle", "present", "plain", "She can come on foot."),
        ("je", "passe_compose", "yesterday", "I was able to come on foot yesterday."),
        ("mes cousins", "passe_compose", "yesterday", "My cousins were able to come on foot yesterday."),
        ("tu", "passe_compose", "already", "You have already been able to come on foot."),
    ],
)
def test_can_borrows_its_past_from_to_be_able(subject: str, tense: str, time: str, expected: str):
    marker = (NOW if tense == "present" else THEN)[time]
    frame = frame_of("pouvoir", "venir à pied")
    assert translation(frame, SUBJECTS[subject], tense, marker, leading=False) == expected  # type: ignore[arg-type]


def test_an_adverb_follows_to_be_and_precedes_other_verbs():
    hungry, eating = frame_of("avoir", "faim"), frame_of("manger", "une pomme")
    assert translation(hungry, SUBJECTS["il"], "present", NOW["often"], leading=False) == "He is often hungry."
    assert translation(eating, SUBJECTS["il"], "present", NOW["often"], leading=False) == "He often eats an apple."


def test_to_be_has_a_perfect():
    frame = frame_of("être", "en retard")
    expected = "Paul has already been late."
    assert translation(frame, SUBJECTS["Paul"], "passe_compose", THEN["already"], leading=False) == expected
