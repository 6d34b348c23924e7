"""The words of a statement, and what the lexicon says each can be, in the shape the rules of proof ask for."""

import re
from functools import lru_cache
from typing import NamedTuple

from lqs.generators.french.lexicon.hunspell import Analysis
from lqs.generators.french.lexicon.words import analyses
from lqs.generators.french.orthography import WORD

_GLUED = re.compile(
    r"-t-(?:il|elle|on|ils|elles)\b"
    r"|-(?:je|tu|il|elle|on|nous|vous|ils|elles|ce|moi|toi|me|te|se|le|la|les|lui|leur|y|en|là|ci)\b"
)
"""A pronoun after its verb: « parle-t-il », « lève-toi »."""

_FULL = {"j’": "je", "m’": "me", "t’": "te", "s’": "se", "n’": "ne", "d’": "de", "qu’": "que", "c’": "ce"}


class Token(NamedTuple):
    """A word or mark: as written, in lower case and without elision (l’ stays), and its place in the text."""

    form: str
    plain: str
    start: int
    end: int


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[Token, ...]:
    """The words and marks of a statement; pronouns glued to a verb are words of their own, with their hyphen."""
    found: list[Token] = []
    for match in WORD.finditer(text):
        form, start = match.group(), match.start()
        if "-" in form and not readings(form):
            at = 0
            for glued in _GLUED.finditer(form):
                if glued.start() > at:
                    found.append(_token(form[at : glued.start()], start + at))
                at = glued.start()
            found.append(_token(form[at:], start + at))
        else:
            found.append(Token(form, _plain(form), start, match.end()))
    return tuple(found)


def _token(form: str, start: int) -> Token:
    return Token(form, _plain(form), start, start + len(form))


@lru_cache(maxsize=4096)
def _plain(form: str) -> str:
    lowered = form.lower()
    return _FULL.get(lowered, lowered)


@lru_cache(maxsize=4096)
def readings(form: str) -> tuple[Analysis, ...]:
    """What a word can be as written, or in lower case (as at the beginning of a sentence)."""
    lowered = form.lower()
    return analyses(form) + (analyses(lowered) if lowered != form else ())


class Finite(NamedTuple):
    """One reading of a word as a finite verb."""

    lemma: str
    tense: str
    person: str


@lru_cache(maxsize=4096)
def finite(form: str) -> frozenset[Finite]:
    """The word's readings as a finite verb."""
    parts = ((a.lemma, *a.what.partition(" ")) for a in readings(form))
    return frozenset(Finite(lemma, tense, last) for lemma, tense, _, last in parts if last[:1] in {"1", "2", "3"})


@lru_cache(maxsize=4096)
def _nominal(form: str, kind: str) -> frozenset[tuple[str, str]]:
    """Lemma and agreement of each reading of one kind."""
    parts = ((a.lemma, *a.what.partition(" ")) for a in readings(form))
    return frozenset((lemma, agreement) for lemma, what, _, agreement in parts if what == kind and agreement)


def participle_readings(form: str) -> frozenset[tuple[str, str]]:
    """Verb and agreement of each reading as a past participle."""
    return _nominal(form, "participe_passe")


def adjective_readings(form: str) -> frozenset[tuple[str, str]]:
    """Adjective and agreement of each reading as one."""
    return _nominal(form, "adj")


def noun_agreements(form: str) -> frozenset[str]:
    """Gender and number of each reading as a noun."""
    return frozenset(agreement for _, agreement in _nominal(form, "nom"))


def name_agreements(form: str) -> frozenset[str]:
    """Gender and number of a first name; empty for what is none."""
    return frozenset(agreement[0] + "s" for _, agreement in _nominal(form, "prn") if form[:1].isupper())


@lru_cache(maxsize=4096)
def infinitive_of(form: str) -> str:
    """The verb whose infinitive this is; empty for anything else."""
    return next((a.lemma for a in readings(form) if a.what == "infinitif"), "")


@lru_cache(maxsize=4096)
def is_adverb(form: str) -> bool:
    """Whether the word can be an adverb."""
    return any(a.what in ("adv", "negadv") for a in readings(form)) or form == "tout"


@lru_cache(maxsize=2048)
def takes_direct_object(infinitive: str) -> bool:
    """Whether the lexicon marks the verb as transitive."""
    return any(a.what.startswith("verbe") and a.what[10] == "t" for a in readings(infinitive))


@lru_cache(maxsize=2048)
def is_only_reflexive(infinitive: str) -> bool:
    """Whether the lexicon marks the verb as existing only with a reflexive pronoun."""
    classes = [a.what for a in readings(infinitive) if a.what.startswith("verbe")]
    return bool(classes) and all(what[12] == "p" for what in classes)
