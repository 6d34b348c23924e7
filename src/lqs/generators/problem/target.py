"""Whether a statement contains what its target says: verb, tense, person, subject, negation, pronouns."""

from collections.abc import Iterator

from lqs.domain.entities.problem import Target
from lqs.generators.french.conjugator import COMPOUND, IMPERATIVES, accepted, auxiliary_for
from lqs.generators.french.frames import verbs
from lqs.generators.french.proof.reading import CLITICS, Tokens, helper_of, subject_of
from lqs.generators.french.proof.words import tokens

_DIRECT = frozenset({"le", "la", "l’", "les", "en"})
_INDIRECT = frozenset({"lui", "leur"})
_REFLEXIVE = frozenset({"me", "te", "se", "nous", "vous", "-toi", "-nous", "-vous"})


def misses(text: str, target: Target) -> str | None:
    """What the statement lacks of its target, in words; None if nothing."""
    found = tokens(text)
    verb = verbs().get(target.lemma)
    if verb is None or verb.pronominal != target.pronominal:
        return f"“{target.lemma}” is not a verb we know."
    places = tuple(_verbs_at(found, verb.infinitive, target))
    if not places:
        return f"The correct statement has no “{target.lemma}” in {target.tense}, {target.person}."
    at = next((place for place in places if _has_subject(found, place, target)), None)
    if at is None:
        return f"The subject is not “{target.subject}”."
    plain = {token.plain for token in found}
    negated = "ne" in plain
    if negated != (target.negation is not None) or (target.negation and target.negation not in plain):
        return "The negation is not the target's."
    if verb.pronominal and not plain & _REFLEXIVE:
        return "The reflexive pronoun is missing."
    near = {token.plain.lstrip("-") for token in found[max(0, at - 4) : at + 3]} & CLITICS
    if target.direct_object == "pronoun" and not near & _DIRECT:
        return "There is no pronoun for the direct object."
    if target.indirect_object == "pronoun" and not near & _INDIRECT:
        return "There is no pronoun for the indirect object."
    return None


def _has_subject(found: Tokens, at: int, target: Target) -> bool:
    if target.tense in IMPERATIVES:
        return True
    subject = subject_of(found, at)
    return subject is not None and (subject.person, subject.text.lower()) == (target.person, target.subject.lower())


def _verbs_at(found: Tokens, infinitive: str, target: Target) -> Iterator[int]:
    """The indexes of finite verbs, or of auxiliaries, that are what the target asks for."""
    if target.tense not in COMPOUND:
        forms = accepted(infinitive, target.tense, target.person)
        yield from (at for at, token in enumerate(found) if token.plain in forms)
        return
    simple = COMPOUND[target.tense]
    for at, token in enumerate(found):
        if token.participles and any(lemma == infinitive for lemma, _ in token.participles):
            helper = helper_of(found, at)
            if helper is not None and _is_helper(found, helper, infinitive, simple, target):
                yield helper


def _is_helper(found: Tokens, at: int, infinitive: str, tense: str, target: Target) -> bool:
    has_object = target.direct_object != "none" or target.negation in ("rien", "personne")
    wanted = auxiliary_for(infinitive, pronominal=target.pronominal, direct_object=has_object)
    return (wanted, tense, target.person) in found[at].finite
