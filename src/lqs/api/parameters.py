"""Reading the parameters of a query strictly; what is wrong with one is said with its name."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from fastapi import Request
from pydantic import WithJsonSchema

from lqs.api.moments import MAX_CHARACTERS, YEARS, read_moment
from lqs.api.schemas.bounds import MAX_CURSOR_CHARACTERS
from lqs.domain.errors import ParameterRefused
from lqs.domain.limits import MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_RESULTS

DEFAULT_RESULTS = 20

MOMENT = WithJsonSchema({"type": "string", "format": "date-time", "pattern": YEARS, "maxLength": MAX_CHARACTERS})
CURSOR = WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": MAX_CURSOR_CHARACTERS})
BOOLEAN = WithJsonSchema({"type": "boolean"})
NAME = WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 64})
LIMIT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 999_999_999, "default": DEFAULT_RESULTS}
LIMIT = WithJsonSchema(LIMIT_SCHEMA)
KEY = WithJsonSchema(
    {"type": "string", "pattern": r"^[\x21-\x7e]+$", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS}
)
"""How the parameters look in the OpenAPI document; what is none of these is refused by the readers below."""

Word = TypeVar("Word", bound=StrEnum)


def one_of(words: Iterable[str]) -> WithJsonSchema:
    """A parameter that takes one of these words."""
    return WithJsonSchema({"type": "string", "enum": [str(word) for word in words]})


def some_of(words: Iterable[str]) -> WithJsonSchema:
    """A parameter that takes some of these words, separated by commas."""
    known = [str(word) for word in words]
    items = {"type": "string", "enum": known}
    return WithJsonSchema({"type": "array", "items": items, "minItems": 1, "maxItems": len(known)})


def single(request: Request, name: str) -> str | None:
    """The value of a parameter, if it is there. Raises `ParameterRefused` if it is given several times."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise ParameterRefused(name, f"It is given {len(values)} times: give it once.")
    return values[0] if values else None


def limit_of(request: Request, most: int = MAX_RESULTS) -> int:
    """How many results are wanted, at most `most`. Raises `ParameterRefused` for what is no number from 1."""
    text = single(request, "limit")
    if text is None:
        return min(DEFAULT_RESULTS, most)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise ParameterRefused("limit", f"It is a number from 1; more than {most} counts as {most}.")
    return min(int(text), most)


def cursor_of(request: Request) -> str | None:
    """The cursor, if there is one."""
    return single(request, "cursor")


def moment_of(name: str, text: str) -> datetime:
    """A written time. Raises `ParameterRefused` for what is none."""
    moment = read_moment(text)
    if moment is None:
        raise ParameterRefused(name, "Write a time with its UTC offset, such as 2030-01-31T12:00:00Z.")
    return moment


def word_of(name: str, text: str, words: Iterable[str]) -> str:
    """One of these words. Raises `ParameterRefused` for any other."""
    known = tuple(words)
    if text not in known:
        raise ParameterRefused(name, f"It takes: {', '.join(known)}.")
    return text


def words_of(name: str, text: str, words: type[Word]) -> tuple[Word, ...]:
    """Some of these words, separated by commas, each once. Raises `ParameterRefused` for any other."""
    listed = text.split(",")
    if len(listed) > len(words):
        raise ParameterRefused(name, f"It takes at most {len(words)} words.")
    return tuple(dict.fromkeys(words(word_of(name, word.strip(), words)) for word in listed))
