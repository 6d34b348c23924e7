"""Reads as much of a right statement as a proof needs: subjects, noun phrases, verb groups.

What is not read for certain is not read at all: the answer is then None, and nothing is proven.
"""

from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from lqs.generators.french.proof.words import (
    Token,
)

Tokens = tuple[Token, ...]

ALL = frozenset({"ms", "fs", "mp", "fp"})
_S, _P = frozenset({"ms", "fs"}), frozenset({"mp", "fp"})

_PLURAL_DETERMINERS = "les des mes tes ses nos vos leurs ces aux quelques plusieurs deux trois quatre cinq"
_PREPOSITIONS = """
à avec chez contre dans depuis devant derrière en entre jusque jusqu’ par pendant pour sans sous sur vers avant après
"""
_DOUBTFUL = "ou ni plupart foule majorité dizaine groupe moitié peu beaucoup qui"
_TIMES = """
lundi mardi mercredi jeudi vendredi samedi dimanche matin soir nuit jour journée semaine mois an année été hiver
printemps automne week-end midi minuit heure heures fois weekend après-midi vacances jours soirs matins instant minute
minutes moment temps lendemain veille
"""
_BEGINNINGS = """
tous toutes chaque hier demain aujourd’hui toujours souvent lundi mardi mercredi jeudi vendredi samedi dimanche
"""

_TITLES = """
auteur chef chercheur docteur écrivain entraîneur guide ingénieur juge maire médecin ministre professeur témoin
"""
OF_WOMEN_TOO = frozenset(_TITLES.split())
"""Masculine in dictionaries, and said of a woman: « la professeur », « le médecin, je l’ai appelée ». Académie
française, "La féminisation des noms de métiers et de fonctions", report of 28 February 2019.
"""

DETERMINERS = MappingProxyType(
    {
        **dict.fromkeys(("le", "un", "du", "ce", "cet", "au", "quel", "aucun", "tout"), frozenset({"ms"})),
        **dict.fromkeys(("la", "une", "ma", "ta", "sa", "cette", "quelle", "aucune", "toute"), frozenset({"fs"})),
        **dict.fromkeys(("l’", "mon", "ton", "son", "notre", "votre", "leur", "chaque"), _S),
        **dict.fromkeys(_PLURAL_DETERMINERS.split(), _P),
    }
)
"""Gender and number that a determiner allows its noun."""

CLITICS = frozenset({"me", "te", "se", "nous", "vous", "le", "la", "l’", "les", "lui", "leur", "y", "en"})
PREPOSITIONS = frozenset(_PREPOSITIONS.split())
BOUNDARIES = frozenset({".", "?", "!", ",", "que", "si", "quand", "lorsque", "parce", "puisque", "comme", "mais"})
_UNSURE = frozenset(_DOUBTFUL.split())
_TIME_WORDS = frozenset(_TIMES.split())
_TIME_BEGINNINGS = frozenset(_BEGINNINGS.split())


class Controller(NamedTuple):
    """What a verb, participle or adjective agrees with."""

    text: str
    person: str
    agreements: frozenset[str]


_PRONOUNS = MappingProxyType(
    {
        "je": Controller("je", "1s", _S),
        "tu": Controller("tu", "2s", _S),
        "il": Controller("il", "3s", frozenset({"ms"})),
        "elle": Controller("elle", "3s", frozenset({"fs"})),
        "on": Controller("on", "3s", ALL),
        # The nous of modesty or majesty stands for one person: « nous sommes convaincu ».
        "nous": Controller("nous", "1p", ALL),
        "vous": Controller("vous", "2p", ALL),
        "ils": Controller("ils", "3p", frozenset({"mp"})),
        "elles": Controller("elles", "3p", frozenset({"fp"})),
    }
)


class Phrase(NamedTuple):
    """A noun phrase: gender and number it can have, and the index after its last word."""

    agreements: frozenset[str]
    end: int


def noun_phrase(found: Tokens, at: int) -> Phrase | None:
    """The noun phrase that begins at an index with a determiner or a first name."""
    if at >= len(found):
        return None
    name = found[at].names
    if name and found[at].plain not in DETERMINERS:
        return Phrase(name, at + 1)
    start, allowed = at, DETERMINERS.get(found[at].plain)
    if found[at].plain == "de" and at + 1 < len(found) and found[at + 1].plain in ("la", "l’"):
        start, allowed = at + 1, DETERMINERS[found[at + 1].plain]
    if allowed is None:
        return None
    head = _head(found, start + 1)
    if head is None:
        return None
    nouns = found[head].nouns
    if found[start].plain in ("mon", "ton", "son") and not found[start + 1].vowel:
        allowed = frozenset({"ms"})
    end = head + 1
    while end < len(found) and found[end].adjectives and not found[end].is_adverb:
        end += 1
    return Phrase(nouns & allowed, end) if nouns & allowed else None


def _head(found: Tokens, at: int) -> int | None:
    """The noun of a phrase: past the adjectives before it."""
    while at < len(found):
        following = at + 1 < len(found) and bool(found[at + 1].nouns)
        if found[at].nouns and not (found[at].adjectives and following):
            return at
        if not found[at].adjectives:
            return None
        at += 1
    return None


@lru_cache(maxsize=64)
def subject_of(found: Tokens, verb: int) -> Controller | None:
    """The subject of the finite verb at an index; None where it is missing or not surely known."""
    if verb + 1 < len(found) and found[verb + 1].plain.startswith("-"):
        return _PRONOUNS.get(found[verb + 1].plain.rpartition("-")[2])
    start = clause_start(found, verb)
    end = verb
    while end > start and (found[end - 1].plain in CLITICS or found[end - 1].plain == "ne"):
        end -= 1
    if end < verb and found[end].plain in ("nous", "vous") and not _ends_in_noun(found, start, end):
        return _PRONOUNS[found[end].plain]
    if end - start >= 1 and found[end - 1].plain in _PRONOUNS:
        return _PRONOUNS[found[end - 1].plain]
    return _noun_subject(found[:end], start)


