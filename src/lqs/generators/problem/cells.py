"""What a problem can be about: a focus, a kind of sentence, a use of a verb, a tense and a negation."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode, Focus, Level, Negation, ObjectForm, Tense
from lqs.generators.french import triggers
from lqs.generators.french.conjugator import COMPOUND
from lqs.generators.french.frames import Frame, Role
from lqs.generators.french.levels import NEGATION_LEVELS, TENSE_LEVELS, error_level, highest
from lqs.generators.french.markers import markers
from lqs.generators.french.proof.words import is_only_reflexive, token
from lqs.generators.french.tables.government import (
    ESSENTIALLY_REFLEXIVE,
    GENERIC_OBJECTS,
    INFINITIVE_WITH,
    NEGATED_BY_NE_ALONE,
    NEVER_WITHOUT_REFLEXIVE,
    ONLY_DIRECT,
    ONLY_INDIRECT,
    REFLEXIVE_WITHOUT_OBJECT,
)
from lqs.generators.french.tables.times import PAST


class Shape(StrEnum):
    """A kind of sentence."""

    STATEMENT = "statement"
    QUESTION = "question"
    DIRECT = "direct"  # « Les clés ? Je les cherche. »
    INDIRECT = "indirect"  # « Julie ? Je lui parle. »
    BOTH = "both"  # « Le livre ? Je le lui donne. »
    PLACE = "place"  # « Au marché ? J’y vais. »
    SOURCE = "source"  # « Du pain ? J’en achète. »
    SUBJUNCTIVE = "subjunctive"
    INDICATIVE = "indicative"
    CONDITION = "condition"


PRONOUN_SHAPES = frozenset({Shape.DIRECT, Shape.INDIRECT, Shape.BOTH, Shape.PLACE, Shape.SOURCE})
CLAUSE_SHAPES = MappingProxyType(
    {
        Shape.SUBJUNCTIVE: triggers.SUBJUNCTIVE,
        Shape.INDICATIVE: triggers.INDICATIVE,
        Shape.CONDITION: triggers.CONDITION,
    }
)

FOCUS_CODES: MappingProxyType[Focus, tuple[ErrorCode, ...]] = MappingProxyType(
    {
        "conjugation": (
            "agreement.subject_verb",
            "form.stem_or_spelling",
            "form.imperative",
            "aux.choice",
            "participle.agreement",
            "infinitive.for_participle",
            "tense.marker",
            "preposition.verb",
        ),
        "pronouns": (
            "pronoun.placement",
            "pronoun.order",
            "pronoun.category",
            "pronoun.agreement",
            "pronoun.y_en",
            "participle.agreement",
            "elision",
            "agreement.subject_verb",
        ),
        "agreement": ("participle.agreement", "adjective.agreement", "np.gender", "agreement.subject_verb"),
        "negation": ("negation.order", "negation.incomplete", "negation.double", "article.after_negation"),
        "reflexive": (
            "reflexive.person",
            "reflexive.missing",
            "participle.agreement",
            "aux.choice",
            "agreement.subject_verb",
            "pronoun.category",
            "pronoun.placement",
            "form.imperative",
        ),
        "mood": ("mood.subjunctive", "mood.indicative", "mood.si", "agreement.subject_verb", "form.stem_or_spelling"),
        "spelling": (
            "elision",
            "h_aspire",
            "contraction",
            "before_vowel",
            "euphonic_t",
            "form.stem_or_spelling",
            "participle.for_infinitive",
            "infinitive.for_participle",
            "agreement.subject_verb",
        ),
    }
)
"""What the wrong statements of each focus get wrong; the codes before the general ones come first."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Everything a constraint can speak of but the person and the errors; there is one of each kind.

    `level` is the highest of what verb, tense, negation and kind of sentence ask for. `codes` are the kinds of error
    that a problem here may show: those of its focus that such a sentence has a place for, none above its level.
    """

    focus: Focus
    shape: Shape
    frame: Frame
    tense: Tense
    negation: Negation | None
    level: Level
    codes: tuple[ErrorCode, ...]

    @property
    def direct_object(self) -> ObjectForm:
        """How the verb's direct object is expressed."""
        partitive = self.frame.direct is not None and self.shape is Shape.SOURCE
        if self.shape in (Shape.DIRECT, Shape.BOTH) or partitive:
            return "pronoun"
        return "noun" if self.frame.direct and self.negation not in ("rien", "personne") else "none"

    @property
    def indirect_object(self) -> ObjectForm:
        """How the verb's indirect object is expressed."""
        if self.shape in (Shape.INDIRECT, Shape.BOTH):
            return "pronoun"
        return "noun" if self.frame.piece(Role.INDIRECT) else "none"


