"""French spelling between words: elision, the typographic apostrophe, words and where they stand."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, filterfalse
from types import MappingProxyType

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
_CONSONANTS = frozenset("bcdfgjklmnpqrstvwxzçBCDFGJKLMNPQRSTVWXZÇ")
"""Letters before which nothing elides: all but the vowels, and h, which may be mute."""

_CONTRACTIONS = MappingProxyType({("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"})
WORD = re.compile(r"[Aa]ujourd’hui|[^\s’.,?!]+’?|[.,?!]")
"""A word, which keeps its apostrophe if it is elided, or a punctuation mark."""


@lru_cache(maxsize=2048)
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
    last = ""
    for word in filter(None, words):
        if last and last[-1] in _LOST and word[0] not in _CONSONANTS and _elides(last, word):
            last = joined[-1] = f"{last[:-1]}{APOSTROPHE}{word}"
        else:
            joined.append(word)
            last = word
    return " ".join(joined)


def _elides(text: str, following: str) -> bool:
    """Whether the last word of a text loses its vowel before what follows."""
    word = text[text.rfind(" ") + 1 :].lower()
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


def unaccented(text: str) -> str:
    """The text without accents and cedillas."""
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFD", text)))


@lru_cache(maxsize=64)
def words(text: str) -> tuple[str, ...]:
    """The words and punctuation marks of a text; an elided word keeps its apostrophe."""
    return (*chain.from_iterable(map(_words_between_spaces, text.split())),)


@lru_cache(maxsize=4096)
def _words_between_spaces(part: str) -> tuple[str, ...]:
    """No word goes past a space, so what stands between two is read by itself; most of it was read before."""
    return tuple(WORD.findall(part))


@lru_cache(maxsize=64)
def places(text: str) -> tuple[tuple[int, int], ...]:
    """Where each of the `words` stands: `text[start:end]`."""
    return tuple([match.span() for match in WORD.finditer(text)])


def shared_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many words two texts share at their beginnings, and how many of the rest at their ends."""
    shorter, head, tail = min(len(one), len(other)), 0, 0
    while head < shorter and one[head] == other[head]:
        head += 1
    while tail < shorter - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return head, tail


def changed_span(wrong: str, right: str) -> tuple[int, int, str]:
    """Where `wrong` differs from `right`, in whole words: start and end in `wrong`, and what `right` has there.

    Where one of them only lacks words, a word beside them belongs to the span, so that there is something to show: the
    one before, or the one after for pronouns and for words too many.
    """
    ours, theirs = words(wrong), words(right)
    head, tail = shared_ends(ours, theirs)
    if tail and (_ends_elided(ours, tail) or _ends_elided(theirs, tail)):
        tail -= 1  # « s’êtes » for « vous êtes »: an elided word cannot be cut from the next
    if head + tail == min(len(ours), len(theirs)):
        missing = theirs[head : len(theirs) - tail]
        before = bool(missing) and missing[0].lower() not in _LEANING and head > 0
        head, tail = (head - 1, tail) if before or tail < 2 else (head, tail - 1)
    start, end = without_ends(right, head, tail)
    return start, end + len(wrong) - len(right), right[start:end]


def _ends_elided(found: Sequence[str], tail: int) -> bool:
    """Whether the last word before so many at the end is elided."""
    return len(found) > tail and found[-1 - tail].endswith(APOSTROPHE)


def without_ends(text: str, head: int, tail: int) -> tuple[int, int]:
    """Start and end of a text without so many words at its beginning and at its end."""
    found = places(text)
    inside = found[head : len(found) - tail]
    if inside:
        return inside[0][0], inside[-1][1]
    at = found[head][0] if head < len(found) else found[-1][1]
    return at, at
