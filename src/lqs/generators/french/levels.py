"""At which CEFR level a learner meets a tense, an error or a kind of sentence: a teacher's judgement.

After the inventories of key contents of the levels of French (Eaquals and CIEP, 2015).
"""

from types import MappingProxyType

from lqs.domain.entities.problem import LEVELS, ErrorCode, Level, Negation, Tense

TENSE_LEVELS: MappingProxyType[Tense, Level] = MappingProxyType(
    {
        "present": "A1",
        "imperatif": "A1",
        "passe_compose": "A2",
        "imparfait": "A2",
        "futur": "A2",
        "plus_que_parfait": "B1",
        "conditionnel_present": "B1",
        "subjonctif_present": "B1",
        "passe_simple": "B2",
        "futur_anterieur": "B2",
        "conditionnel_passe": "B2",
        "subjonctif_passe": "B2",
    }
)
NEGATION_LEVELS: MappingProxyType[Negation, Level] = MappingProxyType(
    {"pas": "A1", "jamais": "A1", "plus": "A2", "rien": "A2", "personne": "A2"}
)
_ERROR_LEVELS: MappingProxyType[ErrorCode, Level] = MappingProxyType(
    {
        "aux.choice": "A2",
        "participle.agreement": "A2",
        "participle.for_infinitive": "A1",
        "infinitive.for_participle": "A2",
        "mood.subjunctive": "B1",
        "mood.indicative": "B1",
        "mood.si": "B1",
        "tense.marker": "A2",
        "negation.double": "A2",
        "article.after_negation": "A2",
        "pronoun.placement": "A2",
        "pronoun.order": "B1",
        "pronoun.category": "A2",
        "pronoun.agreement": "A2",
        "pronoun.y_en": "A2",
        "preposition.verb": "A2",
    }
)


def error_level(code: ErrorCode) -> Level:
    """The first level at which an error of this kind is worth showing."""
    return _ERROR_LEVELS.get(code, "A1")


def highest(*levels: Level) -> Level:
    """The highest of some levels."""
    return max(levels, key=LEVELS.index)
