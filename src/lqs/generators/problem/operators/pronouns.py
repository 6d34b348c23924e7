"""Mistakes with negations and object pronouns: where they stand, which one, and what is left out."""

from collections.abc import Iterator
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import REFLEXIVES
from lqs.generators.french.orthography import contracted, join
from lqs.generators.problem.drafts import Draft
from lqs.generators.problem.operators.operator import Operator


def _negation_order(_: Draft, right: Parts) -> Iterator[Parts]:
    second = right.second
    if second:
        yield right._replace(ne="", second=f"ne {second}")
        yield right._replace(ne=f"ne {second}", second="")
        if right.participle and second in ("pas", "plus"):
            yield right._replace(second="", participle=f"{right.participle} {second}")
    if right.third:
        yield right._replace(third="", second=right.third)
    if right.clitics:
        yield right._replace(ne="", clitics=(*right.clitics, "ne"))
    if second == "pas" and right.tail:
        yield right._replace(second="", tail=f"{right.tail} pas")


def _negation_incomplete(_: Draft, right: Parts) -> Iterator[Parts]:
    if right.ne:
        yield right._replace(second="", third="")


def _negation_double(_: Draft, right: Parts) -> Iterator[Parts]:
    if right.second in ("jamais", "personne"):
        yield right._replace(second=f"pas {right.second}")
    if right.third:
        yield right._replace(second="pas")


def _de_for_article(_: Draft, right: Parts) -> Iterator[Parts]:
    for article in ("le ", "la ", "les ", "l’"):
        if right.ne and right.complement.startswith(article):
            yield right._replace(complement=contracted("de", right.complement.removeprefix(article)))


def _pronoun_placement(draft: Draft, right: Parts) -> Iterator[Parts]:
    pronominal = draft.cell.frame.verb.pronominal
    if not right.subject or not right.clitics:
        if right.glued and pronominal:
            weak = REFLEXIVES[draft.person]
            yield right._replace(glued=(), clitics=(weak,))
        return
    moved = " ".join(right.clitics)
    if right.participle:
        yield right._replace(clitics=(), adverb=join([right.adverb, moved]))
        yield right._replace(clitics=(), participle=f"{right.participle} {moved}")
    else:
        yield right._replace(clitics=(), finite=f"{right.finite} {moved}")
    if len(right.clitics) == 2:
        first, second = right.clitics
        if right.participle:
            yield right._replace(clitics=(first,), participle=f"{right.participle} {second}")
        else:
            yield right._replace(clitics=(first,), finite=f"{right.finite} {second}")
            yield right._replace(clitics=(second,), finite=f"{right.finite} {first}")


def _pronoun_order(_: Draft, right: Parts) -> Iterator[Parts]:
    if len(right.clitics) == 2:
        yield right._replace(clitics=right.clitics[::-1])


_OTHER_CATEGORY = MappingProxyType(
    {"le": ("lui",), "la": ("lui",), "les": ("leur",), "lui": ("le", "la"), "leur": ("les",)}
)
_OTHER_AGREEMENT = MappingProxyType(
    {"le": ("la", "les"), "la": ("le", "les"), "les": ("le", "la"), "lui": ("leur",), "leur": ("lui",)}
)


def _swapped(right: Parts, others: MappingProxyType[str, tuple[str, ...]]) -> Iterator[Parts]:
    for position, clitic in enumerate(right.clitics):
        for other in others.get(clitic, ()):
            yield right._replace(clitics=(*right.clitics[:position], other, *right.clitics[position + 1 :]))


def _pronoun_category(_: Draft, right: Parts) -> Iterator[Parts]:
    if right.glued == ("-toi",):
        yield right._replace(glued=("-te",))
    if len(right.clitics) == 1:
        yield from _swapped(right, _OTHER_CATEGORY)


def _pronoun_agreement(_: Draft, right: Parts) -> Iterator[Parts]:
    yield from _swapped(right, _OTHER_AGREEMENT)


def _y_for_en(_: Draft, right: Parts) -> Iterator[Parts]:
    yield from _swapped(right, MappingProxyType({"y": ("en",), "en": ("y",)}))


OPERATORS: MappingProxyType[ErrorCode, Operator] = MappingProxyType(
    {
        "negation.order": _negation_order,
        "negation.incomplete": _negation_incomplete,
        "negation.double": _negation_double,
        "article.after_negation": _de_for_article,
        "pronoun.placement": _pronoun_placement,
        "pronoun.order": _pronoun_order,
        "pronoun.category": _pronoun_category,
        "pronoun.agreement": _pronoun_agreement,
        "pronoun.y_en": _y_for_en,
    }
)
