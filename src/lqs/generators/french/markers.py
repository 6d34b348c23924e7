"""Expressions of time and circumstance: which tense each goes with, and what it is in English."""

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from lqs.domain.entities.problem import Tense
from lqs.generators.french.frames import Frame


@dataclass(frozen=True, slots=True)
class Marker:
    """An expression of time or circumstance. An `inner` one is an adverb of the verb group: « souvent », « déjà ».

    A `first` one always stands before the clause, a `recurring` one after it where the clause is negative: « je ne me
    lève pas tôt tous les jours » denies the habit, « tous les jours, je ne me lève pas tôt » is odd.
    """

    french: str
    english: str
    inner: bool = False
    first: bool = False
    recurring: bool = False


PLAIN = Marker("", "")
_HABITS = MappingProxyType(
    {
        "p": PLAIN,
        "o": Marker("souvent", "often", inner=True),
        "d": Marker("tous les jours", "every day", recurring=True),
        "m": Marker("chaque matin", "every morning", recurring=True),
        "e": Marker("tous les soirs", "every evening", recurring=True),
        "s": Marker("le samedi", "on Saturdays"),
        "w": Marker("chaque semaine", "every week", recurring=True),
        "u": Marker("en été", "in summer"),
    }
)
_PAST = MappingProxyType(
    {
        "p": PLAIN,
        "a": Marker("déjà", "already", inner=True),
        "y": Marker("hier", "yesterday"),
        "n": Marker("hier soir", "last night"),
        "t": Marker("ce matin", "this morning"),
        "S": Marker("samedi dernier", "last Saturday"),
        "W": Marker("la semaine dernière", "last week"),
        "Y": Marker("l’année dernière", "last year"),
    }
)
_FUTURE = MappingProxyType(
    {
        "p": PLAIN,
        "y": Marker("demain", "tomorrow"),
        "n": Marker("demain soir", "tomorrow evening"),
        "t": Marker("demain matin", "tomorrow morning"),
        "S": Marker("samedi prochain", "next Saturday"),
        "W": Marker("la semaine prochaine", "next week"),
        "Y": Marker("l’année prochaine", "next year"),
    }
)
_TASTES = frozenset({"aimer", "adorer", "détester", "préférer", "ressembler", "intéresser"})
"""What is liked is not told for tomorrow."""
_ALREADY = _PAST["a"]
_IN_THAT_CASE = Marker("dans ce cas", "in that case", first=True)
_OTHERWISE = Marker("sinon", "otherwise", first=True)
_DAY_BEFORE = Marker("la veille", "the day before")
_THAT_DAY = Marker("ce jour-là", "that day")
_NEXT_DAY = Marker("le lendemain", "the next day")
_BY_TOMORROW = Marker("d’ici demain", "by tomorrow", first=True)
_BY_THEN = Marker("d’ici là", "by then", first=True)


@lru_cache(maxsize=4096)
def markers(frame: Frame, tense: Tense) -> tuple[Marker, ...]:
    """The expressions that go with a use in a tense; empty where the use is not said in that tense."""
    past = tuple(key for key in frame.past if key != "a")
    match tense:
        case _ if frame.born and tense not in ("passe_compose", "passe_simple", "plus_que_parfait"):
            return ()
        case "present":
            return tuple(_HABITS[key] for key in frame.habits)
        case "imparfait":
            lasting = frame.state or frame.lasting or frame.english[0].text.startswith("be ")
            once = tuple(_PAST[key] for key in past if lasting and key in "ynSWY")
            return tuple(_HABITS[key] for key in frame.habits) + once
        case "passe_compose":
            return tuple(_PAST[key] for key in frame.past)
        case "passe_simple" if frame.past and not frame.state:
            return (_THAT_DAY, _NEXT_DAY) if set(past) & set("yntS") and not frame.born else (PLAIN,)
        case "futur" if frame.mishap:
            return (PLAIN,)
        case "futur" if frame.verb.infinitive not in _TASTES:
            return tuple(dict.fromkeys(_FUTURE[key] for key in past)) or (PLAIN,)
        case "plus_que_parfait" if frame.past and not frame.state:
            if "a" in frame.past:
                return (_ALREADY,)
            return (_DAY_BEFORE,) if set(past) & set("ynt") else (PLAIN,)
        case "futur_anterieur" if "a" in frame.past and not frame.mishap:
            return (_BY_TOMORROW, _BY_THEN)
        case "conditionnel_present":
            return (_IN_THAT_CASE, _OTHERWISE)
        case "conditionnel_passe" if frame.past and not frame.state:
            return (_IN_THAT_CASE, _OTHERWISE)
        case "subjonctif_present" if not frame.born:
            return (PLAIN,)
        case "subjonctif_passe" if frame.past and not frame.state:
            return (PLAIN,)
        case "imperatif" if frame.imperative:
            return (PLAIN,)
    return ()
