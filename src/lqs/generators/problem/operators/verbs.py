"""Mistakes in the verb group: person, form, auxiliary, participle, mood, reflexive pronoun, preposition."""

from collections.abc import Iterator
from functools import lru_cache
from types import MappingProxyType

from lqs.domain.entities.problem import PERSONS, ErrorCode, Tense
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import AGREEMENTS, COMPOUND, REFLEXIVES, participle, simple
from lqs.generators.french.orthography import join
from lqs.generators.french.proof.words import infinitive_of
from lqs.generators.french.regularised import regularised
from lqs.generators.problem.drafts import Draft
from lqs.generators.problem.operators.operator import Operator


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
        "preposition.verb": _other_preposition,
    }
)
