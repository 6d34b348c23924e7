"""The mistakes learners make: each operator turns a right statement into wrong ones.

Operators only propose. Whether a proposal is surely wrong is for the prover to say.
"""

import random
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import PERSONS, ErrorCode, Tense
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import AGREEMENTS, COMPOUND, REFLEXIVES, participle, simple
from lqs.generators.french.frames import Role
from lqs.generators.french.orthography import begins_with_vowel_sound, contracted, join
from lqs.generators.french.proof.prover import prove
from lqs.generators.french.proof.words import infinitive_of, noun_agreements
from lqs.generators.french.regularised import regularised
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft

Operator = Callable[[Draft, Parts], Iterator[Parts | str]]


_NEAR = 2


class Mistake(NamedTuple):
    """A wrong statement and the kind of error that it was proven to be."""

    code: ErrorCode
    text: str


def mistakes(draft: Draft, right: Parts, code: ErrorCode, rng: random.Random) -> Iterator[Mistake]:
    """The wrong statements of one kind that the operators propose and the prover proves, each once.

    They come in a random order, but those of nearly the same length as the right statement first: they betray nothing.
    """
    text = right.text
    proposed = dict.fromkeys(wrong if isinstance(wrong, str) else wrong.text for wrong in OPERATORS[code](draft, right))
    proposed.pop(text, None)
    for wrong in sorted(rng.sample(list(proposed), len(proposed)), key=lambda w: abs(len(w) - len(text)) > _NEAR):
        proof = prove(text, wrong)
        if proof is not None and proof.code == code:
            yield Mistake(code, wrong)


def _finite_verb(draft: Draft) -> tuple[str, Tense | str]:
    """The verb that is conjugated, and in which simple tense: the auxiliary's in a compound one."""
    tense = draft.cell.tense
    if tense in COMPOUND:
        return draft.helper, COMPOUND[tense]
    return draft.cell.frame.verb.infinitive, tense


def _other_persons(draft: Draft, right: Parts) -> Iterator[Parts]:
    infinitive, tense = _finite_verb(draft)
    if not right.subject:
        return
    for person in PERSONS:
        form = _form(infinitive, tense, person)
        if form and form != right.finite:
            yield right._replace(finite=form)


@lru_cache(maxsize=4096)
def _form(infinitive: str, tense: str, person: str) -> str:
    try:
        return simple(infinitive, tense, person)
    except LookupError:
        return ""


def _with_s(draft: Draft, right: Parts) -> Iterator[Parts]:
    if draft.cell.tense == "imperatif":
        infinitive = draft.cell.frame.verb.infinitive
        for tense in ("present", "subjonctif_present", "futur"):
            form = _form(infinitive, tense, draft.person)
            if form:
                yield right._replace(finite=form)


def _stems(draft: Draft, right: Parts) -> Iterator[Parts]:
    verb, tense = draft.cell.frame.verb.infinitive, draft.cell.tense
    if tense in COMPOUND:
        for form in regularised(verb, "participe_passe", draft.participle_agreement, right.participle):
            yield right._replace(participle=form)
        return
    for form in regularised(verb, tense, draft.person, right.finite):
        yield right._replace(finite=form)


def _other_auxiliary(draft: Draft, right: Parts) -> Iterator[Parts]:
    if not right.participle:
        return
    other = "être" if draft.helper == "avoir" else "avoir"
    finite = simple(other, COMPOUND[draft.cell.tense], draft.person)
    bare = participle(draft.cell.frame.verb.infinitive, "ms")
    yield right._replace(finite=finite, participle=bare)


def _other_participles(draft: Draft, right: Parts) -> Iterator[Parts]:
    if right.participle:
        for agreement in AGREEMENTS:
            yield right._replace(participle=participle(draft.cell.frame.verb.infinitive, agreement))


def _participle_for_infinitive(_: Draft, right: Parts) -> Iterator[Parts]:
    words = right.complement.split(" ")
    for position, word in enumerate(words):
        head, apostrophe, bare = word.rpartition("’")
        verb = infinitive_of(bare)
        if verb:
            wrong = [*words]
            wrong[position] = head + apostrophe + participle(verb, "ms")
            yield right._replace(complement=" ".join(wrong))


def _infinitive_for_participle(draft: Draft, right: Parts) -> Iterator[Parts]:
    if right.participle:
        yield right._replace(participle=draft.cell.frame.verb.infinitive)


def _in_tenses(draft: Draft, right: Parts, tenses: tuple[str, ...]) -> Iterator[Parts]:
    infinitive, _ = _finite_verb(draft)
    for tense in tenses:
        form = _form(infinitive, tense, draft.person)
        if form:
            yield right._replace(finite=form)


def _indicatives(draft: Draft, right: Parts) -> Iterator[Parts]:
    yield from _in_tenses(draft, right, ("present", "futur", "conditionnel_present"))


def _subjunctives(draft: Draft, right: Parts) -> Iterator[Parts]:
    yield from _in_tenses(draft, right, ("subjonctif_present",))


def _futures(draft: Draft, right: Parts) -> Iterator[Parts]:
    yield from _in_tenses(draft, right, ("conditionnel_present", "futur"))


def _future(draft: Draft, right: Parts) -> Iterator[Parts]:
    yield from _in_tenses(draft, right, ("futur",))


def _other_reflexives(draft: Draft, right: Parts) -> Iterator[Parts]:
    if draft.cell.frame.verb.pronominal and right.clitics:
        for clitic in dict.fromkeys(REFLEXIVES.values()):
            yield right._replace(clitics=(clitic, *right.clitics[1:]))


def _no_reflexive(draft: Draft, right: Parts) -> Iterator[Parts]:
    if draft.cell.frame.verb.pronominal and right.clitics:
        yield right._replace(clitics=right.clitics[1:])


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


