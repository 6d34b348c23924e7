"""Reads what users type: durations, pairs, constraints. The limits of the API hold here too, before any call."""

import difflib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lqs.cli.plain_help import PlainApp
from lqs.domain import limits
from lqs.domain.api_key import Scope
from lqs.domain.generation_request import Priority

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)?")
_MONEY = re.compile(r"\$?([0-9]{1,9})(?:\.([0-9]{1,6}))?")
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

CLIENT_EPILOG = (
    "The key is taken from LQS_API_KEY, else from the credentials file; "
    "the address from --url, LQS_API_URL, else the credentials file."
)
SCOPE_HELP = "read, write, priority or admin; repeat for more"

DEFAULT_TIMEOUT = 600.0
"""Seconds."""


def new_app(summary: str | None = None) -> typer.Typer:
    """An application below the root, in the plain style of all of them."""
    return PlainApp(help=summary, rich_markup_mode=None, add_completion=False)


class WrongUsage(typer.BadParameter):
    """Something is wrong in the command, in words that stand for themselves."""

    def format_message(self) -> str:
        """The words."""
        return self.message


def parse_duration(text: str | float) -> float:
    """Seconds in a text such as 90, 90s, 10m or 1h; a default is a number already."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration: write seconds, or a number with s, m, h or d")
    return float(match[1]) * _SECONDS[match[2] or ""]


def parse_count(text: str | int) -> int:
    """How many entities, within the limits of the API."""
    least, most = limits.MIN_ENTITIES, limits.MAX_ENTITIES
    if not (isinstance(text, int) or re.fullmatch(r"[0-9]{1,9}", text)) or not least <= int(text) <= most:
        raise WrongUsage(f"--count must be a number from {least} to {most}")
    return int(text)


def parse_money(text: str | int) -> int:
    """Millionths of a US dollar in a text of dollars, such as 0.05 or $2; a default is a number already."""
    if isinstance(text, int):
        return text
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise WrongUsage(f"{text!r} is no sum in US dollars: write it like 0.05, with six decimals at most")
    microusd = int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))
    if microusd > limits.MAX_COST_MICROUSD:
        raise WrongUsage(f"at most {limits.MAX_COST_MICROUSD // 1_000_000:,} US dollars")
    return microusd


def check_priority(word: str | None) -> str | None:
    """The word if it is a priority."""
    if word is not None:
        check_word("--priority", word, tuple(Priority))
    return word


def check_ids(value: Any) -> Any:
    """The id, or the ids, if the API can have made them."""
    for one in [value] if isinstance(value, str) else value or ():
        if not _ID.fullmatch(one):
            raise typer.BadParameter(f"{one!r} is malformed: an id is like 0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d")
    return value


def take_ids(given: Sequence[str]) -> list[str]:
    """The ids, each once; a single - stands for those on standard input, one a line."""
    if "-" not in given:
        return list(dict.fromkeys(check_ids(given)))
    read = sys.stdin.read().split()
    if not read and set(given) == {"-"}:
        raise WrongUsage("there are no ids on standard input")
    written = [one for one in given if one != "-"]
    return list(dict.fromkeys(check_ids([*written, *read])))


def parse_moment(text: str) -> datetime:
    """A point in time with its zone, such as 2030-01-31T12:00:00Z."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time with a zone: write it like 2030-01-31T12:00:00Z")
    return when


def check_idempotency_key(key: str | None) -> str | None:
    """The key if a header can carry it."""
    if key is not None and not re.fullmatch(rf"[\x21-\x7e]{{1,{limits.MAX_IDEMPOTENCY_KEY_CHARACTERS}}}", key):
        raise typer.BadParameter(f"1 to {limits.MAX_IDEMPOTENCY_KEY_CHARACTERS} visible ASCII characters, no spaces")
    return key


def parse_metadata(pairs: Sequence[str]) -> Mapping[str, str]:
    """Pairs written as key=value."""
    metadata: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise _wrong("--metadata", f"{pair!r} is no pair: write key=value")
        if key in metadata:
            raise _wrong("--metadata", f"the key {key!r} is given twice")
        if len(key) > limits.MAX_METADATA_KEY_CHARACTERS or len(value) > limits.MAX_METADATA_VALUE_CHARACTERS:
            longest = f"{limits.MAX_METADATA_KEY_CHARACTERS} and a value {limits.MAX_METADATA_VALUE_CHARACTERS}"
            raise _wrong("--metadata", f"a key has at most {longest} characters")
        metadata[key] = value
    if len(metadata) > limits.MAX_METADATA_PAIRS:
        raise _wrong("--metadata", f"at most {limits.MAX_METADATA_PAIRS} pairs")
    return metadata


def parse_scopes(words: Sequence[str]) -> list[Scope]:
    """The scopes of a key, each of them one that there is."""
    for word in words:
        check_word("--scope", word, tuple(Scope))
    return [Scope(word) for word in words]


def check_word(option: str, word: str, words: Sequence[str]) -> None:
    """Refuse a word that is none of `words`, which are all that this option takes."""
    if word not in words:
        near = difflib.get_close_matches(word, words, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise _wrong(option, f"{word!r} is none of {', '.join(words)}{hint}")


def gather_constraints(written: str | None, listed: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """The constraints: `written` is a JSON object, @file or - for standard input; `listed` comes from options."""
    constraints: dict[str, Any] = {} if written is None else dict(_parse_object(written))
    for field, values in listed.items():
        if values and field in constraints:
            raise _wrong("--constraints", f"{field!r} is given here and by its own option: choose one")
        if values:
            constraints[field] = list(values)
    return constraints


def _parse_object(written: str) -> Mapping[str, Any]:
    try:
        body = json.loads(_text_of(written))
        json.dumps(body, allow_nan=False)
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong("--constraints", f"cannot read it: {error}") from error
    except (ValueError, RecursionError) as error:
        raise _wrong("--constraints", f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _wrong("--constraints", "it must be a JSON object")
    return body


def _text_of(written: str) -> str:
    if written == "-":
        return sys.stdin.read()
    if written.startswith("@"):
        return Path(written[1:]).read_text(encoding="utf-8")
    return written


def _wrong(option: str, message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint=option)


IdsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="ID", callback=take_ids, help="Ids of the generation requests; - takes them from standard input."
    ),
]
UrlOption = Annotated[str | None, typer.Option("--url", metavar="URL", help="Address of the API.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what the API says, as JSON: an object a line.")]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        parser=parse_duration,
        metavar="DURATION",
        show_default=False,
        help="How long to wait, such as 90s or 1h; 10m unless given.",
    ),
]
PriorityOption = Annotated[
    str | None,
    typer.Option(
        "--priority",
        metavar="WORD",
        callback=check_priority,
        help="low, normal or high: a weight beside other work; high needs a key with the scope priority.",
        show_default=False,
    ),
]
MaxCostOption = Annotated[
    int | None,
    typer.Option(
        "--max-cost",
        parser=parse_money,
        metavar="DOLLARS",
        help="What all model calls together may cost, in US dollars, such as 0.05.",
        show_default=False,
    ),
]
PartialOkOption = Annotated[bool, typer.Option("--partial-ok", help="A partial outcome is good enough: exit with 0.")]
