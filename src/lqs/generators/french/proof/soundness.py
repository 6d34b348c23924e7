"""What is wrong with a statement that is meant to be right, by the rules that need no comparison."""

import re
from collections.abc import Iterator
from itertools import pairwise

from lqs.generators.french.conjugator import participles
from lqs.generators.french.orthography import begins_with_vowel_sound
from lqs.generators.french.proof.compounds import accepted_agreements
from lqs.generators.french.proof.order import faults
from lqs.generators.french.proof.reading import (
    CLITICS,
    DETERMINERS,
    Tokens,
    helper_lemma,
    helper_of,
    noun_phrase,
    subject_of,
)
from lqs.generators.french.proof.words import (
    finite,
    infinitive_of,
    is_adverb,
    noun_agreements,
    participle_readings,
    readings,
    tokens,
)
from lqs.generators.french.tables.moods import INDICATIVE, SUBJUNCTIVE

_ELIDING = frozenset({"je", "me", "te", "se", "ne", "le", "la", "de", "que"})
_APART = frozenset({("à", "le"), ("à", "les"), ("de", "le"), ("de", "les")})
_NO_TENSES = frozenset({"subjonctif_present", "subjonctif_imparfait"})
_MARKS = re.compile(r"^[.,?!]$")


def flaws(text: str) -> Iterator[str]:
    """Each flaw in words; none for a statement that every rule lets pass."""
    found = tokens(text)
    yield from (f"{fault.code}: {fault.method}" for fault in faults(found))
    yield from _spelling(found)
    for at, token in enumerate(found):
        if finite(token.form) and _is_verb_here(found, at):
            yield from _verb(found, at)


def unknown_words(text: str, start: int, end: int) -> list[str]:
    """The words outside `text[start:end]` that the lexicon does not know."""
    return [
        token.form
        for token in tokens(text)
        if not (start < token.end and token.start < end)
        and not _MARKS.match(token.form)
        and not token.form.startswith("-")
        and not readings(token.form)
        and not readings(token.plain)
    ]


def _spelling(found: Tokens) -> Iterator[str]:
    for token, after in pairwise(found):
        pair = (token.plain, after.plain)
        vowel = begins_with_vowel_sound(after.form)
        if token.form.lower() in _ELIDING and vowel and after.form[0].isalpha() and after.plain not in ("onze", "un"):
            yield f"“{token.form} {after.form}” elides"
        if token.form.endswith("’") and len(token.form) < 4 and not vowel:
            yield f"“{token.form}{after.form}” does not elide"
        if pair in _APART and noun_phrase(found, found.index(after)):
            yield f"“{token.form} {after.form}” contracts"


def _is_verb_here(found: Tokens, at: int) -> bool:
    """Whether a word that can be a finite verb is one: it has its pronoun, or can be nothing else."""
    before = found[at - 1].plain if at else ""
    if before in DETERMINERS and noun_agreements(found[at].form) and before not in CLITICS:
        return False
    ambiguous = noun_agreements(found[at].form) or is_adverb(found[at].form) or participle_readings(found[at].form)
    return not ambiguous or before in ("je", "tu", "il", "elle", "ils", "elles", "on", "ne")


def _verb(found: Tokens, at: int) -> Iterator[str]:
    subject = subject_of(found, at)
    form = found[at].form
    if subject is None:
        return
    here = {reading for reading in finite(form) if reading.person == subject.person and reading.tense != "imperatif"}
    if not here:
        yield f"“{form}” is not a form for “{subject.text}”"
        return
    yield from _mood(found, at, {reading.tense for reading in here})
    after = at + 1
    while after < len(found) and (is_adverb(found[after].form) or found[after].plain in ("pas", "rien", "plus")):
        after += 1
    if helper_lemma(form) and after < len(found):
        yield from _compound(found, at, after)


def _compound(found: Tokens, at: int, after: int) -> Iterator[str]:
    verbs = {lemma for lemma, _ in participle_readings(found[after].form)}
    if not verbs or helper_of(found, after) != at:
        if infinitive_of(found[after].form) and not noun_agreements(found[after].form):
            yield f"“{found[after].form}” is an infinitive after an auxiliary"
        return
    accepted = accepted_agreements(found, at, after, verbs)
    shown = {agreement for lemma, agreement in participle_readings(found[after].form) if lemma in verbs}
    if accepted is not None and not shown & accepted:
        wanted = sorted(form for verb in verbs for a in accepted for form in participles(verb)[a])
        yield f"the participle “{found[after].form}” does not agree: {', '.join(wanted)}"


def _mood(found: Tokens, at: int, tenses: set[str]) -> Iterator[str]:
    text = " ".join(token.form for token in found[:at]).lower().replace("’ ", "’").replace("qu’", "que ")
    clause = next((trigger for trigger in (*SUBJUNCTIVE, *INDICATIVE) if f"{trigger} " in f"{text} "), None)
    if clause is None or found[at].start < 0:
        return
    if clause in SUBJUNCTIVE and text.count(clause) and _follows(text, clause) and not tenses & _NO_TENSES:
        yield f"“{found[at].form}” is no subjunctive after “{clause}”"
    if clause in INDICATIVE and _follows(text, clause) and tenses <= _NO_TENSES:
        yield f"“{found[at].form}” is a subjunctive after “{clause}”"


def _follows(text: str, trigger: str) -> bool:
    """Whether only the subject and pronouns stand between the trigger and the verb."""
    between = text.rpartition(trigger)[2].split()
    return len(between) <= 5 and "," not in between
