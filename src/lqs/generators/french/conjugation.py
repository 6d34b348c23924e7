"""The rules of conjugation: présent, past participle, passé composé and reflexive pronouns."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from lqs.domain.entities.problem import PERSONS, Person
from lqs.generators.french.verbs import VERBS, Verb

AVOIR = ("ai", "as", "a", "avons", "avez", "ont")
ETRE = ("suis", "es", "est", "sommes", "êtes", "sont")
REFLEXIVES = ("me", "te", "se", "nous", "vous", "se")

_ENDINGS = MappingProxyType(
    {
        "er": ("e", "es", "e", "ons", "ez", "ent"),
        "ir": ("is", "is", "it", "issons", "issez", "issent"),
        "re": ("s", "s", "", "ons", "ez", "ent"),
    }
)
_PARTICIPLE_ENDINGS = MappingProxyType({"er": "é", "ir": "i", "re": "u"})
_PARTICIPLE_MARKS = MappingProxyType({"ms": "", "fs": "e", "mp": "s", "fp": "es"})
_SILENT = frozenset({"e", "es", "ent"})
_CLOSED_E = re.compile(r"[eé]([bcdfghjklmnpqrstvwxz])$")


def _er_stem(stem: str, ending: str) -> str:
    """The stem of an -er verb as it is spelled before an ending: mangeons, commençons, achète, répète, nettoie."""
    if ending in _SILENT:
        if stem.endswith(("oy", "uy")):
            return stem[:-1] + "i"
        return _CLOSED_E.sub(r"è\1", stem)
    if ending.startswith("o"):
        if stem.endswith("g"):
            return stem + "e"
        if stem.endswith("c"):
            return stem[:-1] + "ç"
    return stem


def _present(verb: Verb) -> tuple[str, ...]:
    if verb.present:
        return tuple(verb.present.split())
    stem, group = verb.infinitive[:-2], verb.infinitive[-2:]
    return tuple((_er_stem(stem, ending) if group == "er" else stem) + ending for ending in _ENDINGS[group])


def _participle_forms(verb: Verb) -> Mapping[str, str]:
    if " " in verb.participle:
        return MappingProxyType(dict(zip(_PARTICIPLE_MARKS, verb.participle.split(), strict=True)))
    base = verb.participle or verb.infinitive[:-2] + _PARTICIPLE_ENDINGS[verb.infinitive[-2:]]
    forms = {agreement: base + mark for agreement, mark in _PARTICIPLE_MARKS.items()}
    if base.endswith("s"):
        forms["mp"] = base
    return MappingProxyType(forms)


def _persons_by_form(forms: tuple[str, ...]) -> Mapping[str, frozenset[Person]]:
    return MappingProxyType(
        {form: frozenset(p for p, other in zip(PERSONS, forms, strict=True) if other == form) for form in forms}
    )


PRESENT = MappingProxyType({verb: _present(verb) for verb in VERBS.values()})
"""The six present forms of every verb, in the order of `PERSONS`, without any pronoun."""

PARTICIPLES = MappingProxyType({verb: _participle_forms(verb) for verb in VERBS.values()})
"""The past participle of every verb by agreement: ms, fs, mp, fp."""

PRESENT_PERSONS = MappingProxyType({verb: _persons_by_form(PRESENT[verb]) for verb in VERBS.values()})
"""Which persons a present form of a verb stands for."""

AVOIR_PERSONS = _persons_by_form(AVOIR)
ETRE_PERSONS = _persons_by_form(ETRE)


def present(verb: Verb, person: Person) -> str:
    """The present form, without its pronoun."""
    return PRESENT[verb][PERSONS.index(person)]


def auxiliary(forms: tuple[str, ...], person: Person) -> str:
    """The form of an auxiliary (`AVOIR` or `ETRE`)."""
    return forms[PERSONS.index(person)]


def reflexive(verb: Verb, person: Person) -> str:
    """The reflexive pronoun, in full; empty for a verb without one."""
    return REFLEXIVES[PERSONS.index(person)] if verb.pronominal else ""


def participle(verb: Verb, agreement: str) -> str:
    """The past participle in one agreement: ms, fs, mp or fp."""
    return PARTICIPLES[verb][agreement]
