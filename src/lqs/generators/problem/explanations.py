"""Why a statement is wrong, or right, in English a learner can follow."""

from collections.abc import Callable
from types import MappingProxyType

from lqs.domain.entities.problem import PERSONS, ErrorCode
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
_PRONOUNS = MappingProxyType({"1s": "je", "2s": "tu", "3s": "il/elle", "1p": "nous", "2p": "vous", "3p": "ils/elles"})
_AGREEMENT_NAMES = MappingProxyType(
    {"ms": "masculine singular", "fs": "feminine singular", "mp": "masculine plural", "fp": "feminine plural"}
)


def explain_wrong(code: ErrorCode, clause: Clause, group: VerbGroup, wrong: str, correction: str) -> str:
    """Why the verb group `group` is wrong. `wrong` and `correction` are the words that differ; both are quoted."""
    return _WRITERS[code](clause, group, f"So it is “{correction}”, not “{wrong}”.")


def explain_right(clause: Clause, group: VerbGroup) -> str:
    """Why the right verb group is right; quotes it."""
    verb, tense, subject, _ = clause
    form = join([group.clitic, group.finite, group.participle])
    person = f"“{subject.text}” is {_PERSON_NAMES[subject.person]}"
    if tense == "present":
        return f"{person}, and “{verb.name}” in the présent is then “{form}”."
    auxiliary = _auxiliary_name(clause)
    return f"{person}; “{verb.name}” takes “{auxiliary}” in the passé composé here: “{form}”. {_agreement_rule(clause)}"


def _auxiliary_name(clause: Clause) -> str:
    return "avoir" if auxiliary_of(clause) is conjugation.AVOIR else "être"


def _agreement_rule(clause: Clause) -> str:
    if agrees_with_subject(clause):
        return "The past participle agrees with the subject."
    if clause.verb.pronominal:
        return "The direct object follows the verb, so the past participle does not change."
    return "With “avoir”, the past participle does not agree with the subject."


def _wrong_person(clause: Clause, group: VerbGroup, conclusion: str) -> str:
    subject = clause.subject
    what = f"“{group.finite}”" if clause.tense == "present" else f"the auxiliary “{group.finite}”"
    persons = persons_of(clause)[group.finite]
    owners = [f"“{_PRONOUNS[person]}”" for person in PERSONS if person in persons]
    return (
        f"The verb agrees with its subject: “{subject.text}” is {_PERSON_NAMES[subject.person]}, "
        f"but {what} goes with {' or '.join(owners)}. {conclusion}"
    )


def _wrong_auxiliary(clause: Clause, group: VerbGroup, conclusion: str) -> str:
    name = clause.verb.name
    if clause.verb.pronominal:
        return f"Reflexive verbs such as “{name}” always form the passé composé with “être”. {conclusion}"
    right = _auxiliary_name(clause)
    other = "être" if right == "avoir" else "avoir"
    return f"“{name}” forms the passé composé with “{right}”, not with “{other}”. {conclusion}"


def _wrong_agreement(clause: Clause, group: VerbGroup, conclusion: str) -> str:
    subject = clause.subject
    if not agrees_with_subject(clause):
        return (
            "The direct object comes after the verb, and the reflexive pronoun is only the indirect object, "
            f"so the past participle stays unchanged. {conclusion}"
        )
    rule = "In this reflexive verb" if clause.verb.pronominal else "With “être”"
    known = _gender_and_number(subject)
    return f"{rule}, the past participle agrees with the subject: “{subject.text}” is {known}. {conclusion}"


def _gender_and_number(subject: Subject) -> str:
    if len(subject.accepted) == 1:
        return _AGREEMENT_NAMES[subject.accepted[0]]
    return "singular" if subject.person.endswith("s") else "plural"


def _wrong_reflexive(clause: Clause, group: VerbGroup, conclusion: str) -> str:
    right = conjugation.reflexive(clause.verb, clause.subject.person)
    return (
        "The reflexive pronoun has the person of its subject: "
        f"with the subject “{clause.subject.text}” it is “{right}”, never “{group.clitic}”. {conclusion}"
    )


_Writer = Callable[[Clause, VerbGroup, str], str]
_WRITERS: MappingProxyType[ErrorCode, _Writer] = MappingProxyType(
    {
        "agreement.subject_verb": _wrong_person,
        "aux.choice": _wrong_auxiliary,
        "participle.agreement": _wrong_agreement,
        "reflexive.person": _wrong_reflexive,
    }
)
