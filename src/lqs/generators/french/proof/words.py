"""The words of a statement, and what the lexicon says each can be, in the shape the rules of proof ask for."""

import re
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from lqs.generators.french.lexicon.hunspell import Analysis
from lqs.generators.french.lexicon.words import analyses
from lqs.generators.french.orthography import begins_with_vowel_sound, words

_GLUED = re.compile(
    r"-t-(?:il|elle|on|ils|elles)\b"
    r"|-(?:je|tu|il|elle|on|nous|vous|ils|elles|ce|moi|toi|me|te|se|le|la|les|lui|leur|y|en|là|ci)\b"
)
"""A pronoun after its verb: « parle-t-il », « lève-toi »."""

_FULL = {"j’": "je", "m’": "me", "t’": "te", "s’": "se", "n’": "ne", "d’": "de", "qu’": "que", "c’": "ce"}
_HELPERS = frozenset({"avoir", "être"})
_NOTHING: frozenset[str] = frozenset()


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
    a form of them, each empty for anything else.
    """

    __slots__ = (
        "adjectives", "finite", "form", "helper", "infinitive", "is_adverb", "names", "nouns", "participles", "plain",
        "readings", "vowel",
    )  # fmt: skip

    def __init__(self, form: str) -> None:
        lowered = form.lower()
        self.form = form
        self.plain = _FULL.get(lowered, lowered)
        self.readings = _readings(form)
        self.vowel = begins_with_vowel_sound(form)
        self.finite = frozenset(_finite(self.readings))
        self.participles = _inflected(self.readings, "participe_passe")
        self.adjectives = _inflected(self.readings, "adj")
        self.nouns = frozenset(noun.agreement for noun in _inflected(self.readings, "nom"))
        names = _inflected(self.readings, "prn") if form[:1].isupper() else ()
        self.names = frozenset(name.agreement[0] + "s" for name in names)
        self.infinitive = next((a.lemma for a in self.readings if a.what == "infinitif"), "")
        self.is_adverb = any(a.what in ("adv", "negadv") for a in self.readings) or form == "tout"
        self.helper = next((reading.lemma for reading in self.finite if reading.lemma in _HELPERS), "")

    def __repr__(self) -> str:
        return f"Token({self.form!r})"


def _readings(form: str) -> tuple[Analysis, ...]:
    """What a word can be as written, or in lower case (as at the beginning of a sentence)."""
    lowered = form.lower()
    return analyses(form) + (analyses(lowered) if lowered != form else ())


def _finite(readings: tuple[Analysis, ...]) -> list[Finite]:
    parts = ((analysis.lemma, *analysis.what.partition(" ")) for analysis in readings)
    return [Finite(lemma, tense, last) for lemma, tense, _, last in parts if last[:1] in {"1", "2", "3"}]


def _inflected(readings: tuple[Analysis, ...], kind: str) -> frozenset[Inflected]:
    parts = ((analysis.lemma, *analysis.what.partition(" ")) for analysis in readings)
    return frozenset(Inflected(lemma, last) for lemma, what, _, last in parts if what == kind and last)


token = lru_cache(maxsize=4096)(Token)
"""The token of a word as written; words come back so often that most are known."""


@lru_cache(maxsize=512)
def tokens(text: str) -> tuple[Token, ...]:
    """The words and marks of a statement; pronouns glued to a verb are words of their own, with their hyphen."""
    return tuple(chain.from_iterable(map(_unglued, words(text))))


@lru_cache(maxsize=4096)
def _unglued(form: str) -> tuple[Token, ...]:
    if "-" not in form or _readings(form):
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
