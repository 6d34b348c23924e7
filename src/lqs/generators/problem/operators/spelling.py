"""Mistakes in nouns, adjectives and the spelling between words: gender, elision, contraction, the euphonic t."""

import re
from collections.abc import Iterator
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.frames import Role
from lqs.generators.french.orthography import begins_with_vowel_sound
from lqs.generators.french.proof.words import noun_agreements
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft
from lqs.generators.problem.operators.operator import Operator

_OTHER_GENDER = MappingProxyType(
    {
        "un": "une", "une": "un", "le": "la", "la": "le", "mon": "ma", "ma": "mon", "du": "de la", "de la": "du",
        "ce": "cette", "cette": "ce", "cet": "cette", "au": "à la", "à la": "au",
    }
)  # fmt: skip
_DETERMINER = re.compile(r"(?<![\w’])(un|une|le|la|mon|ma|du|de la|ce|cette|cet|au|à la) (?=\w)")


def _other_gender(_: Draft, right: Parts) -> Iterator[Parts]:
    for field, text in (("subject", right.subject), ("complement", right.complement)):
        for match in _DETERMINER.finditer(text):
            wrong = text[: match.start()] + _OTHER_GENDER[match[1]] + text[match.end(1) :]
            yield right._replace(subject=wrong) if field == "subject" else right._replace(complement=wrong)


def _other_adjectives(draft: Draft, right: Parts) -> Iterator[Parts]:
    piece = draft.cell.frame.piece(Role.ATTRIBUTE)
    for form in piece.text.split() if piece else ():
        yield right._replace(complement=form)


_ELIDED = re.compile(r"\b([jmtsdnl]|qu)’(?=\w)", re.IGNORECASE)


def _no_elision(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _ELIDED.finditer(text):
        following = text[match.end() :].split(" ")[0].rstrip(".")
        whole = match[1] + _vowel(match[1].lower(), following)
        yield f"{text[: match.start()]}{whole} {text[match.end() :]}"


def _vowel(letter: str, following: str) -> str:
    if letter == "s" and following in ("il", "ils"):
        return "i"
    genders = {agreement[0] for agreement in noun_agreements(following)}
    return "a" if letter == "l" and genders == {"f"} else "e"


_BEFORE_H = re.compile(r"\b(je|ne|le|la|de|me|te|se) (?=h)", re.IGNORECASE)


def _elision_before_h(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _BEFORE_H.finditer(text):
        yield f"{text[: match.start()]}{match[1][0]}’{text[match.end() :]}"


_APART = MappingProxyType({"au": "à le", "aux": "à les", "du": "de le", "des": "de les"})
_CONTRACTED = re.compile(r"\b(au|aux|du|des) (?=\w)")
_BEFORE_VOWEL = re.compile(r"\b(à|de) l’(?=\w)")


def _contractions(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _CONTRACTED.finditer(text):
        yield f"{text[: match.start()]}{_APART[match[1]]}{text[match.end(1) :]}"
    for match in _BEFORE_VOWEL.finditer(text):
        merged = "au" if match[1] == "à" else "du"
        yield f"{text[: match.start()]}{merged} {text[match.end() :]}"


_CONSONANT_FORMS = MappingProxyType({"bel": "beau", "nouvel": "nouveau", "vieil": "vieux", "cet": "ce"})
_VOWEL_FORM = re.compile(r"\b(bel|nouvel|cet) (?=\w)")
_MY = re.compile(r"\b(mon|ton|son) (\w+)")


def _consonant_forms(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _VOWEL_FORM.finditer(text):
        yield f"{text[: match.start()]}{_CONSONANT_FORMS[match[1]]}{text[match.end(1) :]}"
    for match in _MY.finditer(text):
        feminine = {agreement[0] for agreement in noun_agreements(match[2])} == {"f"}
        if feminine and begins_with_vowel_sound(match[2]):
            yield f"{text[: match.start()]}{match[1][0]}a{text[match.end(1) :]}"


def _euphonic(draft: Draft, right: Parts) -> Iterator[Parts]:
    if draft.cell.shape is Shape.QUESTION:
        pronoun = draft.subject.text
        other = f"-{pronoun}" if right.glued[0].startswith("-t-") else f"-t-{pronoun}"
        yield right._replace(glued=(other,))


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
