"""Every kind of sentence that problems are made of: which focus, tense and negation suits which use of a verb."""

from collections.abc import Iterator
from functools import cache, lru_cache

from lqs.domain.entities.problem import FOCUSES, PERSONS, TENSES, Focus, Negation, Person, Tense
from lqs.generators.french.conjugator import COMPOUND, IMPERATIVE_PERSONS, accepted
from lqs.generators.french.frames import Frame, Role, frames
from lqs.generators.french.joints import determiners_of_gender, has_joints
from lqs.generators.french.markers import markers
from lqs.generators.french.orthography import begins_with_vowel_sound
from lqs.generators.french.proof.words import token
from lqs.generators.problem.cells import CLAUSE_SHAPES, PRONOUN_SHAPES, Cell, Shape, agrees_surely, cell


@cache
def cells() -> tuple[Cell, ...]:
    """Everything a problem can be about."""
    return tuple(one for frame in frames() for tense in TENSES if markers(frame, tense) for one in _of(frame, tense))


def persons_of(cell: Cell) -> tuple[Person, ...]:
    """The persons a cell can be in."""
    if cell.tense == "imperatif":
        return _OF_ORDERS
    if cell.shape is Shape.QUESTION:
        return ("3s",)
    persons = PERSONS
    if cell.tense == "passe_simple":
        persons = ("1s", "3s", "3p")
    match cell.focus:
        case "mood" if cell.shape is Shape.INDICATIVE and cell.tense not in COMPOUND:
            return tuple(person for person in persons if _mood_shows(cell.frame, person))
        case "agreement" if not _shows_gender_of_noun(cell.frame, cell.shape, cell.tense, cell.negation):
            return tuple(person for person in persons if person not in ("1p", "2p"))
        case "spelling" if not _has_joints(cell.frame, cell.tense):
            return ("1s",)
    return persons


_OF_ORDERS = tuple(person for person in PERSONS if person in IMPERATIVE_PERSONS)


@lru_cache(maxsize=2048)
def _mood_shows(frame: Frame, person: Person) -> bool:
    """Whether the present subjunctive is a form that no other mood has."""
    forms = accepted(frame.verb.infinitive, "subjonctif_present", person)
    tenses = {reading.tense for form in forms for reading in token(form).finite if reading.person == person}
    return bool(tenses) and tenses <= {"subjonctif_present", "subjonctif_imparfait"}


def _of(frame: Frame, tense: Tense) -> Iterator[Cell]:
    shapes = tuple(_shapes(frame, tense))
    for focus in FOCUSES:
        for shape in shapes:
            for negation in _negations(frame, tense, shape, focus):
                if _suits(focus, shape, frame, tense, negation):
                    yield cell(focus, shape, frame, tense, negation)


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
    if frame.verb.infinitive == "devoir":  # « il ne doit pas partir » forbids, and “he does not have to leave” does not
        return () if focus == "negation" else (None,)
    if focus == "negation":
        if shape is not Shape.STATEMENT:
            return ()
        found: list[Negation] = ["pas"]
        everyday = tense in ("present", "imparfait", "futur") and not frame.born
        if everyday or (tense == "passe_compose" and not frame.born):
            if not frame.state or tense not in ("present", "imparfait") or frame.verb.infinitive in _OF_OCCASIONS:
                found.append("jamais")
            direct = frame.direct
            told = frame.english[0].text.startswith("tell")  # one tells the truth, and says nothing
            if direct and not direct.fixed and not frame.state and not frame.piece(Role.INDIRECT) and not told:
                persons = any(piece.person for piece in frame.english)
                found.append("personne" if persons else "rien")
        if everyday:
            found.append("plus")
        return tuple(found)
    plain = shape is Shape.STATEMENT and focus in ("conjugation", "agreement", "reflexive")
    return (None, "pas") if plain and frame.english[0].text.split()[0] != "can" else (None,)


_OF_OCCASIONS = frozenset({"pouvoir", "savoir", "vouloir"})
"""States that come and go: « il ne veut jamais », where « il n’habite jamais à Paris » is said by nobody."""


def _suits(focus: Focus, shape: Shape, frame: Frame, tense: Tense, negation: Negation | None) -> bool:
    """Whether such a sentence has a place for what the focus trains."""
    statement = shape is Shape.STATEMENT
    match focus:
        case "conjugation":
            return statement or shape is Shape.SUBJUNCTIVE
        case "pronouns":
            return shape in PRONOUN_SHAPES
        case "agreement":
            return _shows_agreement(frame, shape, tense) or _shows_gender_of_noun(frame, shape, tense, negation)
        case "negation":
            return statement
        case "reflexive":
            return statement and frame.verb.pronominal
        case "mood":
            return shape in CLAUSE_SHAPES and not (shape is Shape.INDICATIVE and not _any_mood_shows(frame, tense))
        case "spelling":
            if tense in ("imperatif", "passe_simple"):
                return False
            if shape is Shape.QUESTION:
                return _has_joints(frame, tense) or _ends_in_t(frame, tense)
            return statement and (_has_joints(frame, tense) or _elides_je(frame, tense))


def _any_mood_shows(frame: Frame, tense: Tense) -> bool:
    return tense in COMPOUND or any(_mood_shows(frame, person) for person in PERSONS)


def _shows_agreement(frame: Frame, shape: Shape, tense: Tense) -> bool:
    """Whether a participle or an adjective agrees with the subject."""
    if shape is not Shape.STATEMENT:
        return False
    if tense not in COMPOUND:
        return tense != "imperatif" and frame.piece(Role.ATTRIBUTE) is not None
    return frame.helper == "être" and agrees_surely(frame)


def _shows_gender_of_noun(frame: Frame, shape: Shape, tense: Tense, negation: Negation | None) -> bool:
    """Whether a participle agrees with an object before it, or a determiner shows the gender of its noun."""
    if tense in COMPOUND:
        return shape is Shape.DIRECT or (shape is Shape.STATEMENT and frame.verb.pronominal and bool(frame.direct))
    if shape is not Shape.STATEMENT or tense not in ("present", "imparfait", "futur"):
        return False
    kept = (piece.text for piece in frame.complement if not (negation and piece.role is Role.DIRECT))
    return frame.direct is not None and any(True for text in kept for _ in determiners_of_gender(text))


def _has_joints(frame: Frame, tense: Tense) -> bool:
    """Whether the sentence is hard to spell whoever is its subject."""
    reflexive = frame.verb.pronominal and begins_with_vowel_sound(frame.verb.infinitive)
    return tense in COMPOUND or reflexive or any(has_joints(piece.text) for piece in frame.complement)


def _ends_in_t(frame: Frame, tense: Tense) -> bool:
    return next(iter(accepted(frame.verb.infinitive, tense, "3s")), "").endswith(("t", "d"))


def _elides_je(frame: Frame, tense: Tense) -> bool:
    form = next(iter(accepted(frame.verb.infinitive, tense, "1s")), "")
    return bool(form) and begins_with_vowel_sound(form)
