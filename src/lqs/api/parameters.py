"""Reading the parameters of a query strictly; what is wrong with one is said with its name."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from fastapi import Request

from lqs.api.moments import read_moment
from lqs.domain.errors import ParameterRefused

DEFAULT_RESULTS = 20
MAX_RESULTS = 100

Word = TypeVar("Word", bound=StrEnum)


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
    return tuple(dict.fromkeys(words(word_of(name, word.strip(), words)) for word in text.split(",")))
