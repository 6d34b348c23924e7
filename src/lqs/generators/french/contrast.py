"""Proof by contrast: a wrong statement beside the right one, and the rule that makes the difference an error.

Nothing here knows how a statement came about. A false proof is worse than a missed one: a difference that no rule below
proves wrong, or that some reading of the sentence allows, is not proven. Rules as in Grevisse, "Le bon usage".
"""

from collections.abc import Mapping
from typing import NamedTuple

from lqs.domain.entities.problem import Person, Proof, Tense
from lqs.generators.french import conjugation
from lqs.generators.french.sentence import Number, Sentence, VerbGroup, direct_object, read
from lqs.generators.french.subjects import Subject
from lqs.generators.french.verbs import Auxiliary, Objects, Verb

_THIRD: Mapping[Number, Person] = {"s": "3s", "p": "3p"}
_OTHER_VERBS: Mapping[tuple[str, str, str], str] = {("être", "tu", "suis"): "suivre"}
"""Present forms that would be wrong of a verb (by name, subject, form), but are right of another one."""


class Clause(NamedTuple):
    """What the rules need to know of a sentence: all but its verb group."""

    verb: Verb
    tense: Tense
    subject: Subject
    object_number: Number | None


def prove(right: str, wrong: str, verb: Verb, tense: Tense) -> Proof | None:
    """The proof that `wrong` is an error where `right` is not; None when there is none.

    Both are whole statements about `verb` in `tense`. They must differ in the verb group alone.
    """
    model, other = read(right, verb, tense), read(wrong, verb, tense)
    if not model or not other or model._replace(group=other.group) != other:
        return None
    clause = clause_of(model, verb, tense)
    return None if fault(clause, model.group) else judge(clause, model.group, other.group)


def clause_of(sentence: Sentence, verb: Verb, tense: Tense) -> Clause:
    """What the rules need to know of a sentence that was read."""
    return Clause(verb, tense, sentence.subject, direct_object(verb, sentence.complement))


def fault(clause: Clause, group: VerbGroup) -> str | None:
    """What is wrong with a verb group that is meant to be right; None if nothing is."""
    verb, tense, subject, _ = clause
    if group.clitic != conjugation.reflexive(verb, subject.person):
        return f"“{group.clitic}” is not the reflexive pronoun of “{subject.text}”"
    if tense == "present":
        expected = conjugation.present(verb, subject.person)
        return None if group.finite == expected else f"expected “{expected}”, found “{group.finite}”"
    expected = conjugation.auxiliary(auxiliary_of(clause), subject.person)
    if group.finite != expected:
        return f"expected the auxiliary “{expected}”, found “{group.finite}”"
    if group.participle not in accepted_participles(clause):
        return f"the participle “{group.participle}” does not agree"
    return None


def auxiliary_of(clause: Clause) -> tuple[str, ...]:
    """The auxiliary that is right here: for verbs that take either, avoir with a direct object and être without."""
    kind = clause.verb.auxiliary
    if kind is Auxiliary.EITHER:
        kind = Auxiliary.AVOIR if clause.object_number else Auxiliary.ETRE
    return conjugation.AVOIR if kind is Auxiliary.AVOIR else conjugation.ETRE


def agrees_with_subject(clause: Clause) -> bool:
    """Whether the participle agrees with the subject.

    With avoir it does not, nor in reflexive verbs whose direct object follows: « elle s’est lavé les mains ».
    """
    if clause.verb.pronominal:
        return clause.object_number is None
    return auxiliary_of(clause) is conjugation.ETRE


def accepted_participles(clause: Clause) -> frozenset[str]:
    """Every spelling of the participle that is right here."""
    agreements = clause.subject.accepted if agrees_with_subject(clause) else ("ms",)
    return frozenset(conjugation.participle(clause.verb, agreement) for agreement in agreements)


def judge(clause: Clause, right: VerbGroup, wrong: VerbGroup) -> Proof | None:
    """The rule that one difference between two verb groups breaks; None if several differ, or none is surely broken."""
    differs = tuple(a != b for a, b in zip(right, wrong, strict=True))
    if differs == (True, False, False):
        return _reflexive_proof(clause, wrong.clitic)
    if differs == (False, False, True):
        return _participle_proof(clause, wrong.participle)
    if differs == (False, True, False):
        return _person_proof(clause, wrong.finite) or _auxiliary_proof(clause, wrong)
    if differs == (False, True, True):
        return _auxiliary_proof(clause, wrong)
    return None


def _person_proof(clause: Clause, finite: str) -> Proof | None:
    """The form belongs to other persons of the same verb (or auxiliary) only."""
    persons = persons_of(clause).get(finite, frozenset())
    if clause.tense == "present" and (clause.verb.name, clause.subject.text, finite) in _OTHER_VERBS:
        return None
    if not persons or clause.subject.person in persons or _object_could_be_subject(clause, persons):
        return None
    return Proof(method="disjoint_persons", code="agreement.subject_verb")


def persons_of(clause: Clause) -> Mapping[str, frozenset[Person]]:
    """Which persons the forms of the finite verb stand for: the verb's own, or those of its right auxiliary."""
    if clause.tense == "present":
        return conjugation.PRESENT_PERSONS[clause.verb]
    return conjugation.AVOIR_PERSONS if auxiliary_of(clause) is conjugation.AVOIR else conjugation.ETRE_PERSONS


def _object_could_be_subject(clause: Clause, persons: frozenset[Person]) -> bool:
    """« Chaque matin, nous attend le bus » is stylistic inversion, and right: there nous is the object."""
    if clause.verb.pronominal or clause.subject.text not in ("nous", "vous") or not clause.object_number:
        return False
    return _THIRD[clause.object_number] in persons


def _auxiliary_proof(clause: Clause, wrong: VerbGroup) -> Proof | None:
    """The other auxiliary, in the right person, with a verb that never takes it in this sense."""
    verb, _, subject, object_number = clause
    if clause.tense == "present" or verb.auxiliary is Auxiliary.EITHER:
        return None
    other = conjugation.ETRE if auxiliary_of(clause) is conjugation.AVOIR else conjugation.AVOIR
    if wrong.finite != conjugation.auxiliary(other, subject.person):
        return None
    if wrong.participle not in conjugation.PARTICIPLES[verb].values():
        return None
    if other is conjugation.ETRE:
        if subject.text == "il":
            return None  # « il est vendu des légumes » is an impersonal passive, and right
        if verb.objects is not Objects.NONE and not object_number:
            return None  # without a direct object it can be read as a passive: « Marie est regardée »
    return Proof(method="auxiliary_class", code="aux.choice")


def _participle_proof(clause: Clause, participle: str) -> Proof | None:
    """A form of the participle in a gender or number that what it agrees with cannot have."""
    forms = conjugation.PARTICIPLES[clause.verb].values()
    if participle not in forms or participle in accepted_participles(clause):
        return None
    method = "disjoint_agreement" if agrees_with_subject(clause) else "invariable_participle"
    return Proof(method=method, code="participle.agreement")


def _reflexive_proof(clause: Clause, clitic: str) -> Proof | None:
    """A reflexive pronoun of another person, where it cannot be read as an ordinary object (« je te lave »)."""
    verb, _, subject, _ = clause
    if clitic not in conjugation.REFLEXIVES or clitic == conjugation.reflexive(verb, subject.person):
        return None
    if clitic == "se":
        return Proof(method="reflexive_of_other_person", code="reflexive.person")
    if verb.essential and subject.text != "il":  # « il me souvient » is literary, and right
        return Proof(method="reflexive_of_other_person", code="reflexive.person")
    return None
