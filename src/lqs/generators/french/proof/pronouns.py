"""Proofs about pronouns and negation."""

from lqs.domain.entities.problem import Proof
from lqs.generators.french.conjugator import REFLEXIVES
from lqs.generators.french.proof.contrast import Contrast, proven
from lqs.generators.french.proof.order import faults
from lqs.generators.french.proof.reading import (
    Tokens,
    after_group,
    clitics_before,
    direct_object_at,
    subject_of,
    topic,
)
from lqs.generators.french.proof.words import (
    is_only_reflexive,
)
from lqs.generators.french.tables.government import (
    ESSENTIALLY_REFLEXIVE,
    GENERIC_OBJECTS,
    NEGATED_BY_NE_ALONE,
    NEVER_WITHOUT_REFLEXIVE,
    ONLY_DIRECT,
    ONLY_INDIRECT,
    REFLEXIVE_WITHOUT_OBJECT,
)

_DIRECT = {
    "le": frozenset({"ms"}),
    "la": frozenset({"fs"}),
    "l’": frozenset({"ms", "fs"}),
    "les": frozenset({"mp", "fp"}),
}
_INDIRECT = {"lui": frozenset({"ms", "fs"}), "leur": frozenset({"mp", "fp"})}
_TO_PLACES = frozenset({"à", "au", "aux", "dans", "chez", "en", "sur"})
_FROM_PLACES = frozenset({"de", "du", "des"})
_LEAVING = frozenset(
    {"venir", "revenir", "partir", "repartir", "sortir", "ressortir", "arriver", "rentrer", "descendre"}
)
"""Verbs after which en stands for the place one comes from: « Au marché ? J’en viens. »"""
_NEGATIVE = frozenset({"pas", "plus", "jamais", "rien", "personne", "aucun", "aucune", "guère", "point", "ni", "que"})


def word_order(found: Contrast) -> Proof | None:
    """The same words in an order that no sentence has."""
    if len(found.old) != len(found.new) or _bag(found.old) != _bag(found.new):
        return None
    new = faults(found.wrong) - faults(found.right)
    return proven(next(iter(new)).method, next(iter(new)).code) if len({fault.code for fault in new}) == 1 else None


def _bag(found: Tokens) -> list[str]:
    """The words in order, however they are elided: « je l’aime » and « j’aime la » have the same."""
    words = [token.plain.lstrip("-") for token in found]
    return sorted([_ALIKE.get(word, word) for word in words])


_ALIKE = {"l’": "le", "la": "le", "moi": "me", "toi": "te"}


def _verb_after(found: Tokens, at: int) -> int | None:
    """The finite verb that the pronoun at an index belongs to."""
    while at < len(found) and found[at].plain in (*REFLEXIVES.values(), *_DIRECT, *_INDIRECT, "y", "en"):
        at += 1
    return at if at < len(found) and found[at].finite else None


def _lemmas(found: Tokens, verb: int) -> set[str]:
    """The verbs of a group: those of its participle if the finite verb is an auxiliary."""
    end = after_group(found, verb)
    if found[verb].helper:
        lemmas = {lemma for token in found[verb + 1 : end] for lemma, _ in token.participles}
        if lemmas:
            return lemmas
    return {reading.lemma for reading in found[verb].finite}


def reflexive_person(found: Contrast) -> Proof | None:
    """A reflexive pronoun of another person, where it cannot be read as an ordinary object (« je te lave »)."""
    if not found.pair:
        return None
    old, new = found.pair
    if new.plain not in REFLEXIVES.values():
        return None
    verb = _verb_after(found.right, found.right_end)
    subject = subject_of(found.right, verb) if verb is not None else None
    if verb is None or subject is None:
        return None
    if old.plain != REFLEXIVES[subject.person] or new.plain == old.plain:
        return None
    essential = all(_is_essential(lemma) for lemma in _lemmas(found.right, verb))
    if new.plain == "se" or (essential and subject.text != "il"):  # « il me souvient » is literary, and right
        return proven("reflexive_of_other_person", "reflexive.person")
    return None


def _is_essential(lemma: str) -> bool:
    return lemma in ESSENTIALLY_REFLEXIVE or is_only_reflexive(lemma)


def reflexive_missing(found: Contrast) -> Proof | None:
    """No reflexive pronoun with a verb that cannot do without it."""
    if len(found.old) != 1 or found.new:
        return None
    verb = _verb_after(found.right, found.right_end)
    subject = subject_of(found.right, verb) if verb is not None else None
    if verb is None or subject is None or found.old[0].plain != REFLEXIVES[subject.person]:
        return None
    lemmas, simple = _lemmas(found.right, verb), not found.right[verb].helper
    if lemmas <= NEVER_WITHOUT_REFLEXIVE or (simple and all(_is_essential(lemma) for lemma in lemmas)):
        return proven("reflexive_verb_without_pronoun", "reflexive.missing")
    bare = direct_object_at(found.right, after_group(found.right, verb)) == "no"
    if simple and bare and lemmas <= REFLEXIVE_WITHOUT_OBJECT:
        return proven("reflexive_verb_without_pronoun", "reflexive.missing")
    return None


def stressed_form(found: Contrast) -> Proof | None:
    """« Lève-te » for « lève-toi »."""
    if not found.pair:
        return None
    old, new = found.pair
    if (old.plain, new.plain) in (("-toi", "-te"), ("-moi", "-me")):
        return proven("weak_pronoun_after_imperative", "pronoun.category")
    return None


