"""Why a statement is wrong, or right, in English a learner can follow."""

from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import COMPOUND
from lqs.generators.french.frames import Role
from lqs.generators.french.orthography import join, shared_ends, without_ends, words
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft, Right, noun_of, topic_piece
from lqs.generators.problem.reasons import pronouns, spelling, verbs
from lqs.generators.problem.reasons.wording import TENSE_NAMES, Difference, Writer, person, who

_WRITERS: MappingProxyType[ErrorCode, Writer] = MappingProxyType(
    {**verbs.WRITERS, **pronouns.WRITERS, **spelling.WRITERS}
)
_SHOWN_WHOLE = frozenset({"negation.order", "negation.incomplete", "negation.double"})
"""Errors that are seen only where both parts of the negation are shown."""


def explain_wrong(code: ErrorCode, difference: Difference) -> str:
    """Why the wrong statement is wrong; ends with the words that differ, and what they should be."""
    shown = _with_negation(difference) if code in _SHOWN_WHOLE else difference
    return f"{_WRITERS[code](difference)} So it is “{shown.correction}”, not “{shown.found}”."


def _with_negation(difference: Difference) -> Difference:
    """The difference with as many words around it as it takes to show ne and its second word."""
    right, wrong = difference.right.text, difference.wrong
    ours, theirs = words(right), words(wrong)
    marks = {"ne", "n’", difference.draft.cell.negation}
    places = [[at for at, word in enumerate(found) if word.lower() in marks] for found in (ours, theirs)]
    head, tail = shared_ends(ours, theirs)
    head = min(head, *(at[0] for at in places))
    tail = min(tail, len(ours) - 1 - places[0][-1], len(theirs) - 1 - places[1][-1])
    start, end = without_ends(right, head, tail)
    return difference._replace(found=wrong[start : end + len(wrong) - len(right)], correction=right[start:end])


def explain_right(right: Right) -> str:
    """Why the right statement is right; quotes its verb."""
    draft, parts = right.draft, right.parts
    cell = draft.cell
    clitics = parts.clitics[:1] if cell.frame.verb.pronominal else ()
    form = join([*clitics, parts.finite + "".join(parts.glued), parts.participle])
    tense, name = TENSE_NAMES[cell.tense], cell.frame.verb.name
    about = f"{person(draft)}: in the {tense}, “{name}” becomes “{form}” here."
    if cell.tense == "imperatif":
        about = f"In the impératif, “{name}” becomes “{form}” here, without a subject."
    return " ".join(filter(None, [about, _agreement_note(draft), _shape_note(draft, parts)]))


def _agreement_note(draft: Draft) -> str:
    if draft.cell.frame.piece(Role.ATTRIBUTE):
        return f"The adjective agrees with the subject{who(draft)}."
    if draft.cell.tense not in COMPOUND:
        return ""
    helper = f"The auxiliary is “{draft.helper}”"
    if draft.agrees_with_subject:
        return f"{helper}, and the past participle agrees with the subject{who(draft)}."
    if draft.cell.frame.verb.pronominal:
        return f"{helper}; the direct object follows the verb, so the past participle does not change."
    if draft.cell.shape in (Shape.DIRECT, Shape.BOTH):
        return f"{helper}, and the past participle agrees with the direct object before it."
    return f"{helper}, so the past participle does not agree with the subject."


def _shape_note(draft: Draft, parts: Parts) -> str:
    cell = draft.cell
    if draft.trigger and cell.shape is Shape.SUBJUNCTIVE:
        return f"“{draft.trigger.french}” asks for the subjunctive."
    if draft.trigger and cell.shape is Shape.INDICATIVE:
        return f"“{draft.trigger.french}” asks for the indicative."
    if cell.shape is Shape.CONDITION:
        return "After “si”, a condition is never in the future or the conditional."
    where = "auxiliary" if cell.tense in COMPOUND else "verb"
    piece = topic_piece(cell)
    if piece and cell.shape is Shape.BOTH:
        direct, indirect = parts.clitics
        return f"Both pronouns stand before the {where}, “{direct}” (“{noun_of(piece)}”) before “{indirect}”."
    if piece:
        return f"The pronoun stands before the {where} and means “{noun_of(piece)}”."
    return _negation_note(draft)


def _negation_note(draft: Draft) -> str:
    negation, compound = draft.cell.negation, draft.cell.tense in COMPOUND
    if not negation:
        return ""
    if compound and negation == "personne":
        return "“ne” stands before the auxiliary, and “personne” after the past participle."
    return f"The negation “ne … {negation}” goes around the {'auxiliary' if compound else 'conjugated verb'}."
