"""Proofs about a finite verb: person, mood, time, spelling, and what it governs."""

from lqs.domain.entities.problem import Proof
from lqs.generators.french.orthography import typographic, unaccented
from lqs.generators.french.proof.compounds import participle_after
from lqs.generators.french.proof.contrast import Contrast, proven
from lqs.generators.french.proof.reading import (
    Tokens,
    after_group,
    clause_start,
    clitics_before,
    direct_object_at,
    subject_of,
)
from lqs.generators.french.tables.government import INFINITIVE_WITH
from lqs.generators.french.tables.moods import CONDITIONAL_TOO, INDICATIVE, SUBJUNCTIVE
from lqs.generators.french.tables.times import PAST

_SUBJUNCTIVES = frozenset({"subjonctif_present", "subjonctif_imparfait"})


def person(found: Contrast) -> Proof | None:
    """The finite verb in a form that belongs to other persons only, of whatever verb it may be a form."""
    if not found.pair:
        return None
    old, new = found.pair
    if not old.finite or not new.finite:
        return None
    if found.right[-1].plain == "!" and _glued_after(found):
        return None  # « Brossez-nous les cheveux ! »: the pronoun is an object
    ours = {(lemma, tense) for lemma, tense, _ in old.finite}
    if ours.isdisjoint([(lemma, tense) for lemma, tense, _ in new.finite]):
        return None
    subject = subject_of(found.right, found.start)
    if subject is None or subject.person not in [person for _, _, person in old.finite]:
        return None
    persons = {person for _, tense, person in new.finite if tense != "imperatif"}
    if subject.person in persons or _object_could_be_subject(found, subject.text, persons):
        return None
    return proven("disjoint_persons", "agreement.subject_verb")


def _glued_after(found: Contrast) -> str:
    """The pronoun glued to the word that differs; empty where there is none."""
    after = found.right[found.right_end].plain if found.right_end < len(found.right) else ""
    return after if after.startswith("-") else ""


def _object_could_be_subject(found: Contrast, subject: str, persons: set[str]) -> bool:
    """« Chaque matin, nous attend le bus » is stylistic inversion, and right: there nous is the object."""
    if subject not in ("nous", "vous") or not persons & {"3s", "3p"}:
        return False
    before = found.right[found.start - 1].plain
    doubled = found.start >= 2 and found.right[found.start - 2].plain == before == subject
    return not doubled and direct_object_at(found.right, after_group(found.right, found.start)) != "no"


def mood(found: Contrast) -> Proof | None:
    """The indicative or conditional where words before ask for the subjunctive, or the other way round; or after si."""
    if not found.pair:
        return None
    old, new = found.pair
    subject = subject_of(found.right, found.start) if old.finite and new.finite else None
    if subject is None:
        return None
    ours = {r for r in old.finite if r.person == subject.person}
    theirs = {r for r in new.finite if r.person == subject.person}
    if not {r.lemma for r in ours} & {r.lemma for r in theirs}:
        return None
    old_tenses, new_tenses = {r.tense for r in ours}, {r.tense for r in theirs}
    before = _words_before_clause(found.right, found.start)
    right_too = _SUBJUNCTIVES | {"conditionnel_present"} if before.endswith(CONDITIONAL_TOO) else _SUBJUNCTIVES
    if before.endswith(SUBJUNCTIVE) and old_tenses & _SUBJUNCTIVES and not new_tenses & right_too:
        return proven("subjunctive_after_trigger", "mood.subjunctive")
    if before.endswith(INDICATIVE) and old_tenses - _SUBJUNCTIVES and new_tenses <= _SUBJUNCTIVES:
        return proven("indicative_after_trigger", "mood.indicative")
    if _is_condition(found.right, found.start) and new_tenses <= {"futur", "conditionnel_present"}:
        return proven("future_after_si", "mood.si")
    return None


def _words_before_clause(found: Tokens, verb: int) -> str:
    start = clause_start(found, verb)
    words = [token.form for token in found[:start] if token.plain not in (".", "?", "!", ",")]
    text = typographic(" ".join(words)).lower().replace("’ ", "’")
    return text.removesuffix(" qu’") + " que" if text.endswith("qu’") else text


