"""A problem: four statements that share one carrier sentence, one of them right; and what one may ask for."""

import hashlib
import json
import re
import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Tense = Literal["present", "passe_compose"]
Person = Literal["1s", "2s", "3s", "1p", "2p", "3p"]
ErrorCode = Literal["agreement.subject_verb", "aux.choice", "participle.agreement", "reflexive.person"]
Level = Literal["A1", "A2", "B1", "B2", "C1"]
Key = Literal["a", "b", "c", "d"]

TENSES: tuple[Tense, ...] = ("present", "passe_compose")
PERSONS: tuple[Person, ...] = ("1s", "2s", "3s", "1p", "2p", "3p")
ERROR_CODES: tuple[ErrorCode, ...] = (
    "agreement.subject_verb",
    "aux.choice",
    "participle.agreement",
    "reflexive.person",
)
KEYS: tuple[Key, ...] = ("a", "b", "c", "d")
STATEMENTS = len(KEYS)
WRONG_STATEMENTS = STATEMENTS - 1

MAX_SEED = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""

_NOT_LETTERS = re.compile(r"[\W_]+")

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Lemma = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProblemConstraints(BaseModel):
    """What the caller asks of a problem; a field left out leaves the choice to the generator."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    verbs: Annotated[list[Lemma], Field(min_length=1, max_length=20)] | None = Field(
        None, description="Dictionary forms, such as aller or se lever; each problem is about one of them."
    )
    tenses: Annotated[list[Tense], Field(min_length=1, max_length=len(TENSES))] | None = Field(
        None, description="Each problem is in one of these tenses."
    )
    persons: Annotated[list[Person], Field(min_length=1, max_length=len(PERSONS))] | None = Field(
        None, description="Person and number of the subject: 1s is je, 3p is ils, elles or a plural noun."
    )
    error_codes: Annotated[list[ErrorCode], Field(min_length=1, max_length=len(ERROR_CODES))] | None = Field(
        None, description="The only kinds of error the wrong statements may show."
    )
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = Field(
        None, description="The same seed repeats the same problems; without it every generation request differs."
    )


class Target(_Part):
    """What the problem trains: one verb in one tense and person, with the subject as it stands in the sentence."""

    lemma: Lemma
    pronominal: bool
    tense: Tense
    person: Person
    subject: Word


class StatementError(_Part):
    """Where a wrong statement is wrong.

    `text[start:end]` (in characters) is `wrong`; putting `correction` there gives the correct statement.
    """

    code: ErrorCode
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
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

    status: Literal["verified"]
    engine: Word
    checks: tuple[Check, ...]


class Provenance(_Part):
    """Who made the problem; the same generator makes it again from `seed` and `slot_index`. `model` is null offline."""

    generator: Word
    model: Word | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    slot_index: Annotated[int, Field(ge=0)]


class Problem(_Part):
    """The content of a problem. Storage adds what makes it an entity: id, owner, generation request, slot and time."""

    schema_version: Literal[1] = 1
    problem_type: Literal["grammar"] = "grammar"
    focus: Literal["conjugation"] = "conjugation"
    language: Literal["fr"] = "fr"
    explanation_language: Literal["en"] = "en"
    cefr: Level
    tags: Annotated[tuple[Word, ...], Field(max_length=16)] = ()
    instructions: Text
    target: Target
    statements: Annotated[tuple[Statement, ...], Field(min_length=STATEMENTS, max_length=STATEMENTS)]
    correct_index: Annotated[int, Field(ge=0, lt=STATEMENTS)]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    verification: Verification | None = None
    provenance: Provenance


def fold(text: str) -> str:
    """The text without what does not make two statements different: case, spaces, punctuation, apostrophe shapes."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFC", text).casefold())


def fingerprint(target: Target, statements: tuple[Statement, ...]) -> str:
    """SHA-256 (64 hexadecimal digits) of what a learner would recognise; the order of the statements plays no part."""
    content = {
        "lemma": target.lemma,
        "tense": target.tense,
        "correct": sorted(fold(s.text) for s in statements if s.is_correct),
        "wrong": sorted(fold(s.text) for s in statements if not s.is_correct),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
