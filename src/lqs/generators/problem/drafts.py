"""A draft: everything chosen about a right statement, and that statement in its parts."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lqs.domain.entities.problem import PERSONS, Person
from lqs.generators.french import conjugator
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import COMPOUND, inverted
from lqs.generators.french.frames import Piece, Role
from lqs.generators.french.markers import PLAIN, Marker, markers
from lqs.generators.french.orthography import contracted, join
from lqs.generators.french.proof.reading import noun_phrase
from lqs.generators.french.proof.words import tokens
from lqs.generators.french.subjects import SUBJECTS, Subject
from lqs.generators.french.tables.government import INDIRECTLY_REFLEXIVE
from lqs.generators.french.triggers import Trigger
from lqs.generators.problem.cells import CLAUSE_SHAPES, PRONOUN_SHAPES, Cell, Shape

_DIRECT_PRONOUNS = {"ms": "le", "fs": "la", "mp": "les", "fp": "les"}
_PARTITIVES = ("du ", "de la ", "de l’", "des ", "un ", "une ")
_UNCONTRACTED = (("aux ", "les "), ("au ", "le "), ("à la ", "la "), ("à l’", "l’"), ("à ", ""))
_YOU = Subject("", "2s", ("ms", "fs"), "", "your")
_US = Subject("", "1p", ("mp", "fp"), "", "our")
_YOU_ALL = Subject("", "2p", ("ms", "fs", "mp", "fp"), "", "your")
_ADDRESSED = {"2s": _YOU, "1p": _US, "2p": _YOU_ALL}
"""Whom an imperative is said to."""


class Draft(NamedTuple):
    """A right statement before it is written. `agreement` is the subject's gender and number."""

    cell: Cell
    subject: Subject
    agreement: str
    marker: Marker
    leading: bool
    trigger: Trigger | None

    @property
    def person(self) -> Person:
        """The person of the verb."""
        return self.subject.person

    @property
    def helper(self) -> str:
        """The auxiliary of this use."""
        return self.cell.frame.helper

    @property
    def has_direct(self) -> bool:
        """Whether the verb has a direct object, noun or pronoun."""
        return self.cell.frame.direct is not None

    @property
    def agrees_with_subject(self) -> bool:
        """Whether the participle of a compound tense agrees with the subject."""
        verb = self.cell.frame.verb
        if verb.pronominal:
            return not self.has_direct and verb.infinitive not in INDIRECTLY_REFLEXIVE
        return self.helper == "être"

    @property
    def participle_agreement(self) -> str:
        """The agreement that the participle shows."""
        if self.agrees_with_subject:
            return self.agreement
        if self.cell.shape in (Shape.DIRECT, Shape.BOTH):
            return object_agreement(self.cell.frame.direct)
        return "ms"


@lru_cache(maxsize=1024)
def object_agreement(piece: Piece | None) -> str:
    """Gender and number of a noun phrase in the complement."""
    phrase = noun_phrase(tokens(noun_of(piece)), 0) if piece else None
    if phrase is None:
        raise ValueError(f"no noun phrase in {piece}")
    return max(phrase.agreements)  # masculine where both can be meant


def noun_of(piece: Piece | None) -> str:
    """The noun phrase of a piece, without the preposition à: « au voisin » is « le voisin »."""
    text = piece.text if piece else ""
    if piece and piece.role is Role.INDIRECT:
        for merged, article in _UNCONTRACTED:
            if text.startswith(merged):
                return article + text.removeprefix(merged)
    return text


_OF_PERSON = {person: tuple(subject for subject in SUBJECTS.values() if subject.person == person) for person in PERSONS}
_OF_QUESTIONS = (SUBJECTS["il"], SUBJECTS["elle"])


def subjects_of(cell: Cell, person: Person) -> tuple[Subject, ...]:
    """The subjects of one person that a cell can have."""
    if cell.tense == "imperatif":
        return (_ADDRESSED[person],)
    if cell.shape is Shape.QUESTION:
        return _OF_QUESTIONS
    return _OF_PERSON[person]


def markers_of(cell: Cell) -> tuple[Marker, ...]:
    """The expressions of time that can stand in a cell."""
    found = markers(cell.frame, cell.tense)
    if cell.shape in CLAUSE_SHAPES or cell.negation in ("jamais", "plus", "rien", "personne"):
        first = tuple(marker for marker in found if marker.first)
        return first if cell.tense in ("conditionnel_present", "conditionnel_passe") else (PLAIN,)
    if cell.negation or cell.shape is Shape.QUESTION:
        kept = tuple(marker for marker in found if not (cell.negation and marker.french == "déjà"))
        return kept or (PLAIN,)
    return found


def triggers_of(cell: Cell, person: Person) -> tuple[Trigger | None, ...]:
    """The main clauses that can stand before a cell."""
    if cell.shape not in CLAUSE_SHAPES:
        return (None,)
    state = cell.frame.state or cell.frame.piece(Role.ATTRIBUTE) is not None
    return tuple(
        trigger
        for trigger in CLAUSE_SHAPES[cell.shape]
        if cell.tense in trigger.tenses
        and not (trigger.speaker and person == "1s")
        and not (trigger.demand and not cell.frame.imperative)
        and not (trigger.regret and not cell.frame.mishap)
        and not (trigger.event and state)
        and not (trigger.state and not state)
    )


