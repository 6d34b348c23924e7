"""What French words can be, read from the shipped lexicon, which is mapped into memory on first use."""

import mmap
from collections.abc import Mapping
from functools import cache, lru_cache
from sys import intern
from types import MappingProxyType

from lqs.generators.french.lexicon.automaton import Automaton
from lqs.generators.french.lexicon.build import END, FORM, LEXICON, VERB, paste
from lqs.generators.french.lexicon.hunspell import Analysis


@cache
def _lexicon() -> Automaton:
    with LEXICON.open("rb") as file:
        return Automaton(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


@lru_cache(maxsize=256)
def analyses(form: str) -> tuple[Analysis, ...]:
    """Everything a form can be, spelled exactly so; empty for what is no word. Apostrophes are typographic."""
    return tuple(Analysis(form, paste(form, change), what) for change, what in _pairs(FORM, form))


@lru_cache(maxsize=1024)
def verb_forms(infinitive: str) -> Mapping[str, tuple[str, ...]]:
    """The simple forms of a verb by what they are (`present 1s`, `participe_passe fs`); empty for what is no verb.

    Where usage or the spelling of 1990 allows several, all are there, in alphabetical order.
    """
    forms: dict[str, tuple[str, ...]] = {}
    for what, change in _pairs(VERB, infinitive):
        forms[what] = (*forms.get(what, ()), paste(infinitive, change))
    return MappingProxyType(forms)


def _pairs(section: bytes, word: str) -> tuple[tuple[str, str], ...]:
    return _decoded(_lexicon().after(section + word.encode() + END))


@lru_cache(maxsize=2048)
def _decoded(endings: tuple[bytes, ...]) -> tuple[tuple[str, str], ...]:
    """Words that inflect alike have the same endings, and share what is made of them."""
    parts = (ending.decode().partition("\t") for ending in endings)
    return tuple((intern(first), intern(second)) for first, _, second in parts)
