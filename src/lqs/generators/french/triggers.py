"""Main clauses that put a verb into the subjunctive, the indicative or a condition, and what they are in English.

Their moods are those of `tables.moods`. In the English, `{subject}`, `{object}` (the subject as an object), `{bare}`
(the infinitive), `{finite}` and `{participle}` phrases stand for the French clause.
"""

from dataclasses import dataclass
from types import MappingProxyType

from lqs.domain.entities.problem import Tense


@dataclass(frozen=True, slots=True)
class Trigger:
    """Words before a clause.

    `speaker` ones begin with je, so that the subject is somebody else. `demand` ones ask for what somebody can do on
    purpose, `regret` ones are said of mishaps. An `event` one is translated so of what happens only, a `state`
    one of what is so.
    """

    french: str
    english: str
    tenses: tuple[Tense, ...]
    speaker: bool = False
    result: str = ""
    demand: bool = False
    regret: bool = False
    event: bool = False
    state: bool = False


SUBJUNCTIVE = (
    Trigger("il faut que", "{subject} must {bare}", ("subjonctif_present",), demand=True),
    Trigger("il est important que", "it is important for {object} to {bare}", ("subjonctif_present",), demand=True),
    Trigger("il est nécessaire que", "it is necessary for {object} to {bare}", ("subjonctif_present",), demand=True),
    Trigger("il est possible que", "{subject} might {bare}", ("subjonctif_present",)),
    Trigger("je veux que", "I want {object} to {bare}", ("subjonctif_present",), speaker=True, demand=True),
    Trigger("je voudrais que", "I would like {object} to {bare}", ("subjonctif_present",), speaker=True, demand=True),
    Trigger("je doute que", "I doubt that {subject} will {bare}", ("subjonctif_present",), speaker=True, event=True),
    Trigger("je doute que", "I doubt that {subject} {finite}", ("subjonctif_present",), speaker=True, state=True),
    Trigger("je doute que", "I doubt that {subject} {finite}", ("subjonctif_passe",), speaker=True),
    Trigger("il est possible que", "{subject} may have {participle}", ("subjonctif_passe",)),
    Trigger("il est dommage que", "it is a pity that {subject} {finite}", ("subjonctif_passe",), regret=True),
    Trigger("je regrette que", "I am sorry that {subject} {finite}", ("subjonctif_passe",), speaker=True, regret=True),
)
INDICATIVE = (
    Trigger("je sais que", "I know that {subject} {finite}", ("present", "futur", "passe_compose"), speaker=True),
    Trigger("il est certain que", "it is certain that {subject} {finite}", ("present", "futur")),
    Trigger("il est vrai que", "it is true that {subject} {finite}", ("present", "passe_compose")),
    Trigger("je pense que", "I think that {subject} {finite}", ("present", "futur", "passe_compose"), speaker=True),
)
CONDITION = (
    Trigger("si", "if {subject} {finite}, everything will be fine", ("present",), result="tout ira bien", demand=True),
    Trigger(
        "si", "if {subject} {finite}, it would be perfect", ("imparfait",), result="ce serait parfait", demand=True
    ),
    Trigger(
        "si",
        "if {subject} {finite}, everything would have gone well",
        ("plus_que_parfait",),
        result="tout se serait bien passé",
        demand=True,
    ),
)
BY_MOOD = MappingProxyType({"subjunctive": SUBJUNCTIVE, "indicative": INDICATIVE, "condition": CONDITION})
