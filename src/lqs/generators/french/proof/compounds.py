"""Proofs about compound tenses and infinitives: auxiliary, participle, and which of the two stands where."""

from lqs.domain.entities.problem import Proof
from lqs.generators.french.conjugator import REFLEXIVES, participles
from lqs.generators.french.proof.contrast import Contrast, proven
from lqs.generators.french.proof.reading import (
    Tokens,
    after_group,
    clause_start,
    clitics_before,
    direct_object_at,
    helper_of,
    subject_of,
    topic,
)
from lqs.generators.french.proof.words import (
    Token,
    takes_direct_object,
)
from lqs.generators.french.tables.auxiliaries import EITHER, ETRE
from lqs.generators.french.tables.government import (
    EITHER_REFLEXIVE,
    ESSENTIALLY_REFLEXIVE,
    INDIRECTLY_REFLEXIVE,
    INFINITIVE_WITH,
)

_SEEN_WITH_AVOIR = frozenset({"retomber", "partir", "repartir", "décéder"})
_MODALS = frozenset(verb for verb, preposition in INFINITIVE_WITH.items() if not preposition)
_BEFORE_INFINITIVE = frozenset({"à", "de", "pour", "sans"})


def auxiliary(found: Contrast) -> Proof | None:
    """The other auxiliary, in the same tense and person, with a verb that never takes it in this sense."""
    if not 1 <= len(found.old) == len(found.new) <= 3:
        return None
    old, new = found.old[0], found.new[0]
    if not old.helper or not new.helper or old.helper == new.helper:
        return None
    at = participle_after(found.right, found.start)
    if at is None or at >= len(found.wrong):
        return None
    if [t.plain for t in found.old[1:-1]] != [t.plain for t in found.new[1:-1]]:
        return None
    verbs = {lemma for lemma, _ in found.right[at].participles}
    verbs &= {lemma for lemma, _ in found.wrong[at].participles}
    subject = subject_of(found.right, found.start)
    if not verbs or subject is None or not _same_place(old, new, subject.person):
        return None
    wrong = new.helper
    reflexive = REFLEXIVES[subject.person] in clitics_before(found.right, found.start)
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
    places = [{(r.tense, r.person) for r in token.finite} for token in (old, new)]
    return any(place[1] == person_ for place in places[0] & places[1])


def participle_after(found: Tokens, helper: int) -> int | None:
    """The index of the past participle that belongs to the form of avoir or être at an index."""
    for at in range(helper + 1, min(helper + 5, len(found))):
        if found[at].participles and helper_of(found, at) == helper:
            return at
    return None


def participle(found: Contrast) -> Proof | None:
    """A form of the participle in a gender or number that what it agrees with cannot have."""
    if not found.pair:
        return None
    old, new = found.pair
    if not old.participles or not new.participles:
        return None
    verbs = {lemma for lemma, _ in old.participles} & {v for v, _ in new.participles}
    helper = helper_of(found.right, found.start) if verbs else None
    if helper is None or found.right[found.start - 1].plain == "très":
        return None
    accepted = accepted_agreements(found.right, helper, found.start, verbs)
    if accepted is None:
        return None
    shown = {agreement for lemma, agreement in new.participles if lemma in verbs}
    if shown & accepted:
        return None
    return proven("disjoint_agreement", "participle.agreement")


def accepted_agreements(found: Tokens, helper: int, at: int, verbs: set[str]) -> frozenset[str] | None:
    """The agreements a participle may show here; None where that is not known for certain."""
    subject = subject_of(found, helper)
    if subject is None:
        return None
    clitics = clitics_before(found, helper)
    reflexive = REFLEXIVES[subject.person] in clitics
    others = [clitic for clitic in clitics if not (reflexive and clitic == REFLEXIVES[subject.person])]
    if found[helper].helper == "être" and not reflexive:
        return subject.agreements
    if any(clitic in ("le", "la", "l’", "les") for clitic in others):
        return _of_pronoun(found, others)
    if any(clitic in ("me", "te", "nous", "vous", "en") for clitic in others) or _has_relative(found, helper):
        return None
    if reflexive and verbs <= ESSENTIALLY_REFLEXIVE:
        return subject.agreements
    following = direct_object_at(found, after_group(found, helper))
    if not reflexive:
        return frozenset({"ms"}) if not _governs_infinitive(found, at) else None
    if following == "yes":
        return frozenset({"ms"})
    if following == "maybe":
        return None
    if verbs & EITHER_REFLEXIVE:
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
    return start >= 2 and found[start - 1].plain == "que" and bool(found[start - 2].nouns)


def _governs_infinitive(found: Tokens, at: int) -> bool:
    return at + 1 < len(found) and bool(found[at + 1].infinitive)


def infinitive(found: Contrast) -> Proof | None:
    """A participle for an infinitive, or the other way round."""
    if not found.pair:
        return None
    old, new = found.pair
    if new.infinitive and new.infinitive in {v for v, _ in old.participles}:
        if helper_of(found.right, found.start) is not None:
            return proven("infinitive_after_auxiliary", "infinitive.for_participle")
        return None
    verb = old.infinitive
    if not verb or new.form not in frozenset().union(*participles(verb).values()) or new.nouns:
        return None
    before = _governor(found.right, found.start)
    if before is not None and before.helper == "":
        modal = any(reading.lemma in ("aller", *_MODALS) for reading in before.finite)
        if modal or before.plain in _BEFORE_INFINITIVE:
            return proven("participle_after_governor", "participle.for_infinitive")
    return None


def _governor(found: Tokens, at: int) -> Token | None:
    """The word before an infinitive and its pronouns."""
    before = at - 1
    while before >= 0 and found[before].plain in ("le", "la", "l’", "les", "me", "te", "se", "y", "en", "pas"):
        before -= 1
    return found[before] if before >= 0 else None


OF_ONE_WORD = (auxiliary, participle, infinitive)
OF_SEVERAL = (auxiliary,)
