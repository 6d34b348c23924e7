"""Orders of words that no French sentence has: pronouns and negations in the wrong place. One statement is enough."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.proof.reading import CLITICS, DETERMINERS, Tokens, helper_of, noun_phrase
from lqs.generators.french.proof.words import Token

_RANKS = {
    **dict.fromkeys(("me", "te", "se", "nous", "vous"), 1),
    **dict.fromkeys(("le", "la", "l’", "les"), 2),
    **dict.fromkeys(("lui", "leur"), 3),
    "y": 4,
    "en": 5,
}
_OBJECTS = frozenset({"le", "la", "l’", "les", "lui", "leur", "y", "en", "me", "te", "se"})
_SUBJECTS = frozenset({"je", "tu", "il", "elle", "on", "nous", "vous", "ils", "elles"})
_SECOND = frozenset({"pas", "plus", "jamais", "rien"})
_NOT_AFTER_PARTICIPLE = frozenset({"pas", "plus"})
_MARKS = frozenset({".", ",", "?", "!"})


class Fault(NamedTuple):
    """A breach of word order and what kind it is."""

    code: ErrorCode
    method: str


@lru_cache(maxsize=64)
def faults(found: Tokens) -> frozenset[Fault]:
    """Every breach of word order that some sure rule finds in a statement."""
    plain = {token.plain for token in found}
    negation = _negation(found) if "ne" in plain else ()
    pronouns = () if plain.isdisjoint(_RANKS) else (*_pronoun_order(found), *_pronoun_place(found))
    return frozenset((*negation, *pronouns))


def _is_finite(found: Tokens, at: int) -> bool:
    return at < len(found) and bool(found[at].finite)


def _negation(found: Tokens) -> Iterator[Fault]:
    order = Fault("negation.order", "negation_out_of_place")
    for at, token in enumerate(found):
        if token.plain == "ne":
            following = found[at + 1].plain if at + 1 < len(found) else "."
            if following in _SECOND and not _leads_to_infinitive(found, at + 2):
                yield order  # « je ne pas mange »
            if following in _MARKS or (following in DETERMINERS and not _verb_after_clitics(found, at + 1)):
                yield order
            if at and found[at - 1].plain in _OBJECTS and at > 1 and found[at - 2].plain in _SUBJECTS:
                yield order  # « je la ne regarde pas »
            negates_infinitive = following in _SECOND and _leads_to_infinitive(found, at + 2)
            if at and found[at - 1].is_only_finite and not negates_infinitive:
                yield order  # « je mange ne pas », but « je peux ne pas venir »
        if token.plain in _NOT_AFTER_PARTICIPLE and _negated_before(found, at) and _is_compound(found, at - 1):
            yield order  # « je n’ai mangé pas »
        if token.plain == "personne" and _negated_before(found, at) and at + 1 < len(found):
            helped = found[at + 1].participles and _is_finite(found, at - 1)
            if helped and found[at - 1].plain != "ne":
                yield order  # « je n’ai personne vu »


def _is_compound(found: Tokens, at: int) -> bool:
    """Whether a past participle with its auxiliary stands at an index."""
    return at >= 0 and bool(found[at].participles) and helper_of(found, at) is not None


def _negated_before(found: Tokens, at: int) -> bool:
    return any(token.plain == "ne" for token in found[:at])


def _leads_to_infinitive(found: Tokens, at: int) -> bool:
    while at < len(found) and (found[at].plain in CLITICS or found[at].plain in _SECOND or found[at].is_adverb):
        at += 1
    return at < len(found) and bool(found[at].infinitive)


def _verb_after_clitics(found: Tokens, at: int) -> bool:
    while at < len(found) and found[at].plain in CLITICS:
        at += 1
    return _is_finite(found, at) or (at < len(found) and bool(found[at].infinitive))


def _pronoun_order(found: Tokens) -> Iterator[Fault]:
    for at in range(len(found) - 2):
        first = found[at].plain
        if first not in _RANKS:
            continue
        second = found[at + 1].plain
        if second not in _RANKS or not _verb_after_clitics(found, at + 2):
            continue
        is_subject = first in ("nous", "vous") and (at == 0 or found[at - 1].plain not in _SUBJECTS)
        if not is_subject and _RANKS[first] > _RANKS[second] and not _is_determiner(found, at):
            yield Fault("pronoun.order", "pronouns_out_of_order")


def _is_determiner(found: Tokens, at: int) -> bool:
    return found[at].plain in DETERMINERS and noun_phrase(found, at) is not None


def _pronoun_place(found: Tokens) -> Iterator[Fault]:
    for at, token in enumerate(found):
        if token.plain not in _OBJECTS or not at:
            continue
        if _stands_after_verb(found, at) and not _could_belong_elsewhere(found, at):
            yield Fault("pronoun.placement", "pronoun_after_verb")
        if token.plain in ("me", "te", "se") and at + 1 < len(found) and found[at + 1].plain in _SUBJECTS:
            yield Fault("pronoun.placement", "pronoun_before_subject")


def _stands_after_verb(found: Tokens, at: int) -> bool:
    """After a finite verb that has its subject, or between auxiliary and participle, or after an infinitive."""
    before = found[at - 1]
    if before.plain.startswith("-") or before.plain in CLITICS or before.plain == "ne":
        return False
    if before.infinitive and not before.nouns:
        return True
    if before.participles and helper_of(found, at - 1) is not None:
        return True
    return found[at - 1].is_only_finite or (_is_finite(found, at - 1) and _has_pronoun_subject(found, at - 1))


def _has_pronoun_subject(found: Tokens, verb: int) -> bool:
    at = verb - 1
    while at > 0 and (found[at].plain in CLITICS or found[at].plain == "ne"):
        at -= 1
    return at >= 0 and found[at].plain in _SUBJECTS


def _could_belong_elsewhere(found: Tokens, at: int) -> bool:
    """A determiner of a noun, a pronoun of a following infinitive, « en » the preposition, « lui » for emphasis."""
    plain = found[at].plain
    following = found[at + 1] if at + 1 < len(found) else None
    if following is None or following.plain in _MARKS:
        return plain == "lui" and _subject_is_masculine(found, at)
    if following.participles and found[at - 1].helper:
        return noun_phrase(found, at) is not None
    if plain in DETERMINERS and (noun_phrase(found, at) is not None or not _is_ordinary(following)):
        return True
    if following.infinitive or following.plain in _OBJECTS:
        return True
    if plain == "en":
        return not following.is_adverb
    if plain == "lui":
        return _subject_is_masculine(found, at)
    if plain in ("le", "la", "les", "leur"):
        return False
    return False


_WEEKDAYS = frozenset({"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"})
_AFTER_PRONOUNS = _WEEKDAYS | {"tous", "toutes", "hier", "demain", "souvent", "ce", "cette", "à", "dans", "chaque"}


def _is_ordinary(word: Token) -> bool:
    """A word of the lexicon that can follow no article: after it a pronoun stands alone."""
    return word.is_word and (not word.is_nominal or word.form in _AFTER_PRONOUNS)


def _subject_is_masculine(found: Tokens, at: int) -> bool:
    return not any(token.plain in ("je", "tu", "elle", "nous", "vous", "ils", "elles") for token in found[:at])