def _ends_in_noun(found: Tokens, start: int, end: int) -> bool:
    last = found[end - 1] if end > start else None
    return last is not None and bool(last.nouns or last.names) and not last.is_adverb


def clause_start(found: Tokens, verb: int) -> int:
    """The index of the first word of the clause around a verb."""
    at = verb
    while at > 0 and found[at - 1].plain not in BOUNDARIES and not _is_si(found, at - 1):
        at -= 1
    return at


def _is_si(found: Tokens, at: int) -> bool:
    return found[at].plain == "se" and at + 1 < len(found) and found[at + 1].plain in ("il", "ils")


def _noun_subject(found: Tokens, start: int) -> Controller | None:
    if start >= len(found) or any(token.plain in _UNSURE for token in found[start:]):
        return None
    phrases: list[Phrase] = []
    at = start
    while True:
        phrase = noun_phrase(found, at)
        if phrase is None:
            return None
        phrases.append(phrase)
        end = _past_complement(found, phrase.end)
        if end == len(found):
            break
        if found[end].plain != "et":
            return None
        at = end + 1
    text = " ".join(token.form for token in found[start:])
    if len(phrases) == 1:
        agreements = phrases[0].agreements
        numbers = {agreement[1] for agreement in agreements}
        return Controller(text, f"3{numbers.pop()}", agreements) if len(numbers) == 1 else None
    feminine = all(all(a[0] == "f" for a in phrase.agreements) for phrase in phrases)
    masculine = any(all(a[0] == "m" for a in phrase.agreements) for phrase in phrases)
    agreements = frozenset({"fp"}) if feminine else frozenset({"mp"}) if masculine else _P
    return Controller(text, "3p", agreements)


def _past_complement(found: Tokens, at: int) -> int:
    """The index after « de ma voisine », « du village »; the same index where nothing of the kind stands."""
    if at >= len(found) or found[at].plain not in ("de", "du", "des"):
        return at
    first = at if found[at].plain in ("du", "des") else at + 1
    inner = noun_phrase(found, first)
    if inner is not None:
        return inner.end
    bare = first < len(found) and bool(found[first].nouns)
    return first + 1 if bare else at


@lru_cache(maxsize=64)
def topic(found: Tokens) -> Controller | None:
    """What a statement is about when it begins with it and a question mark: « Les clés ? Je les ai. »"""
    mark = next((i for i, token in enumerate(found) if token.plain == "?"), len(found))
    if mark >= len(found) - 1:
        return None
    about = _noun_subject(found[:mark], 0)
    if about is None or not any(token.plain in OF_WOMEN_TOO for token in found[:mark]):
        return about
    return about._replace(agreements=about.agreements | {f"f{agreement[1]}" for agreement in about.agreements})


def helper_of(found: Tokens, participle: int) -> int | None:
    """The index of the form of avoir or être before a past participle; adverbs may stand between."""
    at = participle - 1
    while at >= 0 and (found[at].is_adverb or found[at].plain in ("rien", "-t")) and not found[at].helper:
        at -= 1
    while at > 0 and found[at].plain.startswith("-"):
        at -= 1
    return at if at >= 0 and found[at].helper else None


def clitics_before(found: Tokens, verb: int) -> tuple[str, ...]:
    """The object pronouns before a finite verb, without its subject."""
    start = clause_start(found, verb)
    at = verb
    while at > start and found[at - 1].plain in CLITICS:
        at -= 1
    run = [token.plain for token in found[at:verb]]
    before = found[at - 1].plain if at > start else ""
    has_other_subject = before in _PRONOUNS or before == "ne" or (at > start and _ends_in_noun(found, start, at))
    if run and run[0] in ("nous", "vous") and not has_other_subject:
        run = run[1:]
    return tuple(run)


def after_group(found: Tokens, verb: int) -> int:
    """The index after a finite verb, its participle if it is an auxiliary, and the adverbs between and after them."""
    at = verb + 1
    compound = bool(found[verb].helper)
    while at < len(found):
        token = found[at]
        adverb = token.is_adverb and token.plain not in PREPOSITIONS
        inside = token.plain in ("pas", "plus", "jamais") or (compound and token.plain == "rien")
        if token.plain.startswith("-") or adverb or inside:
            at += 1
        elif compound and token.participles:
            at, compound = at + 1, False
        else:
            break
    return at


Presence = Literal["yes", "no", "maybe"]


def direct_object_at(found: Tokens, at: int) -> Presence:
    """Whether a direct object stands at an index, right after a verb group."""
    if at >= len(found) or found[at].plain in (".", "?", "!", ","):
        return "no"
    if is_time(found, at):
        return "no"
    plain = found[at].plain
    if plain in ("du", "des", "de"):
        return "maybe"
    if plain in ("au", "aux"):
        return "no"
    if plain in DETERMINERS:
        return "yes" if noun_phrase(found, at) else "maybe"
    if found[at].names:
        return "yes"
    return "no" if plain in PREPOSITIONS else "maybe"


def is_time(found: Tokens, at: int) -> bool:
    """Whether an expression of time, and not an object, begins here: « tous les soirs », « le samedi »."""
    if at >= len(found):
        return False
    if found[at].plain in _TIME_BEGINNINGS:
        return True
    if found[at].plain in DETERMINERS:
        near = [token.plain for token in found[at + 1 : at + 3]]
        return bool(near) and (
            near[0] in _TIME_WORDS or (len(near) > 1 and near[0] == "même" and near[1] in _TIME_WORDS)
        )
    return False