_OTHER_GENDER = MappingProxyType(
    {
        "un": "une", "une": "un", "le": "la", "la": "le", "mon": "ma", "ma": "mon", "du": "de la", "de la": "du",
        "ce": "cette", "cette": "ce", "cet": "cette", "au": "à la", "à la": "au",
    }
)  # fmt: skip
_DETERMINER = re.compile(r"(?<![\w’])(un|une|le|la|mon|ma|du|de la|ce|cette|cet|au|à la) (?=\w)")


def _other_gender(_: Draft, right: Parts) -> Iterator[Parts]:
    for field, text in (("subject", right.subject), ("complement", right.complement)):
        for match in _DETERMINER.finditer(text):
            wrong = text[: match.start()] + _OTHER_GENDER[match[1]] + text[match.end(1) :]
            yield right._replace(subject=wrong) if field == "subject" else right._replace(complement=wrong)


def _other_adjectives(draft: Draft, right: Parts) -> Iterator[Parts]:
    piece = draft.cell.frame.piece(Role.ATTRIBUTE)
    for form in piece.text.split() if piece else ():
        yield right._replace(complement=form)


_ELIDED = re.compile(r"\b([jmtsdnl]|qu)’(?=\w)", re.IGNORECASE)


def _no_elision(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _ELIDED.finditer(text):
        following = text[match.end() :].split(" ")[0].rstrip(".")
        whole = match[1] + _vowel(match[1].lower(), following)
        yield f"{text[: match.start()]}{whole} {text[match.end() :]}"


def _vowel(letter: str, following: str) -> str:
    if letter == "s" and following in ("il", "ils"):
        return "i"
    genders = {agreement[0] for agreement in noun_agreements(following)}
    return "a" if letter == "l" and genders == {"f"} else "e"


_BEFORE_H = re.compile(r"\b(je|ne|le|la|de|me|te|se) (?=h)", re.IGNORECASE)


def _elision_before_h(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _BEFORE_H.finditer(text):
        yield f"{text[: match.start()]}{match[1][0]}’{text[match.end() :]}"


_APART = MappingProxyType({"au": "à le", "aux": "à les", "du": "de le", "des": "de les"})
_CONTRACTED = re.compile(r"\b(au|aux|du|des) (?=\w)")
_BEFORE_VOWEL = re.compile(r"\b(à|de) l’(?=\w)")


def _contractions(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _CONTRACTED.finditer(text):
        yield f"{text[: match.start()]}{_APART[match[1]]}{text[match.end(1) :]}"
    for match in _BEFORE_VOWEL.finditer(text):
        merged = "au" if match[1] == "à" else "du"
        yield f"{text[: match.start()]}{merged} {text[match.end() :]}"


_CONSONANT_FORMS = MappingProxyType({"bel": "beau", "nouvel": "nouveau", "vieil": "vieux", "cet": "ce"})
_VOWEL_FORM = re.compile(r"\b(bel|nouvel|cet) (?=\w)")
_MY = re.compile(r"\b(mon|ton|son) (\w+)")


def _consonant_forms(_: Draft, right: Parts) -> Iterator[str]:
    text = right.text
    for match in _VOWEL_FORM.finditer(text):
        yield f"{text[: match.start()]}{_CONSONANT_FORMS[match[1]]}{text[match.end(1) :]}"
    for match in _MY.finditer(text):
        feminine = {agreement[0] for agreement in noun_agreements(match[2])} == {"f"}
        if feminine and begins_with_vowel_sound(match[2]):
            yield f"{text[: match.start()]}{match[1][0]}a{text[match.end(1) :]}"


def _euphonic(draft: Draft, right: Parts) -> Iterator[Parts]:
    if draft.cell.shape is Shape.QUESTION:
        pronoun = draft.subject.text
        other = f"-{pronoun}" if right.glued[0].startswith("-t-") else f"-t-{pronoun}"
        yield right._replace(glued=(other,))


def _other_preposition(_: Draft, right: Parts) -> Iterator[Parts]:
    bare = right.complement.removeprefix("d’").removeprefix("de ").removeprefix("à ")
    if not infinitive_of(bare.split(" ")[0]):
        return
    for preposition in ("à", "de", ""):
        yield right._replace(complement=join([preposition, bare]))


OPERATORS: MappingProxyType[ErrorCode, Operator] = MappingProxyType(
    {
        "agreement.subject_verb": _other_persons,
        "form.stem_or_spelling": _stems,
        "form.imperative": _with_s,
        "aux.choice": _other_auxiliary,
        "participle.agreement": _other_participles,
        "participle.for_infinitive": _participle_for_infinitive,
        "infinitive.for_participle": _infinitive_for_participle,
        "mood.subjunctive": _indicatives,
        "mood.indicative": _subjunctives,
        "mood.si": _futures,
        "tense.marker": _future,
        "reflexive.person": _other_reflexives,
        "reflexive.missing": _no_reflexive,
        "negation.order": _negation_order,
        "negation.incomplete": _negation_incomplete,
        "negation.double": _negation_double,
        "article.after_negation": _de_for_article,
        "pronoun.placement": _pronoun_placement,
        "pronoun.order": _pronoun_order,
        "pronoun.category": _pronoun_category,
        "pronoun.agreement": _pronoun_agreement,
        "pronoun.y_en": _y_for_en,
        "np.gender": _other_gender,
        "adjective.agreement": _other_adjectives,
        "elision": _no_elision,
        "h_aspire": _elision_before_h,
        "contraction": _contractions,
        "before_vowel": _consonant_forms,
        "euphonic_t": _euphonic,
        "preposition.verb": _other_preposition,
    }
)
