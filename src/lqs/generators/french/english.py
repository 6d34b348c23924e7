"""English by construction: a verb phrase in the tense and person of the French statement."""

from types import MappingProxyType

from lqs.domain.entities.problem import Person, Tense
from lqs.generators.french.frames import Frame, Marker
from lqs.generators.french.orthography import capitalised
from lqs.generators.french.subjects import Subject

_IRREGULAR = MappingProxyType(
    {
        verb: (past, participle)
        for verb, past, participle in (
            line.split()
            for line in (
                "eat ate eaten",
                "buy bought bought",
                "make made made",
                "swim swam swum",
                "speak spoke spoken",
                "choose chose chosen",
                "sell sold sold",
                "lose lost lost",
                "do did done",
                "take took taken",
                "understand understood understood",
                "drink drank drunk",
                "read read read",
                "write wrote written",
                "tell told told",
                "see saw seen",
                "set set set",
                "put put put",
                "sleep slept slept",
                "run ran run",
                "go went gone",
                "come came come",
                "leave left left",
                "get got gotten",
                "fall fell fallen",
                "have had had",
                "know knew known",
                "find found found",
                "wake woke woken",
            )
        )
    }
)
_BE_NOW = MappingProxyType({"1s": "am", "2s": "are", "3s": "is", "1p": "are", "2p": "are", "3p": "are"})
_BE_THEN = MappingProxyType({"1s": "was", "2s": "were", "3s": "was", "1p": "were", "2p": "were", "3p": "were"})
_BEING = MappingProxyType({"be": "been", "can": "been able to"})
_VOWELS = "aeiou"


def _s_form(verb: str) -> str:
    if verb == "have":
        return "has"
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb[:-1] + "ies"
    return verb + "s"


def _ed_form(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb[:-1] + "ied"
    return verb + "ed"


def _past(verb: str) -> str:
    return _IRREGULAR[verb][0] if verb in _IRREGULAR else _ed_form(verb)


def _participle(verb: str) -> str:
    if verb in _BEING:
        return _BEING[verb]
    return _IRREGULAR[verb][1] if verb in _IRREGULAR else _ed_form(verb)


def _finite(verb: str, person: Person, tense: Tense) -> str:
    if verb == "be":
        return (_BE_NOW if tense == "present" else _BE_THEN)[person]
    if verb == "can":
        return "can" if tense == "present" else f"{_BE_THEN[person]} able to"
    if tense == "passe_compose":
        return _past(verb)
    return _s_form(verb) if person == "3s" else verb


def translation(frame: Frame, subject: Subject, tense: Tense, marker: Marker, *, leading: bool) -> str:
    """The English of the correct statement, with the time expression where the French has it."""
    verb, _, rest = frame.english.partition(" ")
    if marker.inner and tense == "passe_compose":
        have = "has" if subject.person == "3s" else "have"
        verbs = [have, marker.english, _participle(verb)]
    else:
        verbs = [marker.english if marker.inner else "", _finite(verb, subject.person, tense)]
        if verb == "be":
            verbs.reverse()  # “is often hungry”, but “often eats”
    clause = " ".join(filter(None, [subject.english, *verbs, rest.format(poss=subject.possessive)]))
    if not marker.english or marker.inner:
        return capitalised(f"{clause}.")
    return capitalised(f"{marker.english}, {clause}." if leading else f"{clause} {marker.english}.")
