"""A problem: three to five statements that share one carrier sentence, one of them right; and what one may ask for."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lqs.domain.limits import MAX_ENTITIES

Focus = Literal["conjugation", "pronouns", "agreement", "negation", "reflexive", "mood", "spelling"]
Tense = Literal[
    "present",
    "imparfait",
    "passe_simple",
    "futur",
    "passe_compose",
    "plus_que_parfait",
    "futur_anterieur",
    "conditionnel_present",
    "conditionnel_passe",
    "subjonctif_present",
    "subjonctif_passe",
    "imperatif",
]
Person = Literal["1s", "2s", "3s", "1p", "2p", "3p"]
Negation = Literal["pas", "plus", "jamais", "rien", "personne"]
ObjectForm = Literal["none", "noun", "pronoun"]
ErrorCode = Literal[
    "agreement.subject_verb",
    "form.stem_or_spelling",
    "form.imperative",
    "aux.choice",
    "participle.agreement",
    "participle.for_infinitive",
    "infinitive.for_participle",
    "mood.subjunctive",
    "mood.indicative",
    "mood.si",
    "tense.marker",
    "reflexive.person",
    "reflexive.missing",
    "negation.order",
    "negation.incomplete",
    "negation.double",
    "article.after_negation",
    "pronoun.placement",
    "pronoun.order",
    "pronoun.category",
    "pronoun.agreement",
    "pronoun.y_en",
    "np.gender",
    "adjective.agreement",
    "elision",
    "h_aspire",
    "contraction",
    "before_vowel",
    "euphonic_t",
    "preposition.verb",
]
Level = Literal["A1", "A2", "B1", "B2", "C1"]
Topic = Literal["daily_life", "food", "home", "leisure", "people", "school", "shopping", "travel", "work"]
Key = Literal["a", "b", "c", "d", "e"]

FOCUSES: tuple[Focus, ...] = get_args(Focus)
TENSES: tuple[Tense, ...] = get_args(Tense)
PERSONS: tuple[Person, ...] = get_args(Person)
ERROR_CODES: tuple[ErrorCode, ...] = get_args(ErrorCode)
LEVELS: tuple[Level, ...] = get_args(Level)
TOPICS: tuple[Topic, ...] = get_args(Topic)
KEYS: tuple[Key, ...] = get_args(Key)

STATEMENTS = 4
"""How many statements a problem has unless the caller says otherwise."""
MIN_STATEMENTS, MAX_STATEMENTS = 3, len(KEYS)

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False)

MAX_SEED = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""

MAX_TEXT_CHARACTERS = 500
_PLAIN = r"^[^\x00]*$"

Text = Annotated[str, StringConstraints(pattern=_PLAIN, min_length=1, max_length=MAX_TEXT_CHARACTERS)]
Word = Annotated[str, StringConstraints(pattern=_PLAIN, min_length=1, max_length=100)]
Lemma = Annotated[str, StringConstraints(pattern=_PLAIN, min_length=1, max_length=40)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\s,]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProblemConstraints(BaseModel):
    """What the caller asks of a problem; a field left out leaves the choice to the generator."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    focus: Annotated[list[Focus], Field(min_length=1, max_length=len(FOCUSES))] | None = Field(
        None, description="Each problem is about one of these: what its wrong statements get wrong."
    )
    verbs: Annotated[list[Lemma], Field(min_length=1, max_length=20)] | None = Field(
        None, description="Dictionary forms, such as aller or se lever; each problem is about one of them."
    )
    tenses: Annotated[list[Tense], Field(min_length=1, max_length=len(TENSES))] | None = Field(
        None, description="Each problem is in one of these tenses."
    )
    persons: Annotated[list[Person], Field(min_length=1, max_length=len(PERSONS))] | None = Field(
        None, description="Person and number of the subject: 1s is je, 3p is ils, elles or a plural noun."
    )
    negation: bool | None = Field(None, description="Whether the correct statement is negative.")
    direct_object: ObjectForm | None = Field(
        None, description="How the direct object of the verb is expressed in the correct statement."
    )
    indirect_object: ObjectForm | None = Field(
        None, description="How the indirect object (with à, of a person) is expressed in the correct statement."
    )
    error_codes: Annotated[list[ErrorCode], Field(min_length=1, max_length=len(ERROR_CODES))] | None = Field(
        None, description="The only kinds of error the wrong statements may show."
    )
    statement_count: Annotated[int, Field(ge=MIN_STATEMENTS, le=MAX_STATEMENTS)] | None = Field(
        None, description=f"How many statements a problem has, one of them correct; {STATEMENTS} if left out."
    )
    cefr: Annotated[list[Level], Field(min_length=1, max_length=len(LEVELS))] | None = Field(
        None, description="Each problem is of one of these levels."
    )
    topics: Annotated[list[Topic], Field(min_length=1, max_length=len(TOPICS))] | None = Field(
        None, description="What the sentence is about."
    )
    tags: Annotated[list[Tag], Field(min_length=1, max_length=8)] | None = Field(
        None, description="Words of your own that every problem carries among its tags."
    )
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = Field(
        None, description="The same seed repeats the same problems; without it every generation request differs."
    )