def cell(focus: Focus, shape: Shape, frame: Frame, tense: Tense, negation: Negation | None) -> Cell:
    """The cell of these, with its level and its kinds of error."""
    level = _level(focus, shape, frame, tense, negation)
    codes = tuple(
        code
        for code in FOCUS_CODES[focus]
        if highest(error_level(code), level) == level and has_place_for(code, shape, frame, tense, negation)
    )
    return Cell(focus, shape, frame, tense, negation, level, _one_of_each(codes))


@lru_cache(maxsize=1024)
def _one_of_each(codes: tuple[ErrorCode, ...]) -> tuple[ErrorCode, ...]:
    return codes


def _level(focus: Focus, shape: Shape, frame: Frame, tense: Tense, negation: Negation | None) -> Level:
    asked = [TENSE_LEVELS[tense], frame.level]
    if negation:
        asked.append(NEGATION_LEVELS[negation])
    forbids_reflexive = frame.verb.pronominal and tense == "imperatif" and negation is not None
    if shape in PRONOUN_SHAPES or shape is Shape.QUESTION or forbids_reflexive:
        asked.append("A2")
    late = shape in (Shape.BOTH, Shape.CONDITION, Shape.SUBJUNCTIVE) or (shape is Shape.INDICATIVE and focus == "mood")
    preceding = shape is Shape.DIRECT and tense in COMPOUND
    reflexive_object = frame.verb.pronominal and frame.direct and tense in COMPOUND
    if late or preceding or reflexive_object:
        asked.append("B1")
    return highest(*asked)


_ONLY_IN = MappingProxyType(
    {
        "mood.subjunctive": Shape.SUBJUNCTIVE,
        "mood.indicative": Shape.INDICATIVE,
        "mood.si": Shape.CONDITION,
        "pronoun.order": Shape.BOTH,
        "euphonic_t": Shape.QUESTION,
    }
)


def has_place_for(code: ErrorCode, shape: Shape, frame: Frame, tense: Tense, negation: Negation | None) -> bool:
    """Whether such a sentence may have a place for such an error; what is never proven there has none."""
    verb = frame.verb.infinitive
    simple = tense not in COMPOUND
    match code:
        case "mood.subjunctive" | "mood.indicative" | "mood.si" | "pronoun.order" | "euphonic_t":
            return shape is _ONLY_IN[code]
        case "form.imperative":
            return tense == "imperatif"
        case "aux.choice" | "infinitive.for_participle":
            return not simple
        case "participle.agreement":
            return not simple and agrees_surely(frame)
        case "tense.marker":
            told = any(marker.french in PAST for marker in markers(frame, tense))
            whole = simple or (tense == "passe_compose" and negation is None)
            return whole and shape is Shape.STATEMENT and told
        case "preposition.verb":
            return verb in INFINITIVE_WITH and _governs_infinitive(frame)
        case "participle.for_infinitive":
            return _governs_infinitive(frame)
        case "adjective.agreement":
            return simple and shape is Shape.STATEMENT and frame.piece(Role.ATTRIBUTE) is not None
        case "pronoun.y_en":
            return shape in (Shape.PLACE, Shape.SOURCE)
        case "pronoun.category":
            imperative = frame.verb.pronominal and tense == "imperatif" and negation is None
            direct, indirect = shape is Shape.DIRECT, shape is Shape.INDIRECT
            return imperative or (direct and verb in ONLY_DIRECT) or (indirect and verb in ONLY_INDIRECT)
        case "negation.double":
            return negation in ("jamais", "personne")
        case "negation.incomplete":
            return verb not in NEGATED_BY_NE_ALONE
        case "article.after_negation":
            return verb in GENERIC_OBJECTS and frame.direct is not None
        case "reflexive.missing":
            needed = simple and frame.direct is None and verb in REFLEXIVE_WITHOUT_OBJECT
            essential = simple and (verb in ESSENTIALLY_REFLEXIVE or is_only_reflexive(verb))
            return frame.verb.pronominal and (needed or essential or verb in NEVER_WITHOUT_REFLEXIVE)
    return True


def agrees_surely(frame: Frame) -> bool:
    """Whether what follows cannot be taken for a direct object, which would undo a reflexive participle's agreement."""
    if not frame.verb.pronominal or frame.direct or frame.verb.infinitive in ESSENTIALLY_REFLEXIVE:
        return True
    return not frame.complement[0].text.startswith(("du ", "de ", "d’", "des "))


def _governs_infinitive(frame: Frame) -> bool:
    first = frame.complement[0].text if frame.complement else ""
    bare = first.removeprefix("à ").removeprefix("de ").removeprefix("d’")
    return bool(token(bare.partition(" ")[0]).infinitive)
