"""Why a statement is wrong, or right, in English a learner can follow."""

from collections.abc import Callable, Container
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import PERSONS, ErrorCode, Person
from lqs.generators.french import conjugation
from lqs.generators.french.contrast import Clause, agrees_with_subject, auxiliary_of, persons_of
from lqs.generators.french.orthography import join
from lqs.generators.french.sentence import VerbGroup
from lqs.generators.french.subjects import Subject

_PERSON_NAMES = MappingProxyType(
    {
        "1s": "first person singular",
        "2s": "second person singular",
        "3s": "third person singular",
        "1p": "first person plural",
        "2p": "second person plural",
        "3p": "third person plural",
    }
)
_PRONOUNS = MappingProxyType(
    {"1s": "je", "2s": "tu", "3s": "il/elle/on", "1p": "nous", "2p": "vous", "3p": "ils/elles"}
)
_AGREEMENT_NAMES = MappingProxyType(
    {"ms": "masculine singular", "fs": "feminine singular", "mp": "masculine plural", "fp": "feminine plural"}
)


_WHO = MappingProxyType(
    {
        "je": {"ms": "a man is speaking", "fs": "a woman is speaking"},
        "tu": {"ms": "said to a man", "fs": "said to a woman"},
        "nous": {"mp": "men, or men and women, are speaking", "fp": "women are speaking"},
        "vous": {
            "ms": "said to one man",
            "fs": "said to one woman",
            "mp": "said to men, or to men and women",
            "fp": "said to women",
        },
    }
)
"""Whom a pronoun of open gender stands for, where the participle shows it."""


class Contrast(NamedTuple):
    """The two verb groups of an explanation, and the words in which they differ (these are quoted)."""

    right: VerbGroup
    wrong: VerbGroup
    found: str
    correction: str

    @property
    def conclusion(self) -> str:
        """The last sentence of an explanation."""
        return f"So it is “{self.correction}”, not “{self.found}”."


def explain_wrong(code: ErrorCode, clause: Clause, contrast: Contrast) -> str:
    """Why the wrong verb group is wrong; quotes the words that differ."""
    return f"{_WRITERS[code](clause, contrast)} {contrast.conclusion}"


def explain_right(clause: Clause, group: VerbGroup) -> str:
    """Why the right verb group is right; quotes it."""
    form = join([group.clitic, group.finite, group.participle])
    person, name = _person(clause, group), clause.verb.name
    if clause.tense == "present":
        return f"{person}: in the présent, “{name}” becomes “{form}”."
    auxiliary = _auxiliary_name(clause)
    return (
        f"{person}; “{name}” takes “{auxiliary}” in the passé composé here: “{form}”. {_agreement_rule(clause, group)}"
    )


def _shown_agreement(clause: Clause, right: VerbGroup) -> str:
    """The gender and number that the participle shows; empty where it shows none."""
    if not right.participle or not agrees_with_subject(clause):
        return ""
    forms = conjugation.PARTICIPLES[clause.verb]
    return next((a for a in clause.subject.agreements if forms[a] == right.participle), "")


def _person(clause: Clause, right: VerbGroup) -> str:
    """The subject's person; a “vous” that is seen to be one person would contradict “plural”."""
    subject = clause.subject
    if subject.text == "vous" and _shown_agreement(clause, right).endswith("s"):
        return "“vous” takes the second person plural of the verb even when it is one person"
    return f"“{subject.text}” is {_PERSON_NAMES[subject.person]}"


def _who(clause: Clause, right: VerbGroup) -> str:
    """Whom je, tu, nous or vous is here, in brackets; empty where the participle does not show it."""
    who = _WHO.get(clause.subject.text, {}).get(_shown_agreement(clause, right))
    return f" (here {who})" if who else ""


def _auxiliary_name(clause: Clause) -> str:
    return "avoir" if auxiliary_of(clause) is conjugation.AVOIR else "être"


def _agreement_rule(clause: Clause, right: VerbGroup) -> str:
    if agrees_with_subject(clause):
        return f"The past participle agrees with the subject{_who(clause, right)}."
    if clause.verb.pronominal:
        return "The direct object follows the verb, so the past participle does not change."
    return "With “avoir”, the past participle does not agree with the subject."


def _owners(persons: Container[Person]) -> str:
    return " or ".join(f"“{_PRONOUNS[person]}”" for person in PERSONS if person in persons)


def _wrong_person(clause: Clause, contrast: Contrast) -> str:
    finite = contrast.wrong.finite
    what = f"“{finite}”" if clause.tense == "present" else f"the auxiliary “{finite}”"
    return (
        f"The verb agrees with its subject: {_person(clause, contrast.right)}, "
        f"but {what} goes with {_owners(persons_of(clause)[finite])}."
    )


def _wrong_auxiliary(clause: Clause, contrast: Contrast) -> str:
    name, right = clause.verb.name, _auxiliary_name(clause)
    other = "être" if right == "avoir" else "avoir"
    if clause.verb.pronominal:
        rule = f"Reflexive verbs such as “{name}” always form the passé composé with “être”"
    else:
        rule = f"“{name}” forms the passé composé with “{right}”, not with “{other}”"
    if contrast.wrong.participle != contrast.right.participle:
        return f"{rule}, and the past participle then agrees with the subject{_who(clause, contrast.right)}."
    return f"{rule}."


def _wrong_agreement(clause: Clause, contrast: Contrast) -> str:
    if not agrees_with_subject(clause):
        return (
            "The direct object comes after the verb, and the reflexive pronoun is only the indirect object, "
            "so the past participle stays unchanged."
        )
    rule = "In this reflexive verb" if clause.verb.pronominal else "With “être”"
    known = f"{_gender_and_number(clause.subject)}{_who(clause, contrast.right)}"
    return f"{rule}, the past participle agrees with the subject: “{clause.subject.text}” is {known}."


def _gender_and_number(subject: Subject) -> str:
    if len(subject.accepted) == 1:
        return _AGREEMENT_NAMES[subject.accepted[0]]
    return "singular" if subject.person.endswith("s") else "plural"


def _wrong_reflexive(clause: Clause, contrast: Contrast) -> str:
    clitic = contrast.wrong.clitic
    owners = _owners([p for p, form in zip(PERSONS, conjugation.REFLEXIVES, strict=True) if form == clitic])
    return (
        "The reflexive pronoun agrees with its subject: "
        f"“{clitic}” goes with {owners}, not with “{clause.subject.text}”."
    )


_Writer = Callable[[Clause, Contrast], str]
_WRITERS: MappingProxyType[ErrorCode, _Writer] = MappingProxyType(
    {
        "agreement.subject_verb": _wrong_person,
        "aux.choice": _wrong_auxiliary,
        "participle.agreement": _wrong_agreement,
        "reflexive.person": _wrong_reflexive,
    }
)
