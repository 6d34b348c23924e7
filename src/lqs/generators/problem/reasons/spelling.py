"""Why a noun phrase, or the spelling between two words, is wrong."""

from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.orthography import APOSTROPHE
from lqs.generators.french.proof.contrast import contrast
from lqs.generators.french.proof.words import Token, token
from lqs.generators.problem.reasons.wording import Difference, Writer, gender_and_number, who

_GENDERS = MappingProxyType({"m": "masculine", "f": "feminine"})


def _gender(difference: Difference) -> str:
    noun = _noun_after(difference)
    genders = {agreement[0] for agreement in token(noun).nouns}
    if len(genders) != 1:
        return "The article or possessive has the gender of its noun."
    return f"“{noun}” is {_GENDERS[genders.pop()]}, and its article or possessive has the same gender."


def _noun_after(difference: Difference) -> str:
    """The first noun after the words that differ: of « nouvel appartement » the second word."""
    found = contrast(difference.right.text, difference.wrong)
    after = found.right[found.right_end :] if found else ()
    for at, word in enumerate(after):
        before_noun = word.adjectives and any(map(_is_noun, after[at + 1 : at + 2]))
        if _is_noun(word) and not before_noun:
            return word.form
    return ""


def _is_noun(word: Token) -> bool:
    return bool(word.nouns) and word.plain not in _ARTICLES and not word.is_adverb


_ARTICLES = frozenset({"un", "une", "le", "la", "du", "de", "au", "à", "ce", "mon", "ma"})


def _adjective(difference: Difference) -> str:
    draft = difference.draft
    known = f"{gender_and_number(draft.subject)}{who(draft)}"
    return f"The adjective agrees with the subject: “{draft.subject.text}” is {known}."


def _elision(difference: Difference) -> str:
    short, _, _ = difference.found.partition(" ")
    if short.lower() == "si":
        return "“si” elides before “il” and “ils”."
    return f"Before a vowel or a mute h, “{short.lower()}” becomes “{short.lower()[:-1]}{APOSTROPHE}”."


def _h_aspire(difference: Difference) -> str:
    return f"The h of “{difference.correction.split(' ')[-1]}” is aspirated: nothing elides before it."


def _contraction(difference: Difference) -> str:
    if APOSTROPHE in difference.correction:
        return "Before a vowel or a mute h, “à l’” and “de l’” stay apart; only “le” and “les” contract."
    return f"“{difference.found}” contracts to “{difference.correction}”."


def _before_vowel(difference: Difference) -> str:
    right, wrong = (form.lower() for form in difference.forms)
    if wrong == "cet":
        return "“cet” stands before a vowel or a mute h only."
    return f"Before a vowel or a mute h, “{wrong}” becomes “{right}”."


def _euphonic_t(difference: Difference) -> str:
    if "-t-" in difference.correction:
        return "Between a verb that ends in a vowel and “il” or “elle”, a “t” is needed."
    return f"The verb already ends in “t” or “d”, so nothing is put before “{difference.draft.subject.text}”."


WRITERS: MappingProxyType[ErrorCode, Writer] = MappingProxyType(
    {
        "np.gender": _gender,
        "adjective.agreement": _adjective,
        "elision": _elision,
        "h_aspire": _h_aspire,
        "contraction": _contraction,
        "before_vowel": _before_vowel,
        "euphonic_t": _euphonic_t,
    }
)
