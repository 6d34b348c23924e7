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
_SOUND_TABLE = r"""
g    ge([aoâ])                            g\1
ç    ç                                    c
è    è(?=[^aeiou]+e(s|nt)?$)              é
è    è(?=[^aeiou]+e)                      e
é    é(?=.)                               e
ê    ê                                    e
er   (?<=[iou])er(?=[aeo])                r
ons  ons$                                 on
-    ([mpfc])\1                           \1
-    (?<=[aeiou])([gmnpt])(?=[aeiouéè])   \1\1
-    ([lt])\1(?=e)                        \1
ie   (?<=[aou])i(?=e(?!nt$))              y
y    y(?=[eoai])                          i
rr   rr                                   r
û    û                                    u
ù    ù                                    u
î    î                                    i
nne  nn(?=e)                              n
ss   ss(?=[eoai])                         s
-    (?<=[aeiouy])([lnt])(?=(e|es|ent|ons|ez)$)  \1\1
"""
_SOUNDS = tuple(
    (needed.strip("-"), re.compile(heard), written)
    for needed, heard, written in (row.split() for row in _SOUND_TABLE.strip().splitlines())
)
"""What a form must contain, what is heard wrong there, and how it is then written."""


def regularised(infinitive: str, tense: str, place: str, form: str) -> Iterator[str]:
    """Forms that a learner may take for the one of this tense and person (or agreement, for a participle).

    None like « asseoira » or « asseoit », which Littré has.
    """
    return (made for made in _made(infinitive, tense, place, form) if not made.startswith("asseo"))


def _made(infinitive: str, tense: str, place: str, form: str) -> Iterator[str]:
    ending = next((e for e in ("oir", "er", "ir", "re") if infinitive.endswith(e)), "er")
    stem = infinitive.removesuffix(ending)
    if tense == "participe_passe":
        for vowel in _PARTICIPLES[ending]:
            yield stem + vowel + _MARKS[place]
    elif infinitive != "être":
        yield from _by_rule(infinitive, stem, ending, tense, _PERSONS.index(place))
    for needed, pattern, replacement in _SOUNDS:
        match = pattern.search(form) if needed in form else None
        if match:
            changed = f"{form[: match.start()]}{match.expand(replacement)}{form[match.end() :]}"
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
