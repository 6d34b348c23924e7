"""Proofs about the verb group: person, auxiliary, participle, infinitive, mood, time."""

from lqs.domain.entities.problem import Proof
from lqs.generators.french.conjugator import participles
from lqs.generators.french.orthography import typographic
from lqs.generators.french.proof.contrast import Contrast, proven
from lqs.generators.french.proof.reading import (
    Tokens,
    after_group,
    clause_start,
    clitics_before,
    direct_object_at,
    helper_lemma,
    helper_of,
    subject_of,
    topic,
)
from lqs.generators.french.proof.words import (
    Token,
    finite,
    infinitive_of,
    noun_agreements,
    participle_readings,
    readings,
    takes_direct_object,
)
from lqs.generators.french.tables.auxiliaries import EITHER, ETRE
from lqs.generators.french.tables.government import INDIRECTLY_REFLEXIVE, INFINITIVE_WITH
from lqs.generators.french.tables.moods import INDICATIVE, SUBJUNCTIVE
from lqs.generators.french.tables.times import PAST

_SUBJUNCTIVES = frozenset({"subjonctif_present", "subjonctif_imparfait"})
_BEFORE_INFINITIVE = frozenset({"à", "de", "pour", "sans"})
_REFLEXIVES = {"1s": "me", "2s": "te", "3s": "se", "1p": "nous", "2p": "vous", "3p": "se"}
_SEEN_WITH_AVOIR = frozenset({"retomber", "partir", "décéder"})


def person(found: Contrast) -> Proof | None:
    """The finite verb in a form that belongs to other persons only, of whatever verb it may be a form."""
    if not found.pair:
        return None
    old, new = found.pair
    common = {(r.lemma, r.tense) for r in finite(old.form)} & {(r.lemma, r.tense) for r in finite(new.form)}
    subject = subject_of(found.right, found.start)
    if not common or subject is None or subject.person not in {r.person for r in finite(old.form)}:
        return None
    persons = {reading.person for reading in finite(new.form) if reading.tense != "imperatif"}
    if subject.person in persons or _object_could_be_subject(found, subject.text, persons):
        return None
    return proven("disjoint_persons", "agreement.subject_verb")


def _object_could_be_subject(found: Contrast, subject: str, persons: set[str]) -> bool:
    """« Chaque matin, nous attend le bus » is stylistic inversion, and right: there nous is the object."""
    if subject not in ("nous", "vous") or not persons & {"3s", "3p"}:
        return False
    before = found.right[found.start - 1].plain
    doubled = found.start >= 2 and found.right[found.start - 2].plain == before == subject
    return not doubled and direct_object_at(found.right, after_group(found.right, found.start)) != "no"


def auxiliary(found: Contrast) -> Proof | None:
    """The other auxiliary, in the same tense and person, with a verb that never takes it in this sense."""
    if not 1 <= len(found.old) == len(found.new) <= 3:
        return None
    old, new = found.old[0], found.new[0]
    helpers = {helper_lemma(old.form), helper_lemma(new.form)}
    at = _participle_after(found.right, found.start)
    if helpers != {"avoir", "être"} or at is None or at >= len(found.wrong):
        return None
    if [t.plain for t in found.old[1:-1]] != [t.plain for t in found.new[1:-1]]:
        return None
    verbs = {lemma for lemma, _ in participle_readings(found.right[at].form)}
    verbs &= {lemma for lemma, _ in participle_readings(found.wrong[at].form)}
    subject = subject_of(found.right, found.start)
    if not verbs or subject is None or not _same_place(old, new, subject.person):
        return None
    wrong = helper_lemma(new.form)
    reflexive = _REFLEXIVES[subject.person] in clitics_before(found.right, found.start)
    if wrong == "avoir":
        sure = reflexive or all(verb in ETRE and verb not in _SEEN_WITH_AVOIR for verb in verbs)
        return proven("auxiliary_class", "aux.choice") if sure else None
    if reflexive or subject.text == "il" or any(verb in EITHER or verb in ETRE for verb in verbs):
        return None  # « il est vendu des légumes » is an impersonal passive, and right
    if verbs <= _MODALS and _governs_infinitive(found.right, at):
        return proven("auxiliary_class", "aux.choice")
    if any(takes_direct_object(verb) for verb in verbs) and direct_object_at(found.right, at + 1) != "yes":
        return None  # without a direct object it can be read as a passive: « Marie est regardée »
    return proven("auxiliary_class", "aux.choice")