def drafts_of(cell: Cell, person: Person) -> Iterator[Draft]:
    """Every draft of a cell in one person."""
    for subject in subjects_of(cell, person):
        for agreement in subject.agreements:
            for marker in markers_of(cell):
                for trigger in triggers_of(cell, person):
                    yield Draft(cell, subject, agreement, marker, marker.first, trigger)


class Right(NamedTuple):
    """A right statement: what was chosen about it, its parts, and how it is written."""

    draft: Draft
    parts: Parts
    text: str


def right_statement(draft: Draft) -> Right:
    """The right statement. Raises `LookupError` where the verb lacks the form."""
    parts = _parts(draft)
    return Right(draft, parts, parts.text)


def _parts(draft: Draft) -> Parts:
    cell, subject = draft.cell, draft.subject
    verb, french = cell.frame.verb, draft.marker.french
    group = conjugator.group(
        verb.infinitive, cell.tense, subject.person, draft.participle_agreement, verb.pronominal, draft.has_direct
    )
    imperative = cell.tense == "imperatif"
    clitics = _object_pronouns(draft)
    glued: tuple[str, ...] = ()
    if group.clitic and imperative and not cell.negation:
        glued = (f"-{group.clitic}",)
    elif group.clitic:
        weak = conjugator.REFLEXIVES[subject.person]
        clitics = (weak, *clitics)
    if cell.shape is Shape.QUESTION:
        glued = (inverted(group.finite, subject.text).removeprefix(group.finite),)
    outer = "" if draft.marker.inner else french
    compound = cell.tense in COMPOUND
    return Parts(
        topic=_topic(draft),
        lead=outer if draft.leading else "",
        trigger=draft.trigger.french if draft.trigger else "",
        subject="" if imperative or cell.shape is Shape.QUESTION else subject.text,
        ne="ne" if cell.negation else "",
        clitics=clitics,
        finite=group.finite,
        glued=glued,
        second="" if cell.negation is None or (compound and cell.negation == "personne") else cell.negation,
        adverb=french if draft.marker.inner else "",
        participle=group.participle,
        third="personne" if compound and cell.negation == "personne" else "",
        complement=_complement(draft),
        tail="" if draft.leading else outer,
        result=draft.trigger.result if draft.trigger else "",
        mark="?" if cell.shape is Shape.QUESTION else "!" if imperative else ".",
    )


def _object_pronouns(draft: Draft) -> tuple[str, ...]:
    frame = draft.cell.frame
    match draft.cell.shape:
        case Shape.DIRECT:
            return (_DIRECT_PRONOUNS[object_agreement(frame.direct)],)
        case Shape.INDIRECT:
            return (_indirect_pronoun(frame.piece(Role.INDIRECT)),)
        case Shape.BOTH:
            return (
                _DIRECT_PRONOUNS[object_agreement(frame.direct)],
                _indirect_pronoun(frame.piece(Role.INDIRECT)),
            )
        case Shape.PLACE:
            return ("y",)
        case Shape.SOURCE:
            return ("en",)
    return ()


def _indirect_pronoun(piece: Piece | None) -> str:
    return "leur" if object_agreement(piece)[1] == "p" else "lui"


_REPLACED = {
    Shape.DIRECT: (Role.DIRECT,),
    Shape.INDIRECT: (Role.INDIRECT,),
    Shape.BOTH: (Role.DIRECT, Role.INDIRECT),
    Shape.PLACE: (Role.PLACE,),
    Shape.SOURCE: (Role.SOURCE, Role.DIRECT),
}


def replaced_roles(cell: Cell) -> tuple[Role, ...]:
    """The pieces of the complement for which a pronoun or a negative word stands."""
    if cell.negation in ("rien", "personne"):
        return (Role.DIRECT,)
    return _REPLACED.get(cell.shape, ())


def topic_piece(cell: Cell) -> Piece | None:
    """The piece that a statement with a pronoun begins with."""
    if cell.shape not in PRONOUN_SHAPES:
        return None
    found = (cell.frame.piece(role) for role in _REPLACED[cell.shape])
    return next((piece for piece in found if piece), None)


def _topic(draft: Draft) -> str:
    return noun_of(topic_piece(draft.cell))


def _complement(draft: Draft) -> str:
    gone = replaced_roles(draft.cell)
    words: list[str] = []
    for piece in draft.cell.frame.complement:
        if piece.role in gone:
            continue
        if piece.role is Role.ATTRIBUTE:
            forms = dict(zip(("ms", "fs", "mp", "fp"), piece.text.split(), strict=True))
            words.append(forms[draft.agreement])
        elif piece.role is Role.DIRECT and draft.cell.negation:
            words.append(_negated_object(draft, piece.text))
        else:
            words.append(piece.text)
    return join(words)


def _negated_object(draft: Draft, text: str) -> str:
    """« du pain » becomes « de pain » after a negation, « une pomme » « de pomme »."""
    article = next((article for article in _PARTITIVES if text.startswith(article)), None)
    return contracted("de", text.removeprefix(article)) if article else text
