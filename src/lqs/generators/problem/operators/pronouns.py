"""Mistakes with negations and object pronouns: where they stand, which one, and what is left out."""

from collections.abc import Iterator
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import REFLEXIVES
from lqs.generators.french.orthography import begins_with_vowel_sound, contracted, join
from lqs.generators.french.proof.words import token
from lqs.generators.problem.drafts import Draft, object_agreement, topic_piece
from lqs.generators.problem.operators.operator import Change, Operator

_ONLY_SUBJECTS = frozenset({"je", "tu", "il", "elle", "ils", "elles"})


def _negation_order(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    second = right.second
    if second:
        if second != "personne":
            yield Change(ne=f"ne {second}", second="")
        if right.participle and second in ("pas", "plus"):
            yield Change(second="", participle=f"{right.participle} {second}")
    if right.third:
        yield Change(third="", second=right.third)
    if right.clitics and right.ne and right.subject in _ONLY_SUBJECTS:
        yield Change(ne="", clitics=(*right.clitics, "ne"))
    if second:
        yield Change(ne="", second=f"ne {second}")


def _negation_incomplete(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    if right.ne:
        yield Change(second="", third="")


def _negation_double(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    if right.second in ("jamais", "personne"):
        yield Change(second=f"pas {right.second}")
    if right.third:
        yield Change(second="pas")


def _de_for_article(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    for article in ("le ", "la ", "les ", "l’"):
        if right.ne and right.complement.startswith(article):
            yield Change(complement=contracted("de", right.complement.removeprefix(article)))


def _pronoun_placement(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    pronominal = draft.cell.frame.verb.pronominal
    if not right.subject or not right.clitics:
        if right.glued and pronominal:
            weak = REFLEXIVES[draft.person]
            yield Change(glued=(), clitics=(weak,))
        return
    moved = " ".join(right.clitics)
    if right.participle and not right.second and right.subject not in ("nous", "vous"):
        yield Change(clitics=(), adverb=join([right.adverb, moved]))
    stay = (right.clitics[:-1], right.clitics[1:]) if len(right.clitics) == 2 else ()
    for left, taken in (((), moved), *((kept, _other(kept, right.clitics)) for kept in stay)):
        if right.participle and not pronominal and _stands_before(taken, right.third, right.complement, right.tail):
            yield Change(clitics=left, participle=f"{right.participle} {taken}")
        elif not right.participle and _stands_before(taken, right.second, right.adverb, right.complement, right.tail):
            yield Change(clitics=left, finite=f"{right.finite} {taken}")


def _other(kept: tuple[str, ...], clitics: tuple[str, ...]) -> str:
    return next(clitic for clitic in clitics if clitic not in kept)


def _stands_before(pronouns: str, *following: str) -> bool:
    """Whether pronouns stay pronouns before what follows.

    Nobody writes « je détends m’à la plage »; « le samedi » is a time, « en juin » too.
    """
    after = next(filter(None, following), "").partition(" ")[0]
    last = pronouns.rpartition(" ")[2]
    if after and (last == "en" or (last in ("le", "la", "les", "leur") and token(after).nouns)):
        return token(after).is_adverb
    return join([pronouns, after]).startswith(pronouns)


def _pronoun_order(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    if len(right.clitics) == 2:
        yield Change(clitics=right.clitics[::-1])


_OTHER_CATEGORY_OF_HIM = MappingProxyType({"le": ("lui",), "les": ("leur",), "lui": ("le",), "leur": ("les",)})
_OTHER_CATEGORY_OF_HER = MappingProxyType({"la": ("lui",), "les": ("leur",), "lui": ("la",), "leur": ("les",)})
_OTHER_AGREEMENT = MappingProxyType(
    {"le": ("la", "les"), "la": ("le", "les"), "les": ("le", "la"), "lui": ("leur",), "leur": ("lui",)}
)


def _swapped(right: Parts, others: MappingProxyType[str, tuple[str, ...]]) -> Iterator[Change]:
    """Other pronouns in the place of each; l’ shows no gender, so it is wrong only for a plural."""
    for position, clitic in enumerate(right.clitics):
        before, after = right.clitics[:position], right.clitics[position + 1 :]
        elides = begins_with_vowel_sound(after[0] if after else right.finite)
        for other in others.get(clitic, ()):
            if not (elides and other in ("le", "la") and clitic in ("le", "la")):
                yield Change(clitics=(*before, other, *after))


def _pronoun_category(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if right.glued == ("-toi",):
        yield Change(glued=("-te",))
    if len(right.clitics) == 1:
        masculine = object_agreement(topic_piece(draft.cell)).startswith("m") if topic_piece(draft.cell) else True
        yield from _swapped(right, _OTHER_CATEGORY_OF_HIM if masculine else _OTHER_CATEGORY_OF_HER)


def _pronoun_agreement(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    yield from _swapped(right, _OTHER_AGREEMENT)


def _y_for_en(_: Draft, right: Parts, text: str) -> Iterator[Change]:
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
