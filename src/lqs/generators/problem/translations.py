"""The English of a right statement, built from the same choices as the French."""

from types import MappingProxyType

from lqs.generators.french import english
from lqs.generators.french.frames import Frame, Role
from lqs.generators.french.orthography import capitalised
from lqs.generators.french.tables.times import PAST
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft, object_agreement, replaced_roles

_THIRD_PERSONS = MappingProxyType({"ms": "him", "fs": "her", "mp": "them", "fp": "them"})
_PREPOSITIONS = ("to ", "at ", "with ", "from ", "in ")


def translation(draft: Draft) -> str:
    """The whole sentence, with its capital and its mark."""
    cell = draft.cell
    clause = _clause(draft)
    marker = draft.marker.english
    if marker and not draft.marker.inner:
        clause = f"{marker}, {clause}" if draft.leading else f"{clause} {marker}"
    mark = "?" if cell.shape is Shape.QUESTION else "!" if cell.tense == "imperatif" else "."
    sentence = capitalised(clause) + mark
    topic = _topic(draft)
    return f"{capitalised(topic)}? {sentence}" if topic else sentence


def _clause(draft: Draft) -> str:
    cell, subject = draft.cell, draft.subject
    verb, rest = english.phrase(cell.frame, subject.possessive, _replacements(draft))
    adverb = draft.marker.english if draft.marker.inner else ""
    group = english.group(
        verb, cell.tense, subject.person, negation=cell.negation, adverb=adverb, aspect=_aspect(draft)
    )
    finite = " ".join(filter(None, [group, rest]))
    if cell.shape is Shape.QUESTION:
        return english.question(group, verb, subject.english, rest)
    if draft.trigger is None:
        return " ".join(filter(None, [subject.english, finite]))
    if cell.shape is Shape.CONDITION and cell.tense == "imparfait":
        finite = " ".join(filter(None, [english.unreal(verb), rest]))
    return draft.trigger.english.format(
        subject=subject.english,
        object=english.objective(subject.english),
        finite=finite,
        bare=" ".join(filter(None, [english.bare(verb), rest])),
        participle=" ".join(filter(None, [english.past_participle(verb), rest])),
    )


def _aspect(draft: Draft) -> english.Aspect:
    frame = draft.cell.frame
    if frame.lasting and draft.marker.french in PAST:
        return "course"
    return "state" if frame.state else "habit"


def _replacements(draft: Draft) -> dict[Role, str]:
    cell, frame = draft.cell, draft.cell.frame
    gone = replaced_roles(cell)
    if cell.negation in ("rien", "personne"):
        return {Role.DIRECT: "anything" if cell.negation == "rien" else "anyone"}
    if draft.cell.shape is Shape.SOURCE and frame.direct and not frame.piece(Role.SOURCE):
        return {Role.DIRECT: "some"}
    return {role: _pronoun(frame, role) for role in gone if frame.piece(role)}


def _pronoun(frame: Frame, role: Role) -> str:
    english_piece = next(piece for piece in frame.english if piece.role is role)
    if role is Role.PLACE:
        return "there"
    if role is Role.SOURCE:
        return "from there" if english_piece.text.startswith("from ") else "it"
    agreement = object_agreement(frame.piece(role))
    if role is Role.DIRECT and not english_piece.person:
        return "them" if _is_plural(english_piece.text, agreement) else "it"
    preposition = next((p for p in _PREPOSITIONS if english_piece.text.startswith(p)), "")
    if role is Role.INDIRECT and frame.direct and agreement.endswith("s"):
        return preposition + "him or her"  # « je la lui envoie » does not say to whom
    return preposition + _THIRD_PERSONS[agreement]


_PLURAL_IN_ENGLISH = frozenset({"the mountains"})
_SINGULAR_IN_ENGLISH = frozenset({"the shopping"})


def _is_plural(text: str, agreement: str) -> bool:
    return text in _PLURAL_IN_ENGLISH or (agreement[1] == "p" and text not in _SINGULAR_IN_ENGLISH)


def _topic(draft: Draft) -> str:
    frame = draft.cell.frame
    for role in replaced_roles(draft.cell) if draft.cell.negation is None else ():
        piece = next((piece for piece in frame.english if piece.role is role), None)
        if piece:
            text = piece.text
            if role is Role.INDIRECT:
                text = next((text.removeprefix(p) for p in _PREPOSITIONS if text.startswith(p)), text)
            return text
    return ""