class Target(_Part):
    """What the problem trains: one verb in one tense and person, with the subject as it stands in the sentence.

    `subject` is empty in the imperative. Objects are those of the verb in the correct statement.
    """

    lemma: Lemma
    pronominal: bool
    tense: Tense
    person: Person
    subject: Annotated[str, StringConstraints(pattern=_PLAIN, max_length=100)]
    negation: Negation | None = None
    direct_object: ObjectForm = "none"
    indirect_object: ObjectForm = "none"


class StatementError(_Part):
    """Where a wrong statement is wrong.

    `text[start:end]` (in characters) is `wrong`; putting `correction` there gives the correct statement.
    """

    code: ErrorCode
    start: Annotated[int, Field(ge=0, le=MAX_TEXT_CHARACTERS)]
    end: Annotated[int, Field(ge=1, le=MAX_TEXT_CHARACTERS)]
    wrong: Word
    correction: Word


class Proof(_Part):
    """How a wrong statement was proven wrong, and what kind of error the proof found."""

    method: Word
    code: ErrorCode


class Statement(_Part):
    """One option. Only the correct one has a `translation`; only wrong ones an `error`, and once verified a `proof`."""

    key: Key
    text: Text
    is_correct: bool
    translation: Text | None = None
    error: StatementError | None = None
    explanation: Text
    proof: Proof | None = None


class Check(_Part):
    """One finding of the verification."""

    code: Word
    passed: bool
    detail: Text


class Verification(_Part):
    """What was checked before the problem was stored, and by which engine."""

    status: Literal["verified", "warned"]
    engine: Word
    checks: Annotated[tuple[Check, ...], Field(max_length=50)]


class Provenance(_Part):
    """Who made the problem; the same generator makes it again from `seed` and `slot_index`. `model` is null offline."""

    generator: Word
    model: Word | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    slot_index: Annotated[int, Field(ge=0, lt=MAX_ENTITIES)]


class Problem(_Part):
    """The content of a problem. Storage adds what makes it an entity: id, owner, generation request, slot and time."""

    schema_version: Literal[1] = 1
    problem_type: Literal["grammar"] = "grammar"
    focus: Focus = "conjugation"
    language: Literal["fr"] = "fr"
    explanation_language: Literal["en"] = "en"
    cefr: Level
    tags: Annotated[tuple[Word, ...], Field(max_length=24)] = ()
    instructions: Text
    target: Target
    statements: Annotated[tuple[Statement, ...], Field(min_length=MIN_STATEMENTS, max_length=MAX_STATEMENTS)]
    correct_index: Annotated[int, Field(ge=0, lt=MAX_STATEMENTS)]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", max_length=64)]
    verification: Verification | None = None
    provenance: Provenance


_USUAL_MARKS = (" ", "’", ".", ",", "\u00a0", "?", "!", "-")
"""What most statements have besides letters: to leave it out at once takes half the time of asking each character."""


@lru_cache(maxsize=64)
def fold(text: str) -> str:
    """The text without what does not make two statements different: case, spaces, punctuation, apostrophe shapes."""
    folded = unicodedata.normalize("NFC", text).casefold()
    for mark in _USUAL_MARKS:
        folded = folded.replace(mark, "")
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def fingerprint(lemma: str, tense: str, correct: Iterable[str], wrong: Iterable[str]) -> str:
    """SHA-256 (64 hexadecimal digits) of what a learner would recognise; the order of the statements plays no part."""
    return _digest(lemma, tense, tuple(sorted(map(fold, correct))), tuple(sorted(map(fold, wrong))))


@lru_cache(maxsize=64)
def _digest(lemma: str, tense: str, correct: tuple[str, ...], wrong: tuple[str, ...]) -> str:
    content = {"correct": correct, "lemma": lemma, "tense": tense, "wrong": wrong}
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()
