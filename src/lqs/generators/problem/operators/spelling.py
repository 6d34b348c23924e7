"""Mistakes in nouns, adjectives and the spelling between words: gender, elision, contraction, the euphonic t."""

import re
from collections.abc import Iterator
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import AGREEMENTS
from lqs.generators.french.frames import Role
from lqs.generators.french.joints import (
    APART_BEFORE_VOWEL,
    BEFORE_H,
    CONTRACTED,
    ELIDED,
    FORM_BEFORE_VOWEL,
    Determiner,
    determiners_of_gender,
)
from lqs.generators.french.orthography import begins_with_vowel_sound
from lqs.generators.french.proof.words import token
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft
from lqs.generators.problem.operators.operator import Change, Operator, by_likelihood


def _other_gender(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    for found in determiners_of_gender(right.complement):
        yield Change(complement=_put(right.complement, found))
    for found in determiners_of_gender(right.subject):
        yield Change(subject=_put(right.subject, found))


def _put(text: str, found: Determiner) -> str:
    return text[: found.start] + found.other + text[found.end :]


def _other_adjectives(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    piece = draft.cell.frame.piece(Role.ATTRIBUTE)
    forms = dict(zip(AGREEMENTS, piece.text.split(), strict=True)) if piece else {}
    for agreement in by_likelihood(draft.agreement):
        if forms and agreement not in draft.subject.accepted:
            yield Change(complement=forms[agreement])


def _no_elision(draft: Draft, right: Parts, text: str) -> Iterator[str]:
    """Where pronouns are trained, only those before the verb are left whole: « je la écoute », « je y vais »."""
    for match in ELIDED.finditer(text):
        following = text[match.end() :].split(maxsplit=1)[0].rstrip(".,")
        if draft.cell.focus == "pronouns" and following not in ("y", "en", right.finite):
            continue
        pronoun = next((clitic for clitic in right.clitics if clitic in ("le", "la")), "")
        ours = draft.cell.focus == "pronouns" and match[1] == "l" and pronoun
        whole = pronoun if ours else match[1] + _vowel(match[1].lower(), following)
        yield f"{text[: match.start()]}{whole} {text[match.end() :]}"


def _vowel(letter: str, following: str) -> str:
    if letter == "s" and following in ("il", "ils"):
        return "i"
    genders = {agreement[0] for agreement in token(following).nouns}
    return "a" if letter == "l" and genders == {"f"} else "e"


def _elision_before_h(_: Draft, right: Parts, text: str) -> Iterator[str]:
    for match in BEFORE_H.finditer(text):
        yield f"{text[: match.start()]}{match[1][0]}’{text[match.end() :]}"


_APART = MappingProxyType({"au": "à le", "aux": "à les", "du": "de le", "des": "de les"})


def _contractions(draft: Draft, right: Parts, text: str) -> Iterator[str]:
    governed = draft.cell.frame.direct is None and right.complement.startswith("des ")
    for match in CONTRACTED.finditer(text):
        if match[1] == "des" and not governed:
            continue  # « des fleurs », « avec des amis »: no preposition and article to a learner
        yield f"{text[: match.start()]}{_APART[match[1]]}{text[match.end(1) :]}"
    for match in APART_BEFORE_VOWEL.finditer(text):
        merged = "au" if match[1] == "à" else "du"
        yield f"{text[: match.start()]}{merged} {text[match.end() :]}"


_CONSONANT_FORMS = MappingProxyType({"bel": "beau", "nouvel": "nouveau", "vieil": "vieux", "cet": "ce"})
MY = re.compile(r"\b(mon|ton|son) (\w+)")


def _consonant_forms(_: Draft, right: Parts, text: str) -> Iterator[str]:
    for match in FORM_BEFORE_VOWEL.finditer(text):
        yield f"{text[: match.start()]}{_CONSONANT_FORMS[match[1]]}{text[match.end(1) :]}"
    for match in MY.finditer(text):
        feminine = {agreement[0] for agreement in token(match[2]).nouns} == {"f"}
        if feminine and begins_with_vowel_sound(match[2]):
            yield f"{text[: match.start()]}{match[1][0]}a{text[match.end(1) :]}"


def _euphonic(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if draft.cell.shape is Shape.QUESTION:
        pronoun = draft.subject.text
        other = f"-{pronoun}" if right.glued[0].startswith("-t-") else f"-t-{pronoun}"
        yield Change(glued=(other,))


OPERATORS: MappingProxyType[ErrorCode, Operator] = MappingProxyType(
    {
        "np.gender": _other_gender,
        "adjective.agreement": _other_adjectives,
        "elision": _no_elision,
        "h_aspire": _elision_before_h,
        "contraction": _contractions,
        "before_vowel": _consonant_forms,
        "euphonic_t": _euphonic,
    }
)
