"""Proofs about nouns and adjectives: gender, number, and forms that depend on the next sound."""

from lqs.domain.entities.problem import Proof
from lqs.generators.french.proof.contrast import Contrast, proven
from lqs.generators.french.proof.reading import (
    ALL,
    DETERMINERS,
    OF_WOMEN_TOO,
    Controller,
    Tokens,
    helper_of,
    noun_phrase,
    subject_of,
)

_LINKING = frozenset({"être", "devenir", "rester", "sembler", "paraître", "redevenir"})
_BEFORE_CONSONANT = {"beau": "bel", "nouveau": "nouvel", "ce": "cet", "ma": "mon", "ta": "ton", "sa": "son"}
_ELISION = frozenset({"je", "me", "te", "se", "ne", "le", "la", "de", "que"})
_DOUBTFUL = frozenset({"ouate", "ouistiti", "oui", "onze", "onzième", "un", "une", "uhlan", "hyène", "iode"})
_CONTRACTED = {"au": ("à", "le"), "aux": ("à", "les"), "du": ("de", "le"), "des": ("de", "les")}


def gender(found: Contrast) -> Proof | None:
    """A determiner of the other gender before a noun that has only one."""
    old, new = found.old, found.new
    if not old or not new or len(old) > 2 or len(new) > 2:
        return None
    left, right_ = _allowed(old), _allowed(new)
    if left is None or right_ is None or found.right_end >= len(found.right):
        return None
    phrase = noun_phrase(found.right, found.start + (old[0].plain == "à"))
    if phrase is None or phrase.end <= found.right_end:
        return None
    if any(token.plain in OF_WOMEN_TOO for token in found.right[found.right_end : phrase.end]):
        return None
    if found.right[found.right_end].vowel:
        return None  # « mon amie », « l’école »: those forms show no gender, or belong to another rule
    sure = phrase.agreements <= left and not right_ & phrase.agreements
    nouns = frozenset().union(*(t.nouns for t in found.right[found.right_end : phrase.end]))
    same_number = {a[1] for a in left} & {a[1] for a in right_}
    return proven("noun_of_other_gender", "np.gender") if sure and same_number and not right_ & nouns else None


def _allowed(span: Tokens) -> frozenset[str] | None:
    words = tuple(token.plain for token in span)
    if len(words) == 2 and words[0] in ("de", "à") and words[1] in ("la", "le"):
        return DETERMINERS[words[1]]
    if len(words) != 1 or words[0] not in DETERMINERS:
        return None
    if words[0] in ("mon", "ton", "son"):
        return frozenset({"ms"})
    return DETERMINERS[words[0]]


def adjective(found: Contrast) -> Proof | None:
    """A form of an adjective that what it describes cannot have."""
    if not found.pair:
        return None
    old, new = found.pair
    if not old.adjectives or not new.adjectives:
        return None
    adjectives = {lemma for lemma, _ in old.adjectives} & {lemma for lemma, _ in new.adjectives}
    compound = helper_of(found.right, found.start) is not None and old.participles
    if not adjectives or (compound and found.right[found.start - 1].plain != "très"):
        return None
    owner = _described(found)
    if owner is None:
        return None
    ours = {a for lemma, a in old.adjectives if lemma in adjectives}
    theirs = {a for lemma, a in new.adjectives if lemma in adjectives}
    if not ours & owner.agreements or theirs & owner.agreements:
        return None
    return proven("adjective_of_other_gender_or_number", "adjective.agreement")


def _described(found: Contrast) -> Controller | None:
    """What an adjective describes: the subject through a linking verb, or the noun of its phrase."""
    tokens, at = found.right, found.start - 1
    while at > 0 and (tokens[at].is_adverb or tokens[at].plain in ("pas", "plus", "jamais")):
        at -= 1
    if at >= 0 and any(reading.lemma in _LINKING for reading in tokens[at].finite):
        return subject_of(tokens, at)
    for start in range(max(0, found.start - 3), found.start):
        phrase = noun_phrase(tokens, start) if tokens[start].plain in DETERMINERS else None
        if phrase and phrase.end > found.start:
            return Controller("", "", _without(found, start))
    return None


def _without(found: Contrast, start: int) -> frozenset[str]:
    """The agreements of the phrase's noun with its determiner, the adjective in question left out."""
    allowed = DETERMINERS[found.right[start].plain]
    nouns = [
        token.nouns
        for index, token in enumerate(found.right[start + 1 : found.start + 2], start + 1)
        if index != found.start and token.nouns
    ]
    return nouns[0] & allowed if nouns and nouns[0] & allowed else ALL


def elision(found: Contrast) -> Proof | None:
    """A vowel left standing before a vowel or a mute h, or dropped before an aspirated one."""
    if len(found.new) != 1 or len(found.old) != 1 or found.right_end >= len(found.right):
        return None
    old, new, after = found.old[0], found.new[0], found.right[found.right_end]
    if after.plain.startswith("-") or after.plain in _DOUBTFUL:
        return None
    vowel = after.vowel
    if old.form.endswith("’") and new.plain in _ELISION and old.form[0].lower() == new.plain[0] and vowel:
        return proven("vowel_before_vowel", "elision")
    si = old.form.lower() == "s’" and new.plain == "si" and after.plain in ("il", "ils")
    if si:
        return proven("vowel_before_vowel", "elision")
    if new.form.endswith("’") and old.plain in _ELISION and old.plain[0] == new.form[0].lower() and not vowel:
        return proven("elision_before_aspirated_h", "h_aspire") if after.plain.startswith("h") else None
    return None


def contraction(found: Contrast) -> Proof | None:
    """« à le », « de les » before a noun; or « au » before a vowel, where « à l’ » stands."""
    old, new = tuple(t.plain for t in found.old), tuple(t.plain for t in found.new)
    if found.right_end >= len(found.right):
        return None
    after = found.right[found.right_end]
    if after.infinitive or not (after.nouns or after.adjectives):
        return None
    if len(old) == 1 and _CONTRACTED.get(old[0]) == new:
        return proven("preposition_beside_article", "contraction")
    if len(new) == 1 and old in (("à", "l’"), ("de", "l’")) and new in (("au",), ("du",)):
        return proven("contraction_before_vowel", "contraction") if after.vowel else None
    return None


def before_vowel(found: Contrast) -> Proof | None:
    """« un beau homme », « ce arbre », « ma école »; or « cet garçon »."""
    if not found.pair or found.right_end >= len(found.right):
        return None
    old, new = (token.plain for token in found.pair)
    after = found.right[found.right_end]
    if after.form in _DOUBTFUL or not (after.nouns or after.adjectives):
        return None
    if _BEFORE_CONSONANT.get(new) == old and after.vowel and after.nouns:
        return proven("form_of_consonants_before_vowel", "before_vowel")
    if _BEFORE_CONSONANT.get(old) == new and new in ("cet", "bel", "nouvel") and not after.vowel:
        return proven("form_of_vowels_before_consonant", "before_vowel")
    return None


def euphonic_t(found: Contrast) -> Proof | None:
    """« Parle-il ? », « finit-t-il ? »."""
    if not found.pair or not found.start:
        return None
    old, new = (token.plain for token in found.pair)
    verb = found.right[found.start - 1].plain
    if old == f"-t{new}" and verb[-1] in "aec":
        return proven("no_t_between_vowels", "euphonic_t")
    if new == f"-t{old}" and verb[-1] in "td":
        return proven("t_after_t", "euphonic_t")
    return None


OF_ONE_WORD = (gender, adjective, elision, contraction, before_vowel, euphonic_t)
OF_SEVERAL = (gender, contraction)
