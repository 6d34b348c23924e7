"""Places in a sentence where French spelling is hard: elisions, contractions, determiners that show a gender."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lqs.generators.french.proof.words import token

ELIDED = re.compile(r"\b([jmtsdnlJMTSDNL]|[Qq]u)’(?=\w)")
BEFORE_H = re.compile(r"\b([Jj]e|[NnLlDdMmTtSs]e|[Ll]a) (?=h)")
CONTRACTED = re.compile(r"\b(au|aux|du|des) (?=\w)")
APART_BEFORE_VOWEL = re.compile(r"\b(à|de) l’(?=\w)")
FORM_BEFORE_VOWEL = re.compile(r"\b(bel|nouvel|cet) (?=\w)")
_DETERMINER = re.compile(r"(?<![\w’])(un|une|le|la|mon|ma|du|de la|ce|cette|cet|au|à la) (?=\w)")
_OTHER_GENDER = {
    "un": "une", "une": "un", "le": "la", "la": "le", "mon": "ma", "ma": "mon", "du": "de la", "de la": "du",
    "ce": "cette", "cette": "ce", "cet": "cette", "au": "à la", "à la": "au",
}  # fmt: skip


class Determiner(NamedTuple):
    """A determiner that shows a gender: `text[start:end]`, and the one of the other gender."""

    start: int
    end: int
    other: str


def determiners_of_gender(text: str) -> Iterator[Determiner]:
    """The determiners right before a word that is a noun of one gender only, and begins with a consonant sound."""
    for match in _DETERMINER.finditer(text):
        noun = token(text[match.end() :].partition(" ")[0])
        genders = {agreement[0] for agreement in noun.nouns}
        if len(genders) == 1 and not noun.vowel:
            yield Determiner(match.start(), match.end(1), _OTHER_GENDER[match[1]])


def has_joints(text: str) -> bool:
    """Whether something elides, contracts or changes its form between two words of a text."""
    patterns = (ELIDED, BEFORE_H, CONTRACTED, APART_BEFORE_VOWEL, FORM_BEFORE_VOWEL)
    return any(pattern.search(text) for pattern in patterns)
