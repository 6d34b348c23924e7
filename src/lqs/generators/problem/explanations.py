"""Why a statement is wrong, or right, in English a learner can follow."""

from collections.abc import Callable, Container
from types import MappingProxyType
from typing import NamedTuple

from lqs.domain.entities.problem import PERSONS, ErrorCode
from lqs.generators.french.clauses import Parts
from lqs.generators.french.conjugator import COMPOUND, accepted
from lqs.generators.french.frames import Role
from lqs.generators.french.orthography import join
from lqs.generators.french.proof.words import finite
from lqs.generators.french.subjects import Subject
from lqs.generators.french.tables.government import INFINITIVE_WITH
from lqs.generators.problem.cells import Shape
from lqs.generators.problem.drafts import Draft, noun_of, object_agreement, topic_piece

TENSE_NAMES = MappingProxyType(
    {
        "present": "présent",
        "imparfait": "imparfait",
        "passe_simple": "passé simple",
        "futur": "futur",
        "passe_compose": "passé composé",
        "plus_que_parfait": "plus-que-parfait",
        "futur_anterieur": "futur antérieur",
        "conditionnel_present": "conditionnel présent",
        "conditionnel_passe": "conditionnel passé",
        "subjonctif_present": "subjonctif présent",
        "subjonctif_passe": "subjonctif passé",
        "imperatif": "impératif",
    }
)
_PERSON_NAMES = MappingProxyType(
    {
        "1s": "first person singular",
        "2s": "second person singular",
        "3s": "third person singular",
        "1p": "first person plural",
        "2p": "second person plural",
        "3p": "third person plural",
    }
)
_PRONOUNS = MappingProxyType(
    {"1s": "je", "2s": "tu", "3s": "il/elle/on", "1p": "nous", "2p": "vous", "3p": "ils/elles"}
)
AGREEMENT_NAMES = MappingProxyType(
    {"ms": "masculine singular", "fs": "feminine singular", "mp": "masculine plural", "fp": "feminine plural"}
)
_WHO = MappingProxyType(
    {
        "je": {"ms": "a man is speaking", "fs": "a woman is speaking"},
        "tu": {"ms": "said to a man", "fs": "said to a woman"},
        "nous": {"mp": "men, or men and women, are speaking", "fp": "women are speaking"},
        "vous": {
            "ms": "said to one man",
            "fs": "said to one woman",
            "mp": "said to men, or to men and women",
            "fp": "said to women",
        },
    }
)
"""Whom a pronoun of open gender stands for, where the sentence shows it."""


class Difference(NamedTuple):
    """The right statement, and the words in which the wrong one differs from it."""

    right: Parts
    found: str
    correction: str

    @property
    def conclusion(self) -> str:
        """The last sentence of an explanation."""
        return f"So it is “{self.correction}”, not “{self.found}”."


def explain_wrong(code: ErrorCode, draft: Draft, difference: Difference) -> str:
    """Why the wrong statement is wrong; quotes the words that differ."""
    return f"{_WRITERS[code](draft, difference)} {difference.conclusion}"


def explain_right(draft: Draft, right: Parts) -> str:
    """Why the right statement is right; quotes its verb."""
    cell = draft.cell
    form = join([*right.clitics, right.finite + "".join(right.glued), right.participle])
    tense, name = TENSE_NAMES[cell.tense], cell.frame.verb.name
    about = f"{_person(draft)}: in the {tense}, “{name}” becomes “{form}” here."
    if cell.tense == "imperatif":
        about = f"In the impératif, “{name}” becomes “{form}” here, without a subject."
    return " ".join(filter(None, [about, _agreement_note(draft), _shape_note(draft)]))


def _agreement_note(draft: Draft) -> str:
    if draft.cell.frame.piece(Role.ATTRIBUTE):
        return f"The adjective agrees with the subject{_who(draft)}."
    if draft.cell.tense not in COMPOUND:
        return ""
    helper = f"The auxiliary is “{draft.helper}”"
    if draft.agrees_with_subject:
        return f"{helper}, and the past participle agrees with the subject{_who(draft)}."
    if draft.cell.frame.verb.pronominal:
        return f"{helper}; the direct object follows the verb, so the past participle does not change."
    if draft.cell.shape in (Shape.DIRECT, Shape.BOTH):
        return f"{helper}, and the past participle agrees with the direct object before it."
    return f"{helper}, with which the past participle does not agree with the subject."


