"""Why a pronoun or a negation is wrong: its place, its kind, its agreement, or that it is missing."""

from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.conjugator import COMPOUND
from lqs.generators.french.frames import Role
from lqs.generators.problem.drafts import Draft, noun_of, object_agreement, topic_piece
from lqs.generators.problem.reasons.wording import AGREEMENT_NAMES, Difference, Writer


def _where(draft: Draft) -> str:
    return "auxiliary" if draft.cell.tense in COMPOUND else "conjugated verb"


def _negation_order(difference: Difference) -> str:
    draft = difference.draft
    negation = draft.cell.negation
    if draft.cell.tense in COMPOUND and negation == "personne":
        return "“ne” stands before the auxiliary, and “personne” after the past participle."
    where = _where(draft)
    before = f"the {where} and its pronouns" if difference.right.parts.clitics else f"the {where}"
    return f"“ne” stands before {before}, “{negation}” right after the {where}."


def _incomplete_negation(difference: Difference) -> str:
    return f"The negation has two parts: “ne” needs “{difference.draft.cell.negation}” here."


def _double_negation(difference: Difference) -> str:
    return f"“{difference.draft.cell.negation}” is negative by itself and does not go with “pas”."


def _article_after_negation(difference: Difference) -> str:
    name = difference.draft.cell.frame.verb.name
    return f"“{name}” speaks of things in general: its object keeps “le, la, les”, in a negative sentence too."


def _placement(difference: Difference) -> str:
    draft = difference.draft
    if draft.cell.tense == "imperatif" and not draft.cell.negation:
        return "In an affirmative order, the pronoun follows the verb with a hyphen."
    several = len(difference.right.parts.clitics) > 1
    what = "Reflexive pronouns stand" if draft.cell.frame.verb.pronominal else "Object pronouns stand"
    if not several and difference.right.parts.clitics and difference.right.parts.clitics[0] in ("y", "en"):
        what = f"The pronoun “{difference.right.parts.clitics[0]}” stands"
    return f"{what} right before the {_where(draft)}."


def _order(_: Difference) -> str:
    return "“le, la, les” stand before “lui, leur”."


def _category(difference: Difference) -> str:
    cell = difference.draft.cell
    if cell.tense == "imperatif":
        return "After an affirmative order, “te” becomes “toi”."
    if difference.found.split(" ")[0] in ("lui", "leur"):
        return f"“{cell.frame.verb.name}” has a direct object, without “à”: it takes “le, la, les”, not “lui, leur”."
    return f"“{cell.frame.verb.name}” takes “à”: its object is indirect, “lui” or “leur”."


def _agreement(difference: Difference) -> str:
    frame = difference.draft.cell.frame
    indirect = {"lui", "leur"} & set(difference.found.split(" ")) and not frame.direct
    piece = frame.piece(Role.INDIRECT) if indirect else topic_piece(difference.draft.cell)
    agreement = AGREEMENT_NAMES[object_agreement(piece)] if piece else ""
    if indirect:
        number = agreement.split(" ")[1]
        return f"“lui” stands for one person, “leur” for several: “{noun_of(piece)}” is {number}."
    return f"The pronoun has the gender and number of what it stands for: “{noun_of(piece)}” is {agreement}."


def _y_or_en(difference: Difference) -> str:
    if "en" in difference.found.replace("’", " ").split():
        return "“y” stands for a place one is in or goes to (with “à, dans, chez”), “en” for what comes with “de”."
    return "“en” stands for what comes with “de, du, de la, des”, “y” for a place with “à, dans, chez”."


WRITERS: MappingProxyType[ErrorCode, Writer] = MappingProxyType(
    {
        "negation.order": _negation_order,
        "negation.incomplete": _incomplete_negation,
        "negation.double": _double_negation,
        "article.after_negation": _article_after_negation,
        "pronoun.placement": _placement,
        "pronoun.order": _order,
        "pronoun.category": _category,
        "pronoun.agreement": _agreement,
        "pronoun.y_en": _y_or_en,
    }
)
