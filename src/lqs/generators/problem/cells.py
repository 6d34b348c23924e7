"""What a problem can be about: a focus, a kind of sentence, a use of a verb, a tense and a negation."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import (
    FOCUSES,
    TENSES,
    ErrorCode,
    Focus,
    Level,
    Negation,
    ObjectForm,
    Person,
    ProblemConstraints,
    Tense,
    Topic,
)
from lqs.generators.french import triggers
from lqs.generators.french.conjugator import COMPOUND, IMPERATIVE_PERSONS, auxiliary_for
from lqs.generators.french.frames import Frame, Role, Verb, frames
from lqs.generators.french.levels import NEGATION_LEVELS, TENSE_LEVELS, error_level, highest
from lqs.generators.french.markers import markers
from lqs.generators.problem.naming import known_verb


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


class Wanted(NamedTuple):
    """The constraints in a form that can be looked up; an empty set or None leaves the choice open."""

    focus: frozenset[Focus]
    verbs: frozenset[Verb]
    tenses: frozenset[Tense]
    persons: frozenset[Person]
    negation: bool | None
    direct_object: ObjectForm | None
    indirect_object: ObjectForm | None
    codes: frozenset[ErrorCode]
    wrong: int
    cefr: frozenset[Level]
    topics: frozenset[Topic]

    def admits(self, cell: Cell) -> bool:
        """Whether everything but person and errors is as asked for."""
        frame = cell.frame
        return (
            (not self.focus or cell.focus in self.focus)
            and (not self.verbs or frame.verb in self.verbs)
            and (not self.tenses or cell.tense in self.tenses)
            and (self.negation is None or (cell.negation is not None) == self.negation)
            and (self.direct_object is None or cell.direct_object == self.direct_object)
            and (self.indirect_object is None or cell.indirect_object == self.indirect_object)
            and (not self.codes or not self.codes.isdisjoint(cell.codes))
            and (not self.cefr or cell.level in self.cefr)
            and (not self.topics or frame.topic in self.topics)
        )


def wanted(constraints: ProblemConstraints) -> Wanted:
    """The constraints with their verbs looked up; verbs that are not known are left out."""
    verbs = (known_verb(name) for name in constraints.verbs or ())
    return Wanted(
        frozenset(constraints.focus or ()),
        frozenset(verb for verb in verbs if verb),
        frozenset(constraints.tenses or ()),
        frozenset(constraints.persons or ()),
        constraints.negation,
        constraints.direct_object,
        constraints.indirect_object,
        frozenset(constraints.error_codes or ()),
        (constraints.statement_count or 4) - 1,
        frozenset(constraints.cefr or ()),
        frozenset(constraints.topics or ()),
    )


@cache
def cells() -> tuple[Cell, ...]:
    """Everything a problem can be about."""
    return tuple(cell for frame in frames() for tense in TENSES if markers(frame, tense) for cell in _of(frame, tense))


@lru_cache(maxsize=16)
def admitted(want: Wanted) -> MappingProxyType[Verb, tuple[Cell, ...]]:
    """The cells that the constraints admit, by verb."""
    found: dict[Verb, list[Cell]] = {}
    for cell in cells():
        if want.admits(cell):
            found.setdefault(cell.frame.verb, []).append(cell)
    return MappingProxyType({verb: tuple(some) for verb, some in found.items()})


def persons_of(cell: Cell) -> tuple[Person, ...]:
    """The persons a cell can be in."""
    if cell.tense == "imperatif":
        return tuple(person for person in _ALL if person in IMPERATIVE_PERSONS)
    if cell.shape is Shape.QUESTION:
        return ("3s",)
    if cell.tense == "passe_simple":
        return ("1s", "3s", "3p")
    return _ALL


_ALL: tuple[Person, ...] = ("1s", "2s", "3s", "1p", "2p", "3p")


def _of(frame: Frame, tense: Tense) -> Iterator[Cell]:
    shapes = tuple(_shapes(frame, tense))
    for focus in FOCUSES:
        for shape in shapes:
            for negation in _negations(frame, tense, shape, focus):
                if _suits(focus, shape, frame, tense):
                    yield Cell(focus, shape, frame, tense, negation)


def _shapes(frame: Frame, tense: Tense) -> Iterator[Shape]:
    if tense in ("subjonctif_present", "subjonctif_passe"):
        yield Shape.SUBJUNCTIVE
        return
    yield Shape.STATEMENT
    if tense == "imperatif":
        return
    if tense in ("present", "imparfait", "futur", "passe_compose"):
        yield Shape.QUESTION
    if tense in ("present", "futur", "passe_compose"):
        yield Shape.INDICATIVE
    if tense in ("present", "imparfait", "plus_que_parfait") and not frame.born:
        yield Shape.CONDITION
    if tense != "passe_simple":
        yield from _pronoun_shapes(frame)


def _pronoun_shapes(frame: Frame) -> Iterator[Shape]:
    direct, indirect = frame.direct, frame.piece(Role.INDIRECT)
    definite = direct is not None and not direct.fixed and direct.text.startswith(("le ", "la ", "les ", "l’"))
    if definite and not frame.verb.pronominal:
        yield Shape.DIRECT
    if indirect and not direct:
        yield Shape.INDIRECT
    if indirect and definite:
        yield Shape.BOTH
    place = frame.piece(Role.PLACE)
    if place and not place.fixed:
        yield Shape.PLACE
    partitive = direct is not None and not direct.fixed and direct.text.startswith(("du ", "de ", "des "))
    if partitive or frame.piece(Role.SOURCE):
        yield Shape.SOURCE


def _negations(frame: Frame, tense: Tense, shape: Shape, focus: Focus) -> tuple[Negation | None, ...]:
    if focus == "negation":
        if shape is not Shape.STATEMENT:
            return ()
        found: list[Negation] = ["pas"]
        everyday = tense in ("present", "imparfait", "futur") and not frame.born
        if everyday or (tense == "passe_compose" and not frame.born):
            found.append("jamais")
            direct = frame.direct
            if direct and not direct.fixed and not frame.state and not frame.piece(Role.INDIRECT):
                persons = any(piece.person for piece in frame.english)
                found.append("personne" if persons else "rien")
        if everyday:
            found.append("plus")
        return tuple(found)
    plain = shape is Shape.STATEMENT and focus in ("conjugation", "agreement", "reflexive")
    return (None, "pas") if plain and frame.english[0].text.split()[0] != "can" else (None,)


def _suits(focus: Focus, shape: Shape, frame: Frame, tense: Tense) -> bool:
    attribute = frame.piece(Role.ATTRIBUTE) is not None
    match focus:
        case "conjugation":
            return shape is Shape.STATEMENT or shape is Shape.SUBJUNCTIVE
        case "pronouns":
            return shape in PRONOUN_SHAPES
        case "agreement":
            helper = auxiliary_for(
                frame.verb.infinitive, pronominal=frame.verb.pronominal, direct_object=frame.direct is not None
            )
            shown = tense in COMPOUND and helper == "être" and shape is Shape.STATEMENT
            preceding = shape is Shape.DIRECT and tense in COMPOUND
            gendered = (
                shape is Shape.STATEMENT and frame.direct is not None and tense in ("present", "imparfait", "futur")
            )
            return shown or preceding or gendered or (attribute and shape is Shape.STATEMENT and tense != "imperatif")
        case "negation":
            return shape is Shape.STATEMENT
        case "reflexive":
            return shape is Shape.STATEMENT and frame.verb.pronominal
        case "mood":
            return shape in CLAUSE_SHAPES
        case "spelling":
            return shape in (Shape.STATEMENT, Shape.QUESTION) and tense not in ("imperatif", "passe_simple")