def _shape_note(draft: Draft) -> str:
    cell = draft.cell
    if draft.trigger and cell.shape is Shape.SUBJUNCTIVE:
        return f"“{draft.trigger.french}” asks for the subjunctive."
    if draft.trigger and cell.shape is Shape.INDICATIVE:
        return f"“{draft.trigger.french}” asks for the indicative."
    if cell.shape is Shape.CONDITION:
        return "After “si”, a condition is never in the future or the conditional."
    piece = topic_piece(cell)
    if piece:
        return f"The pronoun stands before the verb and means “{noun_of(piece)}”."
    if cell.negation:
        return f"The negation “ne … {cell.negation}” surrounds the conjugated verb."
    return ""


def _person(draft: Draft) -> str:
    """The subject's person; a “vous” that is seen to be one person would contradict “plural”."""
    subject = draft.subject
    if subject.text == "vous" and _shows_gender(draft) and draft.agreement.endswith("s"):
        return "“vous” takes the second person plural of the verb even when it is one person"
    return f"“{subject.text}” is {_PERSON_NAMES[subject.person]}"


def _shows_gender(draft: Draft) -> bool:
    shown = draft.cell.tense in COMPOUND and draft.agrees_with_subject
    return shown or draft.cell.frame.piece(Role.ATTRIBUTE) is not None


def _who(draft: Draft) -> str:
    """Whom je, tu, nous or vous is here, in brackets; empty where the sentence does not show it."""
    who = _WHO.get(draft.subject.text, {}).get(draft.agreement)
    return f" (here {who})" if who and _shows_gender(draft) else ""


def _owners(persons: Container[str]) -> str:
    return " or ".join(f"“{_PRONOUNS[person]}”" for person in PERSONS if person in persons)


def _wrong_person(draft: Draft, difference: Difference) -> str:
    helper = draft.helper if draft.cell.tense in COMPOUND else draft.cell.frame.verb.infinitive
    tense = COMPOUND.get(draft.cell.tense, draft.cell.tense)
    form = difference.found.split(" ")[-1].rpartition("’")[2]
    persons = {str(r.person) for r in finite(form) if r.lemma == helper and r.tense == tense}
    what = f"the auxiliary “{form}”" if draft.cell.tense in COMPOUND else f"“{form}”"
    return f"The verb agrees with its subject: {_person(draft)}, but {what} goes with {_owners(persons)}."


def _wrong_stem(draft: Draft, _: Difference) -> str:
    tense, name = TENSE_NAMES[draft.cell.tense], draft.cell.frame.verb.name
    return f"There is no such form: in the {tense}, “{name}” is spelled otherwise."


def _wrong_imperative(draft: Draft, _: Difference) -> str:
    name = draft.cell.frame.verb.name
    if draft.person == "2s" and accepted(draft.cell.frame.verb.infinitive, "imperatif", "2s")[0][-1] in "ea":
        return f"The impératif of “{name}” with “tu” has no “s” at its end."
    return f"“{name}” has a form of its own in the impératif."


def _wrong_auxiliary(draft: Draft, _: Difference) -> str:
    name, right = draft.cell.frame.verb.name, draft.helper
    other = "être" if right == "avoir" else "avoir"
    if draft.cell.frame.verb.pronominal:
        rule = f"Reflexive verbs such as “{name}” always form their compound tenses with “être”"
    else:
        rule = f"“{name}” forms its compound tenses with “{right}”, not with “{other}”"
    if draft.agrees_with_subject and draft.agreement != "ms":
        return f"{rule}, and the past participle then agrees with the subject{_who(draft)}."
    return f"{rule}."