def category(found: Contrast) -> Proof | None:
    """lui or leur for the object of a verb that has only a direct one, or le, la, les the other way round."""
    if not found.pair:
        return None
    old, new = found.pair
    if old.plain not in _DIRECT and old.plain not in _INDIRECT:
        return None
    verb = _verb_after(found.right, found.right_end)
    if verb is None or direct_object_at(found.right, after_group(found.right, verb)) != "no":
        return None
    lemmas, clitics = _lemmas(found.right, verb), clitics_before(found.right, verb)
    if len([clitic for clitic in clitics if clitic in (*_DIRECT, *_INDIRECT)]) != 1:
        return None
    if old.plain in _DIRECT and new.plain in _INDIRECT and lemmas <= ONLY_DIRECT:
        return proven("indirect_pronoun_of_direct_verb", "pronoun.category")
    if old.plain in _INDIRECT and new.plain in _DIRECT and lemmas <= ONLY_INDIRECT:
        return proven("direct_pronoun_of_indirect_verb", "pronoun.category")
    return None


def antecedent(found: Contrast) -> Proof | None:
    """A pronoun of another gender or number than what the statement is about."""
    if not found.pair:
        return None
    old, new = (token.plain for token in found.pair)
    if old not in _DIRECT and old not in _INDIRECT:
        return None
    about = topic(found.right)
    verb = _verb_after(found.right, found.right_end)
    if about is None or verb is None:
        return None
    if old in _INDIRECT and any(clitic in _DIRECT for clitic in clitics_before(found.right, verb)):
        return None  # « La facture ? Je la lui envoie, je la leur envoie »: the topic does not say to whom
    for pronouns in (_DIRECT, _INDIRECT):
        if old in pronouns and new in pronouns and pronouns[old] & about.agreements:
            known = not pronouns[new] & about.agreements
            return proven("pronoun_of_other_gender_or_number", "pronoun.agreement") if known else None
    return None


def y_or_en(found: Contrast) -> Proof | None:
    """y for what de introduces, or en for a place that à, dans or chez introduces."""
    if not found.pair:
        return None
    old, new = (token.plain for token in found.pair)
    if {old, new} != {"y", "en"}:
        return None
    mark = next((i for i, token in enumerate(found.right) if token.plain == "?"), 0)
    opens = found.right[0].form.lower().replace("d’", "de")
    if not mark or mark >= found.start:
        return None
    verb = _verb_after(found.right, found.right_end)
    leaves = verb is not None and not _lemmas(found.right, verb).isdisjoint(_LEAVING)
    if (old, new) == ("y", "en") and opens in _TO_PLACES and not leaves:
        return proven("en_for_place_with_à", "pronoun.y_en")
    if (old, new) == ("en", "y") and opens in _FROM_PLACES:
        return proven("y_for_object_with_de", "pronoun.y_en")
    return None


def negation_incomplete(found: Contrast) -> Proof | None:
    """ne without its second word, with a verb that needs one."""
    if len(found.old) != 1 or found.new or found.old[0].plain not in ("pas", "plus", "jamais", "rien", "personne"):
        return None
    at = next((i for i, token in enumerate(found.right) if token.plain == "ne"), None)
    if at is None or any(token.plain in (*_NEGATIVE, "si") for token in found.wrong):
        return None
    verb = _verb_after(found.right, at + 1)
    if verb is None or {reading.lemma for reading in found.right[verb].finite} & (NEGATED_BY_NE_ALONE - _HELPERS):
        return None
    lemmas = _lemmas(found.right, verb)
    if lemmas & NEGATED_BY_NE_ALONE:
        return None
    return proven("ne_without_second_word", "negation.incomplete")


_HELPERS = frozenset({"avoir", "être"})


def negation_double(found: Contrast) -> Proof | None:
    """pas beside another negative word of the same verb.

    Not with rien, nor after jamais: « je n’ai pas rien fait », « il n’est jamais pas content » say the contrary.
    """
    if found.old or len(found.new) != 1 or found.new[0].plain != "pas":
        return None
    others = [token.plain for token in found.right if token.plain in ("jamais", "personne", "rien", "aucun", "aucune")]
    negated = any(token.plain == "ne" for token in found.right)
    after = found.wrong[found.wrong_end].plain if found.wrong_end < len(found.wrong) else ""
    if not negated or len(others) != 1 or others == ["rien"] or (others == ["jamais"] and after != "jamais"):
        return None
    return proven("pas_beside_negative_word", "negation.double")


def article_after_negation(found: Contrast) -> Proof | None:
    """« Je n’aime pas de café »: a general object keeps le, la, les."""
    if not found.old or not found.new or found.new[0].plain != "de" or len(found.new) != 1:
        return None
    if found.old[0].plain not in ("le", "la", "l’", "les") or len(found.old) != 1:
        return None
    negated = [i for i, token in enumerate(found.right[: found.start]) if token.plain == "ne"]
    before_noun = found.right_end < len(found.right) and found.right[found.right_end].nouns
    verb = _verb_after(found.right, negated[0] + 1) if negated else None
    if verb is None or not before_noun or not _lemmas(found.right, verb) <= GENERIC_OBJECTS:
        return None
    return proven("general_object_with_de", "article.after_negation")


OF_ONE_WORD = (reflexive_person, stressed_form, category, antecedent, y_or_en, article_after_negation)
OF_SEVERAL = (word_order, reflexive_missing, negation_incomplete, negation_double)
