"""French spelling between words: elision, the typographic apostrophe, words and where they stand."""

import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.generators.french.tables.h_aspire import NO_ELISION, is_aspirated

APOSTROPHE = "’"
NO_BREAK_SPACE = "\u00a0"

ELIDING = frozenset(["je", "me", "te", "se", "ne", "le", "la", "de", "que", "jusque", "lorsque", "puisque"])
"""Words that lose their vowel before a vowel sound."""

_PRONOUNS = "me te se nous vous m’ t’ s’ y en le la les lui leur"
_LEANING = frozenset(_PRONOUNS.split())
"""Pronouns, which belong to the word after them."""

_LOST = frozenset("eaiEAI")
"""The vowels that fall when a word elides."""

_VOWELS = frozenset("aeiouyœæ")
_CONTRACTIONS = MappingProxyType({("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"})
WORD = re.compile(r"[Aa]ujourd’hui|[^\s’.,?!]+’?|[.,?!]")
"""A word, which keeps its apostrophe if it is elided, or a punctuation mark."""


class Word(NamedTuple):
    """A word or punctuation mark and its place: `text[start:end]`."""

    form: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def begins_with_vowel_sound(word: str) -> bool:
    """Whether a word before this one elides."""
    lowered = word.lower()
    if lowered.startswith("h"):
        return not is_aspirated(lowered)
    if (lowered.startswith("y") and lowered not in ("y", "yeux")) or lowered in NO_ELISION:
        return False
    return unicodedata.normalize("NFD", lowered[:1])[:1] in _VOWELS


def join(words: list[str]) -> str:
    """The words as one text: elided where French elides, otherwise parted by spaces. Empty words are left out."""
    joined: list[str] = []
    for word in words:
        if not word:
            continue
        if joined and _elides(joined[-1], word):
            joined[-1] = f"{joined[-1][:-1]}{APOSTROPHE}{word}"
        else:
            joined.append(word)
    return " ".join(joined)


def _elides(text: str, following: str) -> bool:
    """Whether the last word of a text loses its vowel before what follows."""
    if text[-1] not in _LOST:
        return False
    word = text.rpartition(" ")[2].lower()
    if word == "si":
        return following.partition(" ")[0].lower() in ("il", "ils")
    return word in ELIDING and begins_with_vowel_sound(following.partition(" ")[0])


def contracted(preposition: str, phrase: str) -> str:
    """« à » or « de » before a noun phrase: « au marché », « des amis », « d’une amie »."""
    article, _, noun = phrase.partition(" ")
    merged = _CONTRACTIONS.get((preposition, article))
    return f"{merged} {noun}" if merged and noun else join([preposition, phrase])


def capitalised(text: str) -> str:
    """The text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


def typographic(text: str) -> str:
    """The text in NFC with typographic apostrophes, however it was typed."""
    return unicodedata.normalize("NFC", text).replace("'", APOSTROPHE)


@lru_cache(maxsize=256)
def words(text: str) -> tuple[Word, ...]:
    """The words and punctuation marks of a text; an elided word keeps its apostrophe."""
    return tuple(Word(m.group(), m.start(), m.end()) for m in WORD.finditer(text))


def changed_span(wrong: str, right: str) -> tuple[int, int, str]:
    """Where `wrong` differs from `right`, in whole words: start and end in `wrong`, and what `right` has there.

    Where one of them only lacks words, a word beside them belongs to the span, so that there is something to show: the
    one before, or the one after for pronouns and for words too many.
    """
    ours, theirs = words(wrong), words(right)
    shorter = min(len(ours), len(theirs))
    head = 0
    while head < shorter and ours[head].form == theirs[head].form:
        head += 1
    tail = 0
    while tail < shorter - head and ours[-1 - tail].form == theirs[-1 - tail].form:
        tail += 1
    if tail and any(_ends_elided(found, tail) for found in (ours, theirs)):
        tail -= 1  # « s’êtes » for « vous êtes »: an elided word cannot be cut from the next
    if head + tail == shorter:
        missing = theirs[head : len(theirs) - tail]
        before = bool(missing) and missing[0].form.lower() not in _LEANING and head > 0
        head, tail = (head - 1, tail) if before or tail < 2 else (head, tail - 1)
    start, end = _slice(ours, head, tail)
    from_, to = _slice(theirs, head, tail)
    return start, end, right[from_:to]


def _ends_elided(found: tuple[Word, ...], tail: int) -> bool:
    return len(found) > tail and found[-1 - tail].form.endswith(APOSTROPHE)


def _slice(found: tuple[Word, ...], head: int, tail: int) -> tuple[int, int]:
    inside = found[head : len(found) - tail]
    if inside:
        return inside[0].start, inside[-1].end
    at = found[head].start if head < len(found) else found[-1].end
    return at, at