def _wrong_participle(draft: Draft, _: Difference) -> str:
    if draft.cell.shape in (Shape.DIRECT, Shape.BOTH):
        piece = draft.cell.frame.direct
        return (
            "The past participle agrees with a direct object that stands before it: "
            f"“{piece.text if piece else ''}” is {AGREEMENT_NAMES[object_agreement(piece)]}."
        )
    if draft.agrees_with_subject:
        rule = "In this reflexive verb" if draft.cell.frame.verb.pronominal else "With “être”"
        known = f"{_gender_and_number(draft.subject)}{_who(draft)}"
        return f"{rule}, the past participle agrees with the subject: “{draft.subject.text}” is {known}."
    if draft.cell.frame.verb.pronominal:
        return (
            "The direct object comes after the verb, and the reflexive pronoun is only the indirect object, "
            "so the past participle stays unchanged."
        )
    return "With “avoir”, the past participle does not agree with the subject, and no direct object stands before it."


def _gender_and_number(subject: Subject) -> str:
    if len(subject.accepted) == 1:
        return AGREEMENT_NAMES[subject.accepted[0]]
    return "singular" if subject.person.endswith("s") else "plural"


def _participle_for_infinitive(_: Draft, difference: Difference) -> str:
    return f"After another verb or a preposition stands the infinitive “{difference.correction}”, not the participle."


def _infinitive_for_participle(draft: Draft, _: Difference) -> str:
    return f"After the auxiliary “{draft.helper}” stands the past participle, not the infinitive."


def _after_trigger(draft: Draft, mood: str) -> str:
    return f"“{draft.trigger.french if draft.trigger else 'que'}” asks for the {mood}."


def _wrong_time(draft: Draft, _: Difference) -> str:
    return f"“{draft.marker.french}” is in the past, so the verb cannot be in the future."


def _wrong_reflexive(draft: Draft, difference: Difference) -> str:
    clitic = {"s’": "se", "m’": "me", "t’": "te"}.get(difference.found[:2], difference.found.split(" ")[0])
    owners = {"me": "“je”", "te": "“tu”", "se": "“il/elle/on” or “ils/elles”", "nous": "“nous”", "vous": "“vous”"}
    return (
        "The reflexive pronoun agrees with its subject: "
        f"“{clitic}” goes with {owners.get(clitic, 'another subject')}, not with “{draft.subject.text}”."
    )


def _missing_reflexive(draft: Draft, _: Difference) -> str:
    return f"“{draft.cell.frame.verb.name}” needs its reflexive pronoun here."


def _negation_order(draft: Draft, _: Difference) -> str:
    negation = draft.cell.negation
    if draft.cell.tense in COMPOUND and negation == "personne":
        return "“ne” stands before the auxiliary, and “personne” after the past participle."
    where = "auxiliary" if draft.cell.tense in COMPOUND else "conjugated verb"
    return f"“ne” stands before the {where} and its pronouns, “{negation}” right after the {where}."


def _incomplete_negation(draft: Draft, _: Difference) -> str:
    return f"The negation has two parts: “ne” needs “{draft.cell.negation}” here."


def _double_negation(draft: Draft, _: Difference) -> str:
    return f"“{draft.cell.negation}” is negative by itself and does not go with “pas”."


def _article_after_negation(draft: Draft, _: Difference) -> str:
    name = draft.cell.frame.verb.name
    return f"“{name}” speaks of things in general: its object keeps “le, la, les”, in a negative sentence too."


def _pronoun_placement(draft: Draft, _: Difference) -> str:
    if draft.cell.tense == "imperatif" and not draft.cell.negation:
        return "In an affirmative order, the pronoun follows the verb with a hyphen."
    where = "auxiliary" if draft.cell.tense in COMPOUND else "conjugated verb"
    return f"Object and reflexive pronouns stand right before the {where}."


def _pronoun_order(_: Draft, __: Difference) -> str:
    return "“le, la, les” stand before “lui, leur”."


def _pronoun_category(draft: Draft, difference: Difference) -> str:
    if draft.cell.tense == "imperatif":
        return "After an affirmative order, “te” becomes “toi”."
    name = draft.cell.frame.verb.name
    if difference.found.split(" ")[0] in ("lui", "leur"):
        return f"“{name}” has a direct object, without “à”: it takes “le, la, les”, not “lui, leur”."
    return f"“{name}” takes “à”: its object is indirect, “lui” or “leur”."


