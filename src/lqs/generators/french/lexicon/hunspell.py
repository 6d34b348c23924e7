"""Reads the French Hunspell dictionary with its grammatical tags into words and what they can be.

The tags are those of the source: `po:` says part of speech, tense and person, `is:` gender and number.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

TENSES = MappingProxyType(
    {
        "infi": "infinitif",
        "ppre": "participe_present",
        "ppas": "participe_passe",
        "ipre": "present",
        "iimp": "imparfait",
        "ipsi": "passe_simple",
        "ifut": "futur",
        "cond": "conditionnel_present",
        "spre": "subjonctif_present",
        "simp": "subjonctif_imparfait",
        "impe": "imperatif",
    }
)
_PERSONS = MappingProxyType(
    {"1sg": "1s", "2sg": "2s", "3sg": "3s", "1pl": "1p", "2pl": "2p", "3pl": "3p", "3pl!": "3p"}
)
_GENDERS = MappingProxyType({"mas": "m", "fem": "f", "epi": "mf"})
_NUMBERS = MappingProxyType({"sg": "s", "pl": "p", "inv": "sp"})
_INVERTED = frozenset({"1isg", "1jsg"})
"""First persons that only stand before their pronoun, as in « dussé-je »."""

_VIRTUAL, _FORBIDDEN = "()", "{}"
_GLUED = "ds:"
_NOMINAL = frozenset({"nom", "adj", "prn"})
"""Nouns, adjectives and first names have gender and number."""
_NOT_FINITE = frozenset({"infinitif", "participe_present"})


class Analysis(NamedTuple):
    """One thing a form can be: of which dictionary word, and what (`present 1s`, `nom fs`, `adv`)."""

    form: str
    lemma: str
    what: str


class _Suffix(NamedTuple):
    strip: str
    add: str
    condition: re.Pattern[str]
    flags: tuple[str, ...]
    tags: tuple[str, ...]


def expand(affixes: str, dictionary: str) -> Iterator[Analysis]:
    """Every analysis of every form, from the texts of the affix and the dictionary file; some come more than once."""
    rules = _suffixes(affixes)
    for line in dictionary.splitlines()[1:]:
        entry, *tags = line.split()
        word, _, flag_text = entry.partition("/")
        flags = _flags(flag_text)
        if _FORBIDDEN in flags or not tags:
            continue
        own = tuple(tags)
        if _VIRTUAL not in flags:
            yield from _analyses(word, word, own)
        for flag in flags:
            for suffix in rules.get(flag, ()):
                yield from _apply(word, word, suffix, own, rules)


def _flags(text: str) -> tuple[str, ...]:
    return tuple(text[i : i + 2] for i in range(0, len(text), 2))


def _suffixes(affixes: str) -> Mapping[str, list[_Suffix]]:
    rules: dict[str, list[_Suffix]] = {}
    for line in affixes.splitlines():
        cells = line.split()
        if len(cells) < 5 or cells[0] != "SFX":
            continue
        _, flag, strip, addition, condition, *tags = cells
        add, _, flags = addition.partition("/")
        rules.setdefault(flag, []).append(
            _Suffix(
                "" if strip == "0" else strip,
                "" if add == "0" else add,
                re.compile(f"{condition}$"),
                _flags(flags),
                tuple(tags),
            )
        )
    return rules


def _apply(
    word: str, lemma: str, suffix: _Suffix, tags: tuple[str, ...], rules: Mapping[str, list[_Suffix]]
) -> Iterator[Analysis]:
    if not suffix.condition.search(word) or any(tag.startswith(_GLUED) for tag in suffix.tags):
        return
    form = word.removesuffix(suffix.strip) + suffix.add
    both = (*tags, *suffix.tags)
    yield from _analyses(form, lemma, both)
    for flag in suffix.flags:
        for following in rules.get(flag, ()):
            yield from _apply(form, lemma, following, both, rules)


def _analyses(form: str, lemma: str, tags: tuple[str, ...]) -> Iterator[Analysis]:
    parts = [tag[3:] for tag in tags if tag.startswith("po:")]
    features = [tag[3:] for tag in tags if tag.startswith("is:")]
    stem = next((tag[3:] for tag in tags if tag.startswith("st:")), lemma)
    spelled, stem = form.replace("'", "’"), stem.replace("'", "’")
    genders = "".join(_GENDERS[feature] for feature in features if feature in _GENDERS)
    numbers = "".join(_NUMBERS[feature] for feature in features if feature in _NUMBERS) or "sp"
    agreements = ["".join(pair) for pair in product(genders, numbers)] or [""]
    if any(part.startswith("v") and part[1:2].isdigit() for part in parts):
        codes = [*parts, *(feature for feature in features if feature in TENSES or feature in _PERSONS)]
        whats = _verb_forms(codes, agreements)
    else:
        nominal = [part for part in parts if part in _NOMINAL]
        whats = [f"{part} {agreement}".strip() for part in nominal for agreement in agreements]
        whats += [part for part in parts if part not in _NOMINAL]
    for what in whats:
        yield Analysis(spelled, stem, what)


def _verb_forms(codes: list[str], agreements: list[str]) -> list[str]:
    """What a form of a verb is; a participle that serves as an adjective is one too.

    The infinitive also carries the verb's class in the source: `verbe v1_it_q__a`.
    """
    tenses = [TENSES[code] for code in codes if code in TENSES]
    persons = [_PERSONS[code] for code in codes if code in _PERSONS]
    found = [tense for tense in tenses if tense in _NOT_FINITE]
    found += [f"participe_passe {agreement}" for agreement in agreements if "participe_passe" in tenses]
    finite = [tense for tense in tenses if tense not in _NOT_FINITE and tense != "participe_passe"]
    found += [f"{tense} {person}" for tense, person in product(finite, persons)]
    if "adj" in codes and "participe_passe" in tenses:
        found += [f"adj {agreement}" for agreement in agreements]
    if "infinitif" in tenses:
        found.append(f"verbe {next(code for code in codes if code.startswith('v'))}")
    return found
