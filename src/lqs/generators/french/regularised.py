"""Forms that learners make up by a rule where French has another: « vous disez », « nous mangons », « j’allerai ».

They are proposals: some happen to be words, which the prover then refuses.
"""

import re
from collections.abc import Iterator

_FUTURE = ("ai", "as", "a", "ons", "ez", "ont")
_CONDITIONAL = ("ais", "ais", "ait", "ions", "iez", "aient")
_PRESENT = {
    "er": ("e", "es", "e", "ons", "ez", "ent"),
    "ir": ("is", "is", "it", "issons", "issez", "issent"),
    "re": ("s", "s", "", "ons", "ez", "ent"),
    "oir": ("ois", "ois", "oit", "oyons", "oyez", "oyent"),
}
_SUBJUNCTIVE = ("e", "es", "e", "ions", "iez", "ent")
_IMPERFECT = ("ais", "ais", "ait", "ions", "iez", "aient")
_PAST_SIMPLE = ("a", "as", "a", "âmes", "âtes", "èrent")
_PARTICIPLES: dict[str, tuple[str, ...]] = {
    "er": (),
    "ir": ("i", "u", "é"),
    "re": ("u", "é", "i"),
    "oir": ("u", "i"),
}
_MARKS = {"ms": "", "fs": "e", "mp": "s", "fp": "es"}
_PERSONS = ("1s", "2s", "3s", "1p", "2p", "3p")
_SOUNDS = (
    ("g", re.compile(r"ge([aoâ])"), r"g\1"),
    ("ç", re.compile(r"ç"), "c"),
    ("è", re.compile(r"è(?=[^aeiou]+e(s|nt)?$)"), "é"),
    ("è", re.compile(r"è(?=[^aeiou]+e)"), "e"),
    ("é", re.compile(r"é(?=.)"), "e"),
    ("ê", re.compile(r"ê"), "e"),
    ("er", re.compile(r"(?<=[iou])er(?=[aeo])"), "r"),
    ("ons", re.compile(r"ons$"), "on"),
    ("", re.compile(r"(mm|pp|ff|cc)"), lambda m: m[0][0]),
    ("", re.compile(r"(?<=[aeiou])([gmnpt])(?=[aeiouéè])"), r"\1\1"),
    ("", re.compile(r"(ll|tt)(?=e)"), lambda m: m[0][0]),
    ("ie", re.compile(r"(?<=[aou])i(?=e(?!nt$))"), "y"),
    ("y", re.compile(r"y(?=[eoai])"), "i"),
    ("rr", re.compile(r"rr"), "r"),
    ("û", re.compile(r"û"), "u"),
    ("ù", re.compile(r"ù"), "u"),
    ("î", re.compile(r"î"), "i"),
    ("nne", re.compile(r"nn(?=e)"), "n"),
    ("ss", re.compile(r"ss(?=[eoai])"), "s"),
    ("", re.compile(r"(?<=[aeiouy])([lnt])(?=(e|es|ent|ons|ez)$)"), r"\1\1"),
)
"""What a form must contain, what is heard wrong there, and how it is then written."""


def regularised(infinitive: str, tense: str, place: str, form: str) -> Iterator[str]:
    """Forms that a learner may take for the one of this tense and person (or agreement, for a participle)."""
    ending = next((e for e in ("oir", "er", "ir", "re") if infinitive.endswith(e)), "er")
    stem = infinitive.removesuffix(ending)
    if tense == "participe_passe":
        for vowel in _PARTICIPLES[ending]:
            yield stem + vowel + _MARKS[place]
    elif infinitive != "être":
        yield from _by_rule(infinitive, stem, ending, tense, _PERSONS.index(place))
    for needed, pattern, replacement in _SOUNDS:
        changed = pattern.sub(replacement, form, count=1) if needed in form else form
        if changed != form:
            yield changed


def _by_rule(infinitive: str, stem: str, ending: str, tense: str, at: int) -> Iterator[str]:
    match tense:
        case "present" | "imperatif":
            yield stem + _PRESENT[ending][at]
            yield stem + _PRESENT["er"][at]
        case "futur":
            yield infinitive.removesuffix("e") + _FUTURE[at]
        case "conditionnel_present":
            yield infinitive.removesuffix("e") + _CONDITIONAL[at]
        case "imparfait":
            yield stem + _IMPERFECT[at]
        case "subjonctif_present":
            yield stem + _SUBJUNCTIVE[at]
        case "passe_simple":
            yield stem + _PAST_SIMPLE[at]