def _same_place(old: Token, new: Token, person_: str) -> bool:
    places = [{(r.tense, r.person) for r in finite(token.form)} for token in (old, new)]
    return any(place[1] == person_ for place in places[0] & places[1])


def _participle_after(found: Tokens, helper: int) -> int | None:
    for at in range(helper + 1, min(helper + 5, len(found))):
        if participle_readings(found[at].form) and helper_of(found, at) == helper:
            return at
    return None


def participle(found: Contrast) -> Proof | None:
    """A form of the participle in a gender or number that what it agrees with cannot have."""
    if not found.pair:
        return None
    old, new = found.pair
    verbs = {lemma for lemma, _ in participle_readings(old.form)} & {v for v, _ in participle_readings(new.form)}
    helper = helper_of(found.right, found.start)
    if not verbs or helper is None or found.right[found.start - 1].plain == "très":
        return None
    accepted = accepted_agreements(found.right, helper, found.start, verbs)
    if accepted is None:
        return None
    shown = {agreement for lemma, agreement in participle_readings(new.form) if lemma in verbs}
    if shown & accepted:
        return None
    return proven("disjoint_agreement", "participle.agreement")


def accepted_agreements(found: Tokens, helper: int, at: int, verbs: set[str]) -> frozenset[str] | None:
    """The agreements a participle may show here; None where that is not known for certain."""
    subject = subject_of(found, helper)
    if subject is None:
        return None
    clitics = clitics_before(found, helper)
    reflexive = _REFLEXIVES[subject.person] in clitics
    others = [clitic for clitic in clitics if not (reflexive and clitic == _REFLEXIVES[subject.person])]
    if helper_lemma(found[helper].form) == "être" and not reflexive:
        return subject.agreements
    if any(clitic in ("le", "la", "l’", "les") for clitic in others):
        return _of_pronoun(found, others)
    if any(clitic in ("me", "te", "nous", "vous", "en") for clitic in others) or _has_relative(found, helper):
        return None
    following = direct_object_at(found, after_group(found, helper))
    if not reflexive:
        return frozenset({"ms"}) if not _governs_infinitive(found, at) else None
    if following == "yes":
        return frozenset({"ms"})
    if following == "maybe":
        return None
    return frozenset({"ms"}) if verbs & INDIRECTLY_REFLEXIVE else subject.agreements


def _of_pronoun(found: Tokens, clitics: list[str]) -> frozenset[str] | None:
    about = topic(found)
    allowed = {"le": frozenset({"ms"}), "la": frozenset({"fs"}), "l’": frozenset({"ms", "fs"})}
    pronoun = next(clitic for clitic in clitics if clitic in ("le", "la", "l’", "les"))
    of_pronoun = allowed.get(pronoun, frozenset({"mp", "fp"}))
    if about is None:
        return of_pronoun if len(of_pronoun) == 1 and pronoun == "la" else None
    return of_pronoun & about.agreements or None


def _has_relative(found: Tokens, verb: int) -> bool:
    """Whether a que that may be a relative pronoun begins the clause."""
    start = clause_start(found, verb)
    return start >= 2 and found[start - 1].plain == "que" and bool(noun_agreements(found[start - 2].form))


def _governs_infinitive(found: Tokens, at: int) -> bool:
    return at + 1 < len(found) and bool(infinitive_of(found[at + 1].form))


def infinitive(found: Contrast) -> Proof | None:
    """A participle for an infinitive, or the other way round."""
    if not found.pair:
        return None
    old, new = found.pair
    if infinitive_of(new.form) and infinitive_of(new.form) in {v for v, _ in participle_readings(old.form)}:
        if helper_of(found.right, found.start) is not None:
            return proven("infinitive_after_auxiliary", "infinitive.for_participle")
        return None
    verb = infinitive_of(old.form)
    if not verb or new.form not in frozenset().union(*participles(verb).values()) or noun_agreements(new.form):
        return None
    before = _governor(found.right, found.start)
    if before is not None and helper_lemma(before.form) == "":
        modal = any(reading.lemma in ("aller", *_MODALS) for reading in finite(before.form))
        if modal or before.plain in _BEFORE_INFINITIVE:
            return proven("participle_after_governor", "participle.for_infinitive")
    return None


_MODALS = frozenset(verb for verb, preposition in INFINITIVE_WITH.items() if not preposition)


def _governor(found: Tokens, at: int) -> Token | None:
    """The word before an infinitive and its pronouns."""
    before = at - 1
    while before >= 0 and found[before].plain in ("le", "la", "l’", "les", "me", "te", "se", "y", "en", "pas"):
        before -= 1
    return found[before] if before >= 0 else None


