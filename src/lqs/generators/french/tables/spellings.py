"""Among several accepted spellings of a form: which one we write, and which belong to another verb of the same name.

Both the classical spelling and that of 1990 are right ("Les rectifications de l'orthographe", Journal officiel,
6 December 1990); we write the classical one, which most schoolbooks show.
"""

import re
from types import MappingProxyType

OTHER_VERB = MappingProxyType(
    {
        "sortir": re.compile(r"sorti(ss|s$|t$)"),  # to obtain, in law
        "ressortir": re.compile(r"ressorti(ss|s$|t$)"),  # to be within a jurisdiction
        "repartir": re.compile(r"reparti(ss|s$|t$)"),  # to retort
        "fuir": re.compile(r"fuiss"),  # an error of the source: there is no such verb
    }
)
"""Forms that belong to another verb of the same name, where the everyday one has a form of its own."""

_WRITTEN = tuple(
    (re.compile(infinitive), re.compile(form))
    for infinitive, form in (
        (r"ayer$", r"ai(e|er.*)s?$|aient$"),
        (r"^(r)?asseoir$", r"ass(ie|ey)"),
        (r"^pouvoir$", r"^peux$"),
        (r"^vouloir$", r"^veuill"),
        (r"soudre$", r"(résolu|absou|dissou)(e?s?|te?s?|s)$"),
        (
            r"é[bcdfghjklmnpqrstvwxz]{1,3}u?er$",
            r"é[bcdfghjklmnpqrstvwxz]{1,3}u?er(ai|as|a|ons|ez|ont|ais|ait|ions|iez|aient)$",
        ),
        (r"e[lt]er$", r"(ll|tt)e"),
        (r"ître$|plaire$", r"î"),
    )
)
"""For infinitives of this shape, the form that is written is of that shape."""


def in_order(infinitive: str, forms: tuple[str, ...]) -> tuple[str, ...]:
    """The forms that belong to the everyday verb, the one we write first."""
    if len(forms) < 2:
        return forms
    other = OTHER_VERB.get(infinitive)
    ours = tuple(form for form in forms if other is None or not other.match(form)) or forms
    shapes = [form for whole, form in _WRITTEN if whole.search(infinitive)]
    return tuple(sorted(ours, key=lambda form: (not any(shape.search(form) for shape in shapes), form)))
