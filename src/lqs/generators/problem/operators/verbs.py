"""Mistakes in the verb group: person, form, auxiliary, participle, mood, reflexive pronoun, preposition."""

import re
from collections.abc import Iterator
from functools import lru_cache
from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode, Person, Tense
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import COMPOUND, REFLEXIVES, participle, simple
from lqs.generators.french.orthography import join
from lqs.generators.french.proof.words import token
from lqs.generators.french.regularised import regularised
from lqs.generators.french.tables.government import ESSENTIALLY_REFLEXIVE
from lqs.generators.french.tables.moods import CONDITIONAL_TOO
from lqs.generators.french.tables.times import PAST
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft
from lqs.generators.problem.operators.operator import Change, Operator, by_likelihood


def _finite_verb(draft: Draft) -> tuple[str, Tense | str]:
    """The verb that is conjugated, and in which simple tense: the auxiliary's in a compound one."""
    tense = draft.cell.tense
    if tense in COMPOUND:
        return draft.helper, COMPOUND[tense]
    return draft.cell.frame.verb.infinitive, tense


_NEIGHBOURS: MappingProxyType[Person, tuple[Person, ...]] = MappingProxyType(
    {
        "1s": ("3s", "2s", "1p", "3p", "2p"),
        "2s": ("3s", "1s", "2p", "3p", "1p"),
        "3s": ("3p", "2s", "1s", "2p", "1p"),
        "1p": ("2p", "3p", "3s", "1s", "2s"),
        "2p": ("2s", "1p", "3p", "3s", "1s"),
        "3p": ("3s", "1p", "2p", "2s", "1s"),
    }
)
"""For each person, those whose forms learners put in its place, the most frequent first."""


def _other_persons(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    """Forms that sound alike come first; where spelling is trained there are no others."""
    if right.subject or (draft.cell.shape is Shape.QUESTION and not right.glued[0].startswith("-t-")):
        may_be_object = right.subject in ("nous", "vous") and not draft.cell.frame.verb.pronominal
        alike, others = _forms_of_others(*_finite_verb(draft), draft.person, right.finite, may_be_object)
        for form in alike if draft.cell.focus == "spelling" else alike + others:
            yield Change(finite=form)


@lru_cache(maxsize=4096)
def _forms_of_others(
    infinitive: str, tense: str, person: Person, right: str, may_be_object: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that sound like the right form, and the others.

    « Nous attend le bus » is right: a pronoun that may be the object needs no third person.
    """
    persons = (other for other in _NEIGHBOURS[person] if not (may_be_object and other[0] == "3"))
    forms = dict.fromkeys(form_of(infinitive, tense, other) for other in persons)
    known = [form for form in forms if form not in ("", right)]
    heard = _sound(right)
    alike = tuple(form for form in known if _sound(form) == heard)
    return alike, tuple(form for form in known if form not in alike)


_ENDING = re.compile(r"(?P<é>ez|er|ai)$|(?P<è>ai(?:s|t|ent))$|(?:ent|es|e|[dt]?s|d|t|x)$")
"""How endings sound: the name of the group, or not at all."""


def _sound(form: str) -> str:
    """Roughly how a form is heard: silent endings are gone."""
    ending = _ENDING.search(form)
    return form[: ending.start()] + (ending.lastgroup or "") if ending else form


def form_of(infinitive: str, tense: str, person: str) -> str:
    """The form of a simple tense; empty where the verb lacks it."""
    try:
        return simple(infinitive, tense, person)
    except LookupError:
        return ""


IMPERATIVE_LOOKALIKES: tuple[Tense, ...] = ("present", "subjonctif_present", "futur")
"""The tenses whose forms learners put in the place of an imperative."""


def _with_s(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if draft.cell.tense == "imperatif":
        infinitive = draft.cell.frame.verb.infinitive
        for tense in IMPERATIVE_LOOKALIKES:
            form = form_of(infinitive, tense, draft.person)
            if form:
                yield Change(finite=form)


def _stems(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    verb, tense = draft.cell.frame.verb.infinitive, draft.cell.tense
    if tense in COMPOUND:
        for form in regularised(verb, "participe_passe", draft.participle_agreement, right.participle):
            yield Change(participle=form)
        return
    for form in regularised(verb, tense, draft.person, right.finite):
        yield Change(finite=form)


def _other_auxiliary(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if not right.participle:
        return
    other = "être" if draft.helper == "avoir" else "avoir"
    finite = simple(other, COMPOUND[draft.cell.tense], draft.person)
    bare = participle(draft.cell.frame.verb.infinitive, "ms")
    yield Change(finite=finite, participle=bare)


def _other_participles(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if right.participle:
        ours = draft.participle_agreement
        allowed = draft.subject.accepted if draft.agrees_with_subject else (ours,)
        for agreement in by_likelihood(ours):
            if agreement not in allowed:
                yield Change(participle=participle(draft.cell.frame.verb.infinitive, agreement))


def _participle_for_infinitive(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    words = right.complement.split(" ")
    for position, word in enumerate(words):
        head, apostrophe, bare = word.rpartition("’")
        verb = token(bare).infinitive
        if verb:
            wrong = [*words]
            wrong[position] = head + apostrophe + participle(verb, "ms")
            yield Change(complement=" ".join(wrong))


def _infinitive_for_participle(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if right.participle:
        yield Change(participle=draft.cell.frame.verb.infinitive)


def _in_tenses(draft: Draft, right: Parts, tenses: tuple[str, ...]) -> Iterator[Change]:
    infinitive, _ = _finite_verb(draft)
    for tense in tenses:
        form = form_of(infinitive, tense, draft.person)
        if form:
            yield Change(finite=form)


def _indicatives(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    doubted = draft.trigger is not None and draft.trigger.french in CONDITIONAL_TOO
    yield from _in_tenses(
        draft, right, ("present", "futur") if doubted else ("present", "futur", "conditionnel_present")
    )


def _subjunctives(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    yield from _in_tenses(draft, right, ("subjonctif_present",))


def _futures(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    yield from _in_tenses(draft, right, ("conditionnel_present", "futur"))


def _future(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    """The passé composé becomes a future too, where no word stands between its two."""
    form = form_of(draft.cell.frame.verb.infinitive, "futur", draft.person)
    if draft.marker.french in PAST and form and not (right.participle and right.second):
        yield Change(finite=form, participle="")


def _other_reflexives(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    """se for every person; another pronoun only where it cannot be an object: « je te lave » is right."""
    verb = draft.cell.frame.verb
    if verb.pronominal and right.clitics:
        essential = verb.infinitive in ESSENTIALLY_REFLEXIVE and not draft.person.startswith("3")
        for clitic in dict.fromkeys(("se", *REFLEXIVES.values())) if essential else ("se",):
            if clitic != right.clitics[0]:
                yield Change(clitics=(clitic, *right.clitics[1:]))


def _no_reflexive(draft: Draft, right: Parts, text: str) -> Iterator[Change]:
    if draft.cell.frame.verb.pronominal and right.clitics:
        yield Change(clitics=right.clitics[1:])


def _other_preposition(_: Draft, right: Parts, text: str) -> Iterator[Change]:
    bare = right.complement.removeprefix("d’").removeprefix("de ").removeprefix("à ")
    if not token(bare.split(" ")[0]).infinitive:
        return
    for preposition in ("à", "de", ""):
        yield Change(complement=join([preposition, bare]))


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
