"""English by construction: a verb phrase in the tense and person of the French statement."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from lqs.domain.entities.problem import Negation, Person, Tense
from lqs.generators.french.frames import Frame, Role

_IRREGULAR_TABLE = """
be was been|beat beat beaten|become became become|break broke broken|bring brought brought|build built built
buy bought bought|chat chatted chatted|choose chose chosen|comb combed combed|come came come|cut cut cut
do did done|draw drew drawn|dream dreamed dreamed|drink drank drunk|drive drove driven|eat ate eaten
fall fell fallen|find found found|forget forgot forgotten|get got gotten|give gave given|go went gone
greet greeted greeted|grow grew grown|have had had|hide hid hidden|hold held held|knock knocked knocked
know knew known|learn learned learned|leave left left|lend lent lent|lie lied lied|lose lost lost|make made made
meet met met|pay paid paid|prefer preferred preferred|put put put|read read read|rent rented rented|run ran run
see saw seen|sell sold sold|send sent sent|set set set|shout shouted shouted|show showed shown|sing sang sung
sit sat sat|sleep slept slept|speak spoke spoken|spend spent spent|stop stopped stopped|swim swam swum
take took taken|teach taught taught|tell told told|think thought thought|throw threw thrown
understand understood understood|wake woke woken|wear wore worn|win won won|write wrote written
"""
_IRREGULAR: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        verb: (past, participle)
        for verb, past, participle in (
            row.split() for line in _IRREGULAR_TABLE.strip().splitlines() for row in line.split("|")
        )
    }
)
_BE_NOW = MappingProxyType({"1s": "am", "2s": "are", "3s": "is", "1p": "are", "2p": "are", "3p": "are"})
_BE_THEN = MappingProxyType({"1s": "was", "2s": "were", "3s": "was", "1p": "were", "2p": "were", "3p": "were"})
_STATES = frozenset({"be", "can", "understand", "remember", "believe", "know", "seem", "appear", "become"})
_VOWELS = "aeiou"

Aspect = Literal["habit", "state", "course"]
"""How a French imparfait is meant: I used to work, I was tired, I was working."""
_OBJECTIVE = MappingProxyType({"I": "me", "he": "him", "she": "her", "we": "us", "they": "them"})


def objective(subject: str) -> str:
    """The subject as an object: me, him, my sister."""
    return _OBJECTIVE.get(subject, subject)


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


def _ing_form(verb: str) -> str:
    if verb in _DOUBLING:
        return verb + verb[-1] + "ing"
    return (verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb) + "ing"


_DOUBLING = frozenset({"run", "swim", "sit", "get", "put", "set", "cut", "chat", "stop", "win"})


def _past(verb: str, person: Person) -> str:
    if verb == "be":
        return _BE_THEN[person]
    if verb == "can":
        return "could"
    return _IRREGULAR[verb][0] if verb in _IRREGULAR else _ed_form(verb)


def _participle(verb: str) -> str:
    if verb == "can":
        return "been able to"
    return _IRREGULAR[verb][1] if verb in _IRREGULAR else _ed_form(verb)


def bare(verb: str) -> str:
    """The infinitive without to."""
    return "be able to" if verb == "can" else verb


def phrase(frame: Frame, possessive: str, replaced: Mapping[Role, str]) -> tuple[str, str]:
    """The verb, and what follows it, with some pieces replaced (by pronouns, or by nothing)."""
    words = [replaced.get(piece.role, piece.text) for piece in frame.english]
    verb, _, rest = " ".join(filter(None, words)).format(poss=possessive).partition(" ")
    return verb, rest


_MODALS: Mapping[Tense, str] = MappingProxyType({"futur": "will", "conditionnel_present": "would"})
_PERFECTS: Mapping[Tense, str] = MappingProxyType(
    {"plus_que_parfait": "had", "futur_anterieur": "will have", "conditionnel_passe": "would have"}
)


def group(
    verb: str,
    tense: Tense,
    person: Person,
    *,
    negation: Negation | None = None,
    adverb: str = "",
    aspect: Aspect = "habit",
) -> str:
    """The verb group in English, its adverb and negation in their places. `aspect` is that of the imparfait."""
    helper, main = _plain(verb, tense, person, adverb, aspect == "state")
    if tense == "imparfait" and aspect == "course":
        helper, main = _BE_THEN[person], _ing_form(verb)
    if negation == "plus" and tense == "imparfait" and main and aspect != "course":
        main = _past(verb, person)
    words = [helper, main]
    if negation in ("jamais", "plus"):
        words = [helper, "never" if negation == "jamais" else "no longer", main]
        if helper and helper.split()[0] != helper:
            first, _, others = helper.partition(" ")
            words = [first, words[1], others, main]
    elif negation:
        words = _negated(verb, helper, main, tense, person)
    if adverb and adverb not in words:
        words.insert(len(words) - 1 if words[-1] else len(words), adverb)
    return " ".join(filter(None, words))


def _plain(verb: str, tense: Tense, person: Person, adverb: str, state: bool) -> tuple[str, str]:
    """The auxiliary (or a form of be, or can) and the main verb."""
    match tense:
        case "present" | "subjonctif_present" if verb == "be":
            return _BE_NOW[person], ""
        case "present" | "subjonctif_present" if verb == "can":
            return "can", ""
        case "present" | "subjonctif_present":
            return "", _s_form(verb) if person == "3s" else verb
        case "passe_compose" if adverb == "already":
            return "has" if person == "3s" else "have", _participle(verb)
        case "passe_compose" | "passe_simple" | "subjonctif_passe" | "imparfait" if verb == "be":
            return _BE_THEN[person], ""
        case "passe_compose" | "passe_simple" | "subjonctif_passe" if verb == "can":
            return _BE_THEN[person], "able to"
        case "imparfait" if verb == "can":
            return "could", ""
        case "imparfait" if not state and verb not in _STATES:
            return "", f"used to {verb}"
        case "futur" | "conditionnel_present":
            if verb == "can" and tense == "conditionnel_present":
                return "could", ""
            return _MODALS[tense], bare(verb)
        case "plus_que_parfait" | "futur_anterieur" | "conditionnel_passe":
            return _PERFECTS[tense], _participle(verb)
        case "imperatif":
            return "let’s" if person == "1p" else "", verb
    return "", _past(verb, person)


def _negated(verb: str, helper: str, main: str, tense: Tense, person: Person) -> list[str]:
    if helper == "let’s":
        return [helper, "not", main]
    if helper == "can":
        return ["cannot", main]
    if helper:
        first, _, others = helper.partition(" ")
        return [first, "not", others, main]
    if tense == "imperatif":
        return ["do not", main]
    if tense in ("present", "subjonctif_present"):
        return ["does not" if person == "3s" else "do not", verb]
    return ["did not", verb]


def past_participle(verb: str) -> str:
    """The past participle, or what stands for it."""
    return _participle(verb)


def unreal(verb: str) -> str:
    """The verb of an unreal condition: « if I were, if she went »."""
    return "were" if verb == "be" else "could" if verb == "can" else _past(verb, "3s")


_HELPERS = frozenset({"am", "is", "are", "was", "were", "can", "could", "will", "would", "has", "have", "had"})


def question(group_: str, verb: str, subject: str, rest: str) -> str:
    """A verb group of `group` turned into a question about its subject, a third person singular."""
    first, _, others = group_.partition(" ")
    words = [first, subject, others, rest]
    if first not in _HELPERS or (group_ in ("has", "have", "had")):
        adverb = "often" if "often" in group_.split() else ""
        present = _s_form(verb) in group_.split()
        used = f"use to {verb}" if "used to" in group_ and not adverb else verb
        words = ["does" if present else "did", subject, adverb, used, rest]
    return " ".join(filter(None, words))
