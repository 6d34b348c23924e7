"""Reading bodies strictly: bounded, real JSON, nothing PostgreSQL cannot store, no field nobody asked for.

No answer ever repeats a value from the body, but for a word that is looked up and told back, cleaned and cut short.
"""

import asyncio
import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lqs.api.schemas.bounds import MAX_FINDINGS
from lqs.domain.errors import (
    BodyMalformed,
    BodyRefused,
    BodyTooLarge,
    BodyTooSlow,
    Finding,
    MediaTypeUnsupported,
    ParameterRefused,
    ParameterUnknown,
)
from lqs.domain.limits import MAX_BODY_BYTES, MAX_JSON_DEPTH

Model = TypeVar("Model", bound=BaseModel)

_MOST_POINTER_CHARACTERS = 200
_MOST_LENGTH_DIGITS = 18

_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "string_too_short": "out_of_range",
    "string_too_long": "out_of_range",
    "too_long": "out_of_range",
    "too_short": "out_of_range",
    "literal_error": "unknown_value",
    "enum": "unknown_value",
}
_LIMITS = {"ge": "min", "le": "max", "min_length": "min", "max_length": "max"}


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body as a checked model; an empty body counts as `{}`.

    Raises `MediaTypeUnsupported`, `BodyTooLarge`, `BodyTooSlow`, `BodyMalformed`, `BodyRefused`.
    """
    raw = await _read_bounded(request)
    if raw.strip():
        _require_json(request)
    else:
        raw = b"{}"
    _refuse_unstorable(_parse(raw))
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise BodyRefused([_finding(detail, model) for detail in details[:MAX_FINDINGS]]) from None


def refuse_unknown_parameters(
    request: Request, known: frozenset[str] = frozenset(), lists: frozenset[str] = frozenset()
) -> None:
    """Raise `ParameterUnknown` for a query parameter that the operation does not know, and `ParameterRefused` for one
    that is given several times and is none of `lists`.
    """
    for name in request.query_params:
        if name not in known:
            listed = f"It takes: {', '.join(sorted(known))}." if known else "It takes none."
            raise ParameterUnknown(f"{name[:64]!r} is not a parameter of this operation. {listed}")
        times = len(request.query_params.getlist(name))
        if times > 1 and name not in lists:
            raise ParameterRefused(name, f"It is given {times} times: give it once.")


async def _read_bounded(request: Request) -> bytes:
    """Stops at the limit, so that a body of any length costs no memory."""
    too_large = BodyTooLarge(f"A body may have at most {MAX_BODY_BYTES} bytes.")
    if len(declared := request.headers.get("content-length", "0")) > _MOST_LENGTH_DIGITS:
        raise too_large
    if not declared.isdecimal():
        raise BodyMalformed("The header Content-Length is not a number.")
    if int(declared) > MAX_BODY_BYTES:
        raise too_large
    read = bytearray()
    seconds = request.app.state.parts.body_timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                read += chunk
                if len(read) > MAX_BODY_BYTES:
                    raise too_large
    except TimeoutError:
        raise BodyTooSlow(seconds) from None
    return bytes(read)


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise MediaTypeUnsupported("Send the body with the header Content-Type: application/json.")
    if {"", "identity"}.issuperset(coding.strip().lower() for coding in request.headers.getlist("content-encoding")):
        return
    raise MediaTypeUnsupported("Send the body as it is, without Content-Encoding.")


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise BodyMalformed(f"The body must be UTF-8; it is not at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise BodyMalformed(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise BodyRefused([_too_deep("")]) from None
    except ValueError:
        raise BodyRefused([Finding("", "number_too_long", "A number in the body has too many digits.")]) from None


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise BodyRefused([Finding("", "duplicate_field", "An object in the body names the same field twice.")])
    return members


def _refuse_unstorable(value: Any) -> None:
    findings = []
    for finding in _unstorable(value, "", 1):
        findings.append(finding)
        if len(findings) == MAX_FINDINGS:
            break
    if findings:
        raise BodyRefused(findings)


def _unstorable(value: Any, pointer: str, depth: int) -> Iterator[Finding]:
    if isinstance(value, str):
        yield from _unstorable_text(value, pointer)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Finding(pointer, "not_finite", "A number must be finite: NaN, Infinity and 1e999 are not.")
    elif isinstance(value, (dict, list)) and depth > MAX_JSON_DEPTH:
        yield _too_deep(pointer)
    elif isinstance(value, dict):
        for name, member in value.items():
            place = _step(pointer, name)
            yield from _unstorable_text(name, place)
            yield from _unstorable(member, place, depth + 1)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _unstorable(member, _step(pointer, index), depth + 1)


def _unstorable_text(text: str, pointer: str) -> Iterator[Finding]:
    if "\x00" in text:
        yield Finding(pointer, "forbidden_character", "Text may not contain the character U+0000.")
    if not _encodable(text):
        yield Finding(pointer, "forbidden_character", "Text may not contain half of a surrogate pair.")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(pointer: str) -> Finding:
    return Finding(pointer, "too_deep", f"The body may nest at most {MAX_JSON_DEPTH} levels.", {"max": MAX_JSON_DEPTH})


def _finding(detail: ErrorDetails, model: type[BaseModel]) -> Finding:
    pointer = ""
    for part in detail["loc"]:
        pointer = _step(pointer, part)
    limits = {_LIMITS[name]: value for name, value in detail.get("ctx", {}).items() if name in _LIMITS}
    code = _CODES.get(detail["type"], "wrong_type" if detail["type"].endswith("_type") else "invalid")
    sentence = detail["msg"].removeprefix("Value error, ").rstrip(".") + "."
    if code == "unknown_field":
        sentence = f"There is no such field.{_nearest(detail, model)}"
    if code == "out_of_range":
        limits = _range_of(detail, model) | limits
        sentence = _range_sentence(detail, limits)
    return Finding(pointer, code, sentence, limits)


def _range_sentence(detail: ErrorDetails, limits: Mapping[str, object]) -> str:
    least, most = limits.get("min"), limits.get("max")
    noun = "number" if "than" in detail["type"] else "length"
    if least is not None and most is not None:
        return f"The {noun} must be from {least} to {most}."
    return f"The {noun} must be at least {least}." if most is None else f"The {noun} must be at most {most}."


def _nearest(detail: ErrorDetails, model: type[BaseModel]) -> str:
    place, known = detail["loc"], list(_fields_at(detail["loc"][:-1], model))
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f" Did you mean {near[0]}?" if near else f" There is: {', '.join(sorted(known))}."


def _range_of(detail: ErrorDetails, model: type[BaseModel]) -> dict[str, object]:
    """Both ends of a range, though only one was crossed."""
    fields = _fields_at(detail["loc"][:-1], model)
    field = fields.get(str(detail["loc"][-1]))
    ends: dict[str, object] = {}
    for constraint in field.metadata if field else ():
        for name, word in _LIMITS.items():
            if (limit := getattr(constraint, name, None)) is not None:
                ends[word] = limit
    return ends


def _fields_at(place: tuple[int | str, ...], model: type[BaseModel]) -> Mapping[str, Any]:
    for part in place:
        field = model.model_fields.get(str(part))
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return {}
        model = annotation
    return model.model_fields


def _step(pointer: str, part: int | str) -> str:
    if len(pointer) > _MOST_POINTER_CHARACTERS:
        return pointer
    printable = str(part)[:64].encode("ascii", "backslashreplace").decode().replace("\x00", "\\u0000")
    return f"{pointer}/{printable.replace('~', '~0').replace('/', '~1')}"
