"""Why a form of a verb is wrong: person, spelling, auxiliary, participle, mood, reflexive pronoun, preposition."""

from types import MappingProxyType

from lqs.domain.entities.problem import ErrorCode
from lqs.generators.french.conjugator import COMPOUND
from lqs.generators.french.orthography import unaccented
from lqs.generators.french.proof.words import token
from lqs.generators.french.tables.government import INFINITIVE_WITH
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import object_agreement
from lqs.generators.problem.operators.verbs import IMPERATIVE_LOOKALIKES
from lqs.generators.problem.reasons.wording import (
    AGREEMENT_NAMES,
    TENSE_NAMES,
    Difference,
    Writer,
    gender_and_number,
    owners,
    person,
    pronoun,
    who,
)


def _person(difference: Difference) -> str:
    draft = difference.draft
    compound = draft.cell.tense in COMPOUND
    helper = draft.helper if compound else draft.cell.frame.verb.infinitive
    tense = COMPOUND.get(draft.cell.tense, draft.cell.tense)
    form = difference.forms[1].lower()
    persons = {str(r.person) for r in token(form).finite if r.lemma == helper and r.tense == tense}
    what = f"the auxiliary “{form}”" if compound else f"“{form}”"
    return f"The verb agrees with its subject: {person(draft)}, but {what} goes with {owners(persons)}."


def _stem(difference: Difference) -> str:
    draft, (right, wrong) = difference.draft, difference.forms
    tense, name = TENSE_NAMES[draft.cell.tense], draft.cell.frame.verb.name
    if draft.cell.tense in COMPOUND:
        rule = f"the past participle of “{name}” is “{right}”"
    elif draft.cell.tense == "imperatif":
        rule = f"the impératif of “{name}” is “{right.lower()}” here"
    else:
        rule = f"the {tense} of “{name}” with “{pronoun(draft)}” is “{right.lower()}”"
    return " ".join(filter(None, [f"There is no form “{wrong.lower()}”: {rule}.", _hint(right.lower(), wrong.lower())]))


def _hint(right: str, wrong: str) -> str:
    """What the learner may have missed; empty for a form that is to be learned by heart."""
    if wrong == right.replace("ge", "g"):
        return "The “e” after “g” keeps its sound before “a” and “o”."
    if wrong == right.replace("ç", "c"):
        return "“c” takes a cedilla before “a”, “o” and “u” to keep its sound."
    if unaccented(wrong) == unaccented(right):
        return "Mind the accents."
    if _single(wrong) == _single(right):
        return "Mind the double letters."
    return ""


def _single(form: str) -> str:
    return "".join(letter for at, letter in enumerate(form) if not at or form[at - 1] != letter)


def _imperative(difference: Difference) -> str:
    verb, wrong = difference.draft.cell.frame.verb, difference.forms[1].lower()
    tenses = {str(reading.tense) for reading in token(wrong).finite if reading.lemma == verb.infinitive}
    if "present" in tenses:
        return f"The impératif of “{verb.name}” with “tu” has no “s” at its end."
    named = next(TENSE_NAMES[tense] for tense in (*IMPERATIVE_LOOKALIKES, *TENSE_NAMES) if tense in tenses)
    return f"“{wrong}” is the {named} of “{verb.name}”, and an order takes the impératif."


def _auxiliary(difference: Difference) -> str:
    draft = difference.draft
    name, right = draft.cell.frame.verb.name, draft.helper
    other = "être" if right == "avoir" else "avoir"
    if draft.cell.frame.verb.pronominal:
        rule = f"Reflexive verbs such as “{name}” always form their compound tenses with “être”"
    else:
        rule = f"“{name}” forms its compound tenses with “{right}” here, not with “{other}”"
    if draft.agrees_with_subject and draft.agreement != "ms":
        return f"{rule}, and the past participle then agrees with the subject{who(draft)}."
    return f"{rule}."


def _participle(difference: Difference) -> str:
    draft = difference.draft
    if draft.cell.shape in (Shape.DIRECT, Shape.BOTH):
        piece = draft.cell.frame.direct
        return (
            "The past participle agrees with a direct object that stands before it: "
            f"“{piece.text if piece else ''}” is {AGREEMENT_NAMES[object_agreement(piece)]}."
        )
    if draft.agrees_with_subject:
        rule = "In this reflexive verb" if draft.cell.frame.verb.pronominal else "With “être”"
        known = f"{gender_and_number(draft.subject)}{who(draft)}"
        return f"{rule}, the past participle agrees with the subject: “{draft.subject.text}” is {known}."
    if draft.cell.frame.verb.pronominal:
        return (
            "The direct object comes after the verb, and the reflexive pronoun is only the indirect object, "
            "so the past participle stays unchanged."
        )
    return "With “avoir”, the past participle does not agree with the subject, and no direct object stands before it."


def _participle_for_infinitive(_: Difference) -> str:
    return "After another verb or a preposition comes the infinitive, not the past participle."


def _infinitive_for_participle(difference: Difference) -> str:
    return f"After the auxiliary “{difference.draft.helper}” comes the past participle, not the infinitive."


def _asks_for(mood: str) -> Writer:
    def written(difference: Difference) -> str:
        trigger = difference.draft.trigger
        return f"“{trigger.french if trigger else 'que'}” asks for the {mood}."

    return written


def _si(_: Difference) -> str:
    return "After “si”, a condition is never in the future or the conditional."


def _time(difference: Difference) -> str:
    return f"“{difference.draft.marker.french}” is in the past, so the verb cannot be in the future."


_ELIDED = MappingProxyType({"s’": "se", "m’": "me", "t’": "te"})
_OWNERS = MappingProxyType(
    {"me": "“je”", "te": "“tu”", "se": "“il/elle/on” or “ils/elles”", "nous": "“nous”", "vous": "“vous”"}
)


def _reflexive(difference: Difference) -> str:
    clitic = _ELIDED.get(difference.found[:2], difference.found.split(" ")[0])
    return (
        "The reflexive pronoun agrees with its subject: "
        f"“{clitic}” goes with {_OWNERS.get(clitic, 'another subject')}, not with “{difference.draft.subject.text}”."
    )


def _missing_reflexive(difference: Difference) -> str:
    return f"“{difference.draft.cell.frame.verb.name}” needs its reflexive pronoun here."


def _preposition(difference: Difference) -> str:
    verb = difference.draft.cell.frame.verb
    wanted = INFINITIVE_WITH.get(verb.infinitive, "")
    if wanted:
        return f"“{verb.name}” takes “{wanted}” before an infinitive."
    return f"“{verb.name}” takes an infinitive without a preposition."


WRITERS: MappingProxyType[ErrorCode, Writer] = MappingProxyType(
    {
        "agreement.subject_verb": _person,
        "form.stem_or_spelling": _stem,
        "form.imperative": _imperative,
        "aux.choice": _auxiliary,
        "participle.agreement": _participle,
        "participle.for_infinitive": _participle_for_infinitive,
        "infinitive.for_participle": _infinitive_for_participle,
        "mood.subjunctive": _asks_for("subjunctive"),
        "mood.indicative": _asks_for("indicative"),
        "mood.si": _si,
        "tense.marker": _time,
        "reflexive.person": _reflexive,
        "reflexive.missing": _missing_reflexive,
        "preposition.verb": _preposition,
    }
)
