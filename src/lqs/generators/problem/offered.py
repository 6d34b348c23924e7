"""Every kind of sentence that problems are made of: which focus, tense and negation suits which use of a verb."""

from collections.abc import Iterator
from functools import cache

from lqs.domain.entities.problem import FOCUSES, PERSONS, TENSES, Focus, Negation, Person, Tense
from lqs.generators.french.conjugator import COMPOUND, IMPERATIVE_PERSONS, auxiliary_for
from lqs.generators.french.frames import Frame, Role, frames
from lqs.generators.french.markers import markers
from lqs.generators.problem.cells import CLAUSE_SHAPES, PRONOUN_SHAPES, Cell, Shape


@cache
def cells() -> tuple[Cell, ...]:
    """Everything a problem can be about."""
    return tuple(cell for frame in frames() for tense in TENSES if markers(frame, tense) for cell in _of(frame, tense))


def persons_of(cell: Cell) -> tuple[Person, ...]:
    """The persons a cell can be in."""
    if cell.tense == "imperatif":
        return tuple(person for person in PERSONS if person in IMPERATIVE_PERSONS)
    if cell.shape is Shape.QUESTION:
        return ("3s",)
    if cell.tense == "passe_simple":
        return ("1s", "3s", "3p")
    return PERSONS


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
