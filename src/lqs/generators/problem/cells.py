"""What a problem can be about: a focus, a kind of sentence, a use of a verb, a tense and a negation."""

from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import ErrorCode, Focus, Level, Negation, ObjectForm, Tense
from lqs.generators.french import triggers
from lqs.generators.french.conjugator import COMPOUND
from lqs.generators.french.frames import Frame, Role
from lqs.generators.french.levels import NEGATION_LEVELS, TENSE_LEVELS, error_level, highest


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
        ),
    }
)
"""What the wrong statements of each focus get wrong; the codes before the general ones come first."""


class Cell(NamedTuple):
    """Everything a constraint can speak of but the person and the errors."""

    focus: Focus
    shape: Shape
    frame: Frame
    tense: Tense
    negation: Negation | None

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

    @property
    def level(self) -> Level:
        """The highest of what verb, tense, negation and kind of sentence ask for."""
        asked = [TENSE_LEVELS[self.tense], self.frame.level]
        if self.negation:
            asked.append(NEGATION_LEVELS[self.negation])
        if self.shape in PRONOUN_SHAPES:
            asked.append("A2")
        late = self.shape in (Shape.BOTH, Shape.CONDITION, Shape.SUBJUNCTIVE) or (
            self.shape is Shape.INDICATIVE and self.focus == "mood"
        )
        preceding = self.shape is Shape.DIRECT and self.tense in COMPOUND
        reflexive_object = self.frame.verb.pronominal and self.frame.direct and self.tense in COMPOUND
        if late or preceding or reflexive_object:
            asked.append("B1")
        return highest(*asked)

    @property
    def codes(self) -> tuple[ErrorCode, ...]:
        """The kinds of error a problem here may show: those of its focus, none above its level."""
        return _codes_within(self.focus, self.level)


@lru_cache(maxsize=64)
def _codes_within(focus: Focus, level: Level) -> tuple[ErrorCode, ...]:
    return tuple(code for code in FOCUS_CODES[focus] if highest(error_level(code), level) == level)
