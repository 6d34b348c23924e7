"""The words of a statement, and what the lexicon says each can be, in the shape the rules of proof ask for."""

import re
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from lqs.generators.french.lexicon.hunspell import TENSES, Analysis
from lqs.generators.french.lexicon.words import analyses
from lqs.generators.french.orthography import WORD, begins_with_vowel_sound

_GLUED = re.compile(
    r"-t-(?:il|elle|on|ils|elles)\b"
    r"|-(?:je|tu|il|elle|on|nous|vous|ils|elles|ce|moi|toi|me|te|se|le|la|les|lui|leur|y|en|là|ci)\b"
)
"""A pronoun after its verb: « parle-t-il », « lève-toi »."""

_FULL = {"j’": "je", "m’": "me", "t’": "te", "s’": "se", "n’": "ne", "d’": "de", "qu’": "que", "c’": "ce"}
_HELPERS = frozenset({"avoir", "être"})
_PERSON_DIGITS = frozenset("123")
_MARKS = frozenset(".,?!")
_VERBAL = frozenset(TENSES.values()) - {"participe_passe", "infinitif"}
_NOMINAL = ("adj", "prn", "nb")


class Finite(NamedTuple):
    """One reading of a word as a finite verb."""

    lemma: str
    tense: str
    person: str


class Inflected(NamedTuple):
    """One reading of a word as a participle or adjective: of which, and in what gender and number."""

    lemma: str
    agreement: str


class Token:
    """A word or mark with all that the lexicon says it can be.

    `form` is as written, `plain` in lower case and without elision (l’ stays). `nouns` and `names` are the genders and
    numbers of its readings as one; `infinitive` is the verb whose infinitive it is, `helper` avoir or être where it is
    a form of them, each empty for anything else. `is_only_finite` tells a finite verb that can be nothing else,
    `is_nominal` a word that can be or stand with a noun. Marks are known, but no words.
    """

    __slots__ = (
        "adjectives", "finite", "form", "helper", "infinitive", "is_adverb", "is_known", "is_nominal",
        "is_only_finite", "is_word", "names", "nouns", "participles", "plain", "vowel",
    )  # fmt: skip

    def __init__(self, form: str) -> None:
        lowered = form.lower()
        self.form = form
        self.plain = _FULL.get(lowered, lowered)
        self.vowel = begins_with_vowel_sound(form)
        readings = _readings(form)
        self.is_word = bool(readings)
        self.is_known = bool(readings or form in _MARKS or form[:1] == "-" or _readings(self.plain))
        kinds = _by_kind(readings) if readings else _NO_KINDS
        self.finite = frozenset(kinds.finite)
        self.is_only_finite = bool(kinds.finite) and kinds.names <= _VERBAL
        self.is_nominal = any(kind.startswith(_NOMINAL) for kind in kinds.names) or "nom" in kinds.inflected
        self.participles = frozenset(kinds.inflected.get("participe_passe", ()))
        self.adjectives = frozenset(kinds.inflected.get("adj", ()))
        self.nouns = _one_of_each(frozenset(noun.agreement for noun in kinds.inflected.get("nom", ())))
        names = kinds.inflected.get("prn", ()) if form[:1].isupper() else ()
        self.names = frozenset(name.agreement[0] + "s" for name in names)
        self.infinitive = kinds.infinitive
        self.is_adverb = kinds.adverb or form == "tout"
        self.helper = next((reading.lemma for reading in kinds.finite if reading.lemma in _HELPERS), "")

    def __repr__(self) -> str:
        return f"Token({self.form!r})"


def _readings(form: str) -> tuple[Analysis, ...]:
    """What a word can be as written, or in lower case (as at the beginning of a sentence)."""
    lowered = form.lower()
    return analyses(form) if lowered == form else analyses(form) + analyses(lowered)


@lru_cache(maxsize=64)
def _one_of_each(agreements: frozenset[str]) -> frozenset[str]:
    """Thousands of nouns have the same few genders and numbers."""
    return agreements


class _Kinds(NamedTuple):
    names: set[str]
    finite: list[Finite]
    inflected: dict[str, list[Inflected]]
    infinitive: str
    adverb: bool


_NO_KINDS = _Kinds(set(), [], {}, "", False)


def _by_kind(readings: tuple[Analysis, ...]) -> _Kinds:
    names: set[str] = set()
    finite: list[Finite] = []
    inflected: dict[str, list[Inflected]] = {}
    infinitive, adverb = "", False
    for _, lemma, what in readings:
        kind, _, last = what.partition(" ")
        names.add(kind)
        if last[:1] in _PERSON_DIGITS:
            finite.append(Finite(lemma, kind, last))
        elif last:
            inflected.setdefault(kind, []).append(Inflected(lemma, last))
        elif kind == "infinitif":
            infinitive = infinitive or lemma
        adverb = adverb or kind in ("adv", "negadv")
    return _Kinds(names, finite, inflected, infinitive, adverb)


token = lru_cache(maxsize=8192)(Token)
"""The token of a word as written; words come back so often that most are known."""


@lru_cache(maxsize=256)
def tokens(text: str) -> tuple[Token, ...]:
    """The words and marks of a statement; pronouns glued to a verb are words of their own, with their hyphen."""
    return (*chain.from_iterable(map(_tokens_between_spaces, text.split())),)


@lru_cache(maxsize=8192)
def _tokens_between_spaces(part: str) -> tuple[Token, ...]:
    """What stands between two spaces is read by itself, as no word goes past a space; most of it was read before."""
    found = WORD.findall(part)
    if "-" not in part:
        return tuple(map(token, found))
    return (*chain.from_iterable(_unglued(form) if "-" in form else (token(form),) for form in found),)


def _unglued(form: str) -> tuple[Token, ...]:
    if _readings(form):
        return (token(form),)
    cuts = sorted({0, *(glued.start() for glued in _GLUED.finditer(form)), len(form)})
    return tuple(token(form[start:end]) for start, end in pairwise(cuts))


@lru_cache(maxsize=512)
def takes_direct_object(infinitive: str) -> bool:
    """Whether the lexicon marks the verb as transitive."""
    return any(a.what.startswith("verbe") and a.what[10] == "t" for a in _readings(infinitive))


@lru_cache(maxsize=512)
def is_only_reflexive(infinitive: str) -> bool:
    """Whether the lexicon marks the verb as existing only with a reflexive pronoun."""
    classes = [a.what for a in _readings(infinitive) if a.what.startswith("verbe")]
    return bool(classes) and all(what[12] == "p" for what in classes)
