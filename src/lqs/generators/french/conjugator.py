"""Every tense of every French verb: simple forms from the lexicon, compound ones by rule and closed tables."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.generators.french.lexicon.words import verb_forms
from lqs.generators.french.orthography import begins_with_vowel_sound, join
from lqs.generators.french.tables.auxiliaries import TRANSITIVE_WITH_AVOIR, Auxiliary, auxiliary
from lqs.generators.french.tables.spellings import in_order

PERSONS = ("1s", "2s", "3s", "1p", "2p", "3p")
IMPERATIVE_PERSONS = ("2s", "1p", "2p")
AGREEMENTS = ("ms", "fs", "mp", "fp")
"""Gender and number a participle can show: masculine or feminine, singular or plural."""

SIMPLE = (
    "present",
    "imparfait",
    "passe_simple",
    "futur",
    "conditionnel_present",
    "subjonctif_present",
    "subjonctif_imparfait",
    "imperatif",
)
COMPOUND = MappingProxyType(
    {
        "passe_compose": "present",
        "plus_que_parfait": "imparfait",
        "passe_anterieur": "passe_simple",
        "futur_anterieur": "futur",
        "conditionnel_passe": "conditionnel_present",
        "subjonctif_passe": "subjonctif_present",
        "subjonctif_plus_que_parfait": "subjonctif_imparfait",
        "imperatif_passe": "imperatif",
    }
)
"""The compound tenses, each with the tense of its auxiliary."""

FINITE = (*SIMPLE, *COMPOUND)
IMPERATIVES = frozenset({"imperatif", "imperatif_passe"})

REFLEXIVES = MappingProxyType({"1s": "me", "2s": "te", "3s": "se", "1p": "nous", "2p": "vous", "3p": "se"})
STRESSED = MappingProxyType({"2s": "toi", "1p": "nous", "2p": "vous"})
"""The reflexive pronouns after an imperative."""

_PRONOUNS = MappingProxyType({"1s": "je", "2s": "tu", "3s": "il", "1p": "nous", "2p": "vous", "3p": "ils"})


class Group(NamedTuple):
    """The words that carry person, auxiliary and agreement; a word that the tense or verb lacks is empty."""

    clitic: str
    finite: str
    participle: str


@lru_cache(maxsize=8192)
def accepted(infinitive: str, tense: str, person: str) -> tuple[str, ...]:
    """Every accepted spelling of a simple form, the one we write first; empty where the verb lacks it."""
    return in_order(infinitive, verb_forms(infinitive).get(f"{tense} {person}", ()))


def simple(infinitive: str, tense: str, person: str) -> str:
    """The form we write of a simple tense. Raises `LookupError` where the verb lacks it, or is none."""
    forms = accepted(infinitive, tense, person)
    if not forms:
        raise LookupError(f"“{infinitive}” has no {tense} {person}")
    return forms[0]


@lru_cache(maxsize=4096)
def participle(infinitive: str, agreement: str) -> str:
    """The past participle in one agreement. Raises `LookupError` for what is no verb."""
    forms = in_order(infinitive, verb_forms(infinitive).get(f"participe_passe {agreement}", ()))
    if not forms:
        raise LookupError(f"“{infinitive}” has no past participle")
    return forms[0]


@lru_cache(maxsize=1024)
def participles(infinitive: str) -> Mapping[str, frozenset[str]]:
    """The agreements of the past participle, with every accepted spelling."""
    return MappingProxyType({a: frozenset(verb_forms(infinitive).get(f"participe_passe {a}", ())) for a in AGREEMENTS})


def present_participle(infinitive: str) -> str:
    """The present participle we write. Raises `LookupError` where the verb lacks it."""
    forms = in_order(infinitive, verb_forms(infinitive).get("participe_present", ()))
    if not forms:
        raise LookupError(f"“{infinitive}” has no present participle")
    return forms[0]


def auxiliary_for(infinitive: str, *, pronominal: bool = False, direct_object: bool = False) -> str:
    """avoir or être, for this use of the verb."""
    kind = auxiliary(infinitive)
    if pronominal or kind is Auxiliary.ETRE:
        return "être"
    if kind is Auxiliary.AVOIR or direct_object:
        return "avoir"
    return "être" if infinitive in TRANSITIVE_WITH_AVOIR else "avoir"


def group(
    infinitive: str, tense: str, person: str, agreement: str = "ms", pronominal: bool = False, direct: bool = False
) -> Group:
    """The verb group of a finite tense, without elision.

    `agreement` is shown by the participle; where it does not agree, ask for `ms`. `direct` says that a direct object
    follows. The reflexive pronoun of an imperative is the one that follows it. Raises `LookupError` for a form that
    does not exist.
    """
    pronouns = STRESSED if tense in IMPERATIVES else REFLEXIVES
    clitic = pronouns[person] if pronominal else ""
    if tense in COMPOUND:
        helper = auxiliary_for(infinitive, pronominal=pronominal, direct_object=direct)
        return Group(clitic, simple(helper, COMPOUND[tense], person), participle(infinitive, agreement))
    return Group(clitic, simple(infinitive, tense, person), "")


def spoken(infinitive: str, tense: str, person: str, agreement: str = "ms", pronominal: bool = False) -> str:
    """The form with its pronoun, as conjugation tables print it: « je me suis levé », « que j’aille », « va ».

    Raises `LookupError` for a form that does not exist.
    """
    words = group(infinitive, tense, person, agreement, pronominal)
    if tense in IMPERATIVES:
        text = f"{words.finite}-{words.clitic}" if words.clitic else words.finite
        return f"{text} {words.participle}".strip()
    lead = ["que"] if tense.startswith("subjonctif") else []
    return join([*lead, _PRONOUNS[person], *words])


def dictionary_name(infinitive: str, *, pronominal: bool) -> str:
    """The infinitive as dictionaries show it: `laver`, `se laver`, `s’habiller`."""
    if not pronominal:
        return infinitive
    return f"s’{infinitive}" if begins_with_vowel_sound(infinitive) else f"se {infinitive}"


def inverted(finite: str, pronoun: str) -> str:
    """A verb before its subject pronoun, with the euphonic t where it is needed: « parle-t-il », « vend-elle »."""
    between = "-t-" if pronoun[0] in "aeiouy" and finite[-1] not in "td" else "-"
    return f"{finite}{between}{pronoun}"


def imperative_before_y_or_en(finite: str, tense: str, person: str) -> str:
    """The imperative as it stands before y or en: « vas-y », « manges-en »."""
    vowel = finite[-1] in "ea"
    return finite + "s" if tense == "imperatif" and person == "2s" and vowel else finite
