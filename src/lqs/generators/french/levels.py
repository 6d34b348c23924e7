"""At which CEFR level a learner meets a verb: a teacher's judgement, after the vocabulary inventories for French."""

from types import MappingProxyType

from lqs.domain.entities.problem import Level, Tense
from lqs.generators.french.contrast import Clause
from lqs.generators.french.verbs import VERBS, Verb

_LEVELS: tuple[Level, ...] = ("A1", "A2", "B1", "B2", "C1")
_TENSES: MappingProxyType[Tense, Level] = MappingProxyType({"present": "A1", "passe_compose": "A2"})

_LATER: tuple[tuple[Level, Level, str], ...] = (
    (
        "A2",
        "A2",
        "répéter, remplir, vendre, perdre, apprendre, recevoir, revenir, naître, rentrer, retourner, nettoyer",
    ),
    ("A2", "A2", "se reposer, se dépêcher, s’amuser, s’ennuyer, se perdre, s’endormir"),
    ("A2", "B1", "s’inquiéter, se souvenir, se tromper"),
    ("B1", "B1", "se méfier"),
)
"""The least level of a verb in the présent and in the passé composé; verbs that are not listed are A1 vocabulary."""

_FLOORS: MappingProxyType[tuple[Verb, Tense], Level] = MappingProxyType(
    {
        (VERBS[name], tense): level
        for present, past, names in _LATER
        for name in names.split(", ")
        for tense, level in zip(_TENSES, (present, past), strict=True)
    }
)


def level_of(clause: Clause) -> Level:
    """The highest of what the tense, the verb and the agreement ask for.

    A reflexive verb with a direct object after it (« elle s’est lavé les mains ») is B1 in the passé composé, because
    its participle does not agree.
    """
    verb, tense, _, object_number = clause
    asked = [_TENSES[tense], _FLOORS.get((verb, tense), "A1")]
    if tense == "passe_compose" and verb.pronominal and object_number:
        asked.append("B1")
    return max(asked, key=_LEVELS.index)