def mood(found: Contrast) -> Proof | None:
    """The indicative or conditional where words before ask for the subjunctive, or the other way round; or after si."""
    if not found.pair:
        return None
    old, new = found.pair
    subject = subject_of(found.right, found.start)
    if subject is None:
        return None
    ours = {r for r in finite(old.form) if r.person == subject.person}
    theirs = {r for r in finite(new.form) if r.person == subject.person}
    if not {r.lemma for r in ours} & {r.lemma for r in theirs}:
        return None
    old_tenses, new_tenses = {r.tense for r in ours}, {r.tense for r in theirs}
    before = _words_before_clause(found.right, found.start)
    if before.endswith(SUBJUNCTIVE) and old_tenses & _SUBJUNCTIVES and not new_tenses & _SUBJUNCTIVES:
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
    """Whether the verb's clause begins the sentence with si, and another clause follows."""
    opens = found[0].form.lower() in ("si", "s’")
    return opens and clause_start(found, verb) == 1 and any(token.plain == "," for token in found[verb:])


def time(found: Contrast) -> Proof | None:
    """The future beside an expression of the past."""
    if not found.pair:
        return None
    old, new = found.pair
    subject = subject_of(found.right, found.start)
    text = " ".join(token.form for token in found.right).lower().replace("’ ", "’")
    padded = f" {text} "
    if subject is None or not any(f" {marker} " in padded for marker in PAST):
        return None
    ours = {(r.lemma, r.person) for r in finite(old.form) if r.tense != "futur"}
    theirs = {(r.lemma, r.person) for r in finite(new.form)}
    tenses = {r.tense for r in finite(new.form)}
    if tenses != {"futur"} or not {pair for pair in ours & theirs if pair[1] == subject.person}:
        return None
    helped = _participle_after(found.right, found.start) is not None
    return None if helped else proven("future_with_past_time", "tense.marker")


def non_word(found: Contrast) -> Proof | None:
    """A form that is no French word, in place of a form of a verb."""
    if not found.pair:
        return None
    old, new = found.pair
    verbal = finite(old.form) or participle_readings(old.form) or infinitive_of(old.form)
    if not verbal or readings(new.form) or not new.form.replace("’", "").isalpha():
        return None
    return proven("no_such_word", "form.stem_or_spelling")


def imperative(found: Contrast) -> Proof | None:
    """Another form of the verb in place of an imperative: « Manges ta soupe ! »."""
    if not found.pair or found.right[-1].plain != "!":
        return None
    old, new = found.pair
    ours = {reading.lemma for reading in finite(old.form) if reading.tense == "imperatif"}
    before = [token.plain for token in found.right[clause_start(found.right, found.start) : found.start]]
    if not ours & {reading.lemma for reading in finite(new.form)} or any(
        word not in _BEFORE_IMPERATIVE for word in before
    ):
        return None
    if any(reading.tense == "imperatif" for reading in finite(new.form)) or (not before and noun_agreements(new.form)):
        return None
    return proven("no_imperative_form", "form.imperative")


_BEFORE_IMPERATIVE = frozenset(
    {"ne", "me", "te", "se", "nous", "vous", "le", "la", "l’", "les", "lui", "leur", "y", "en"}
)


def preposition(found: Contrast) -> Proof | None:
    """Another preposition before an infinitive, or one too many or too few, after a verb that allows one only."""
    after = found.right_end
    if after >= len(found.right) or not infinitive_of(found.right[after].form):
        return None
    spans = [tuple(token.plain for token in span) for span in (found.old, found.new)]
    if any(span not in ((), ("à",), ("de",)) for span in spans) or found.start == 0:
        return None
    before = found.start - 1
    while before > 0 and found.right[before].plain in ("pas", "plus", "jamais", "souvent", "déjà", "toujours"):
        before -= 1
    lemmas = {r.lemma for r in finite(found.right[before].form)} | {
        v for v, _ in participle_readings(found.right[before].form)
    }
    wanted = {INFINITIVE_WITH.get(lemma) for lemma in lemmas}
    given, old = ("".join(span) for span in (spans[1], spans[0]))
    reflexive = any(clitic in ("me", "te", "se") for clitic in clitics_before(found.right, before))
    if len(wanted) != 1 or None in wanted or wanted != {old} or given in wanted or reflexive:
        return None
    return proven("other_preposition_governed", "preposition.verb")


OF_ONE_WORD = (person, auxiliary, participle, infinitive, mood, time, non_word, imperative, preposition)
OF_SEVERAL = (auxiliary, preposition)
