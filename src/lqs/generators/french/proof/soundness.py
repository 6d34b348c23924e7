"""What is wrong with a statement that is meant to be right, by the rules that need no comparison."""

from collections.abc import Iterator
from itertools import pairwise

from lqs.generators.french.conjugator import participles
from lqs.generators.french.orthography import places, words
from lqs.generators.french.proof.compounds import accepted_agreements
from lqs.generators.french.proof.order import faults
from lqs.generators.french.proof.reading import (
    CLITICS,
    DETERMINERS,
    Tokens,
    helper_of,
    noun_phrase,
    subject_of,
)
from lqs.generators.french.proof.words import tokens
from lqs.generators.french.tables.moods import INDICATIVE, SUBJUNCTIVE

_ELIDING = frozenset({"je", "me", "te", "se", "ne", "le", "la", "de", "que"})
_MERGING = frozenset({"le", "les"})
_NO_TENSES = frozenset({"subjonctif_present", "subjonctif_imparfait"})


def flaws(text: str) -> Iterator[str]:
    """Each flaw in words; none for a statement that every rule lets pass."""
    found = tokens(text)
    yield from (f"{fault.code}: {fault.method}" for fault in faults(found))
    yield from _spelling(found)
    for at, word in enumerate(found):
        if word.finite and _is_verb_here(found, at):
            yield from _verb(found, at)


def unknown_words(text: str, start: int, end: int) -> list[str]:
    """The words outside `text[start:end]` that the lexicon does not know."""
    unknown = [part.form for part in tokens(text) if not part.is_known]
    if all(text.count(form) == 1 and form in text[start:end] for form in unknown):
        return []
    outside = (
        word
        for word, (begins, ends) in zip(words(text), places(text), strict=True)
        if not (start < ends and begins < end)
    )
    return [word for word in outside if any(part.form in unknown for part in tokens(word))]


def _spelling(found: Tokens) -> Iterator[str]:
    for at, (word, after) in enumerate(pairwise(found)):
        if not after.vowel:
            if word.form.endswith("’") and len(word.form) < 4:
                yield f"“{word.form}{after.form}” does not elide"
        elif word.form.lower() in _ELIDING and after.form[0].isalpha() and after.plain not in ("onze", "un"):
            yield f"“{word.form} {after.form}” elides"
        if after.plain in _MERGING and word.plain in ("à", "de") and noun_phrase(found, at + 1):
            yield f"“{word.form} {after.form}” contracts"


def _is_verb_here(found: Tokens, at: int) -> bool:
    """Whether a word that can be a finite verb is one: it has its pronoun, or can be nothing else."""
    before = found[at - 1].plain if at else ""
    if before in DETERMINERS and found[at].nouns and before not in CLITICS:
        return False
    ambiguous = found[at].nouns or found[at].is_adverb or found[at].participles
    return not ambiguous or before in ("je", "tu", "il", "elle", "ils", "elles", "on", "ne")


def _verb(found: Tokens, at: int) -> Iterator[str]:
    subject = subject_of(found, at)
    form = found[at].form
    if subject is None:
        return
    tenses = {tense for _, tense, person in found[at].finite if person == subject.person} - {"imperatif"}
    if not tenses:
        yield f"“{form}” is not a form for “{subject.text}”"
        return
    yield from _mood(found, at, tenses)
    after = at + 1
    while after < len(found) and (found[after].is_adverb or found[after].plain in ("pas", "rien", "plus")):
        after += 1
    if found[at].helper and after < len(found):
        yield from _compound(found, at, after)


def _compound(found: Tokens, at: int, after: int) -> Iterator[str]:
    verbs = {lemma for lemma, _ in found[after].participles}
    if not verbs or helper_of(found, after) != at:
        if found[after].infinitive and not found[after].nouns:
            yield f"“{found[after].form}” is an infinitive after an auxiliary"
        return
    accepted = accepted_agreements(found, at, after, verbs)
    shown = {agreement for lemma, agreement in found[after].participles if lemma in verbs}
    if accepted is not None and not shown & accepted:
        wanted = sorted(form for verb in verbs for a in accepted for form in participles(verb)[a])
        yield f"the participle “{found[after].form}” does not agree: {', '.join(wanted)}"


def _mood(found: Tokens, at: int, tenses: set[str]) -> Iterator[str]:
    if not any(word.plain.endswith("que") for word in found[:at]):
        return
    text = " ".join(token.form for token in found[:at]).lower().replace("’ ", "’").replace("qu’", "que ")
    padded = f"{text} "
    clause = next((trigger for trigger in (*SUBJUNCTIVE, *INDICATIVE) if f"{trigger} " in padded), None)
    if clause is None:
        return
    if clause in SUBJUNCTIVE and text.count(clause) and _follows(text, clause) and not tenses & _NO_TENSES:
        yield f"“{found[at].form}” is no subjunctive after “{clause}”"
    if clause in INDICATIVE and _follows(text, clause) and tenses <= _NO_TENSES:
        yield f"“{found[at].form}” is a subjunctive after “{clause}”"


def _follows(text: str, trigger: str) -> bool:
    """Whether only the subject and pronouns stand between the trigger and the verb."""
    between = text.rpartition(trigger)[2].split()
    return len(between) <= 5 and "," not in between