def _is_condition(found: Tokens, verb: int) -> bool:
    """Whether the verb's clause begins the sentence with si, and a clause of consequence follows.

    « Si tu viendras, je ne le sais pas » is a question put first; « s’il serait venu, c’est que » tells a reason.
    """
    comma = next((at for at, token in enumerate(found) if token.plain == "," and at > verb), None)
    if found[0].form.lower() not in ("si", "s’") or clause_start(found, verb) != 1 or comma is None:
        return False
    after = found[comma:]
    asks = any(reading.lemma in _ASKING for token in after for reading in token.finite)
    return not asks and not any(token.plain in ("que", "est-ce") or token.infinitive in _ASKING for token in after)


_ASKING = frozenset(["savoir", "ignorer", "demander", "dire", "voir", "décider", "dépendre", "importer", "comprendre"])


def time(found: Contrast) -> Proof | None:
    """The future beside an expression of the past, in place of a simple tense or of the passé composé."""
    if len(found.new) != 1 or {r.tense for r in found.new[0].finite} != {"futur"}:
        return None
    subject = subject_of(found.right, found.start)
    padded = f" {' '.join(token.form for token in found.right).lower().replace('’ ', '’')} "
    if subject is None or not any(f" {marker} " in padded for marker in PAST):
        return None
    theirs = {r.lemma for r in found.new[0].finite if r.person == subject.person}
    match found.old:
        case (old,):
            ours = {r.lemma for r in old.finite if r.tense != "futur" and r.person == subject.person}
            sure = participle_after(found.right, found.start) is None
        case (helper, participle):
            ours = {lemma for lemma, _ in participle.participles}
            sure = helper.helper != "" and any(r.tense == "present" for r in helper.finite)
        case _:
            return None
    return proven("future_with_past_time", "tense.marker") if sure and ours & theirs else None


def non_word(found: Contrast) -> Proof | None:
    """A form that is no French word, in place of a form of a verb."""
    if not found.pair:
        return None
    old, new = found.pair
    verbal = old.finite or old.participles or old.infinitive
    if not verbal or new.is_word or not new.form.replace("’", "").isalpha():
        return None
    if unaccented(new.form[0]) == unaccented(old.form[0]) and new.form[1:] == old.form[1:]:
        return None  # « Etudie »: a capital may stand without its accent
    return proven("no_such_word", "form.stem_or_spelling")


def imperative(found: Contrast) -> Proof | None:
    """Another form of the verb in place of an imperative: « Manges ta soupe ! »."""
    if not found.pair or found.right[-1].plain != "!":
        return None
    old, new = found.pair
    ours = {reading.lemma for reading in old.finite if reading.tense == "imperatif"}
    before = [token.plain for token in found.right[clause_start(found.right, found.start) : found.start]]
    if not ours & {reading.lemma for reading in new.finite} or any(word not in _BEFORE_IMPERATIVE for word in before):
        return None
    inverted = {"-nous": "1p", "-vous": "2p"}.get(_glued_after(found))
    if any(reading.person == inverted for reading in new.finite):
        return None  # « Brossions-nous les cheveux ! » can be an exclamation
    if any(reading.tense == "imperatif" for reading in new.finite) or (not before and new.nouns):
        return None
    return proven("no_imperative_form", "form.imperative")


_BEFORE_IMPERATIVE = frozenset(
    {"ne", "me", "te", "se", "nous", "vous", "le", "la", "l’", "les", "lui", "leur", "y", "en"}
)


def preposition(found: Contrast) -> Proof | None:
    """Another preposition before an infinitive, or one too many or too few, after a verb that allows one only."""
    after = found.right_end
    if after >= len(found.right) or not found.right[after].infinitive:
        return None
    spans = [tuple(token.plain for token in span) for span in (found.old, found.new)]
    if any(span not in ((), ("à",), ("de",)) for span in spans) or found.start == 0:
        return None
    before = found.start - 1
    while before > 0 and found.right[before].plain in ("pas", "plus", "jamais", "souvent", "déjà", "toujours"):
        before -= 1
    lemmas = {r.lemma for r in found.right[before].finite} | {v for v, _ in found.right[before].participles}
    wanted = {INFINITIVE_WITH.get(lemma) for lemma in lemmas}
    given, old = ("".join(span) for span in (spans[1], spans[0]))
    reflexive = any(clitic in ("me", "te", "se") for clitic in clitics_before(found.right, before))
    if len(wanted) != 1 or None in wanted or wanted != {old} or given in wanted or reflexive:
        return None
    return proven("other_preposition_governed", "preposition.verb")


OF_ONE_WORD = (person, mood, time, non_word, imperative, preposition)
OF_SEVERAL = (time, preposition)