def _pronoun_agreement(draft: Draft, difference: Difference) -> str:
    indirect = {"lui", "leur"} & set(difference.found.replace("’", " ").split(" "))
    piece = draft.cell.frame.piece(Role.INDIRECT) if indirect else topic_piece(draft.cell)
    agreement = AGREEMENT_NAMES[object_agreement(piece)] if piece else ""
    if indirect:
        agreement = agreement.split(" ")[1]
    return f"The pronoun has the gender and number of what it stands for: “{noun_of(piece)}” is {agreement}."


def _y_or_en(_: Draft, difference: Difference) -> str:
    if "en" in difference.found.replace("’", " ").split():
        return "“y” stands for a place one is in or goes to (with “à, dans, chez”), “en” for what comes with “de”."
    return "“en” stands for what comes with “de, du, de la, des”, “y” for a place with “à, dans, chez”."


def _wrong_gender(_: Draft, __: Difference) -> str:
    return "The article or possessive has the gender of its noun."


def _wrong_adjective(draft: Draft, _: Difference) -> str:
    known = f"{_gender_and_number(draft.subject)}{_who(draft)}"
    return f"The adjective agrees with the subject: “{draft.subject.text}” is {known}."


def _elision(_: Draft, difference: Difference) -> str:
    if difference.correction.lower().startswith("s’"):
        return "“si” elides before “il” and “ils”."
    return "Before a vowel or a mute h, the short word loses its vowel."


def _h_aspire(_: Draft, __: Difference) -> str:
    return "The h is aspirated: nothing elides before it."


def _contraction(_: Draft, difference: Difference) -> str:
    if "’" in difference.correction:
        return "Before a vowel or a mute h, “à l’” and “de l’” stay apart; only “le” and “les” contract."
    return "“à” and “de” contract with “le” and “les”."


def _before_vowel(_: Draft, __: Difference) -> str:
    return "Before a vowel or a mute h, this word has another form."


def _euphonic_t(draft: Draft, difference: Difference) -> str:
    if "-t-" in difference.correction:
        return "Between a verb that ends in a vowel and “il” or “elle”, a “t” is put."
    return f"The verb already ends in “t” or “d”, so nothing is put before “{draft.subject.text}”."


def _preposition(draft: Draft, _: Difference) -> str:
    name = draft.cell.frame.verb.name
    wanted = INFINITIVE_WITH.get(draft.cell.frame.verb.infinitive, "")
    return (
        f"“{name}” takes “{wanted}” before an infinitive."
        if wanted
        else f"“{name}” takes an infinitive without a preposition."
    )


_WRITERS: MappingProxyType[ErrorCode, Callable[[Draft, Difference], str]] = MappingProxyType(
    {
        "agreement.subject_verb": _wrong_person,
        "form.stem_or_spelling": _wrong_stem,
        "form.imperative": _wrong_imperative,
        "aux.choice": _wrong_auxiliary,
        "participle.agreement": _wrong_participle,
        "participle.for_infinitive": _participle_for_infinitive,
        "infinitive.for_participle": _infinitive_for_participle,
        "mood.subjunctive": lambda draft, _: _after_trigger(draft, "subjunctive"),
        "mood.indicative": lambda draft, _: _after_trigger(draft, "indicative"),
        "mood.si": lambda _, __: "After “si”, a condition is never in the future or the conditional.",
        "tense.marker": _wrong_time,
        "reflexive.person": _wrong_reflexive,
        "reflexive.missing": _missing_reflexive,
        "negation.order": _negation_order,
        "negation.incomplete": _incomplete_negation,
        "negation.double": _double_negation,
        "article.after_negation": _article_after_negation,
        "pronoun.placement": _pronoun_placement,
        "pronoun.order": _pronoun_order,
        "pronoun.category": _pronoun_category,
        "pronoun.agreement": _pronoun_agreement,
        "pronoun.y_en": _y_or_en,
        "np.gender": _wrong_gender,
        "adjective.agreement": _wrong_adjective,
        "elision": _elision,
        "h_aspire": _h_aspire,
        "contraction": _contraction,
        "before_vowel": _before_vowel,
        "euphonic_t": _euphonic_t,
        "preposition.verb": _preposition,
    }
)
