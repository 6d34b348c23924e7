"""The verb a caller means, however it was typed, and what to tell one who named a verb that is not known."""

import difflib
import unicodedata
from collections import Counter
from functools import cache
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from lqs.domain.entities.problem import Lemma, ProblemConstraints
from lqs.generators.french.frames import Verb, verbs
from lqs.generators.french.orthography import typographic, unaccented

_QUOTED_CHARACTERS = 40
_SUGGESTIONS = 3
_CLOSE = 0.75


def _tidy(name: str) -> str:
    return " ".join(typographic(name).casefold().split())


@cache
def _by_spelling() -> MappingProxyType[str, Verb]:
    """The verbs by their names without accents; a spelling that two share is left out."""
    spellings = Counter(unaccented(name) for name in verbs())
    return MappingProxyType(
        {unaccented(name): verb for name, verb in verbs().items() if spellings[unaccented(name)] == 1}
    )


def known_verb(name: str) -> Verb | None:
    """The verb that is meant: capitals, outer blanks, the shape of the apostrophe and missing accents do not matter.

    A spelling without accents that two verbs share means neither.
    """
    tidy = _tidy(name)
    return verbs().get(tidy) or _by_spelling().get(unaccented(tidy))


def dictionary_form(name: str) -> str:
    """The dictionary name of the verb that is meant; what is no known verb stays as it is."""
    verb = known_verb(name)
    return verb.name if verb else name


class NamedVerbConstraints(ProblemConstraints):
    """The constraints of a problem with every known verb under its dictionary name, which is what is stored."""

    model_config = ConfigDict(title="ProblemConstraints")

    verbs: (
        Annotated[list[Annotated[Lemma, AfterValidator(dictionary_form)]], Field(min_length=1, max_length=20)] | None
    ) = Field(None, description=ProblemConstraints.model_fields["verbs"].description)


def quoted(name: str) -> str:
    """A caller's word as it can stand in a message: short, in quotation marks, without control characters."""
    clean = "".join(
        c for c in name if unicodedata.category(c)[0] != "C" and unicodedata.category(c) not in ("Zl", "Zp")
    )
    return f"“{clean.strip()[:_QUOTED_CHARACTERS]}”"


def unknown_verb(name: str) -> str:
    """What to tell one who named a verb that is not known."""
    close = _close(unaccented(_tidy(name)))
    if close:
        way_out = f"Did you mean {' or '.join(close)}? There are {len(verbs())} to choose from."
    else:
        way_out = f"The verbs are: {', '.join(verbs())}."
    return f"{quoted(name)} is not a verb we know. {way_out}"


def _close(plain: str) -> list[str]:
    reflexive = [verb.name for verb in verbs().values() if verb.pronominal and unaccented(verb.infinitive) == plain]
    return reflexive or [
        _by_spelling()[spelling].name
        for spelling in difflib.get_close_matches(plain, _by_spelling(), n=_SUGGESTIONS, cutoff=_CLOSE)
    ]
