"""The options that say which generation requests a command is for, and the filter of the API that they make."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, cast

import typer

from lqs.cli.arguments import WrongUsage, check_word, parse_duration, parse_metadata, parse_moment
from lqs.domain.generation_request import EndReason, Priority, Status
from lqs.domain.slot_errors import SlotErrorCode


@dataclass(frozen=True, slots=True)
class _Words:
    """An option that may be repeated; any of its words matches. `words` are all that there are."""

    words: tuple[str, ...]
    help: str


_WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        "status": _Words(tuple(Status), "Only with this status; repeat for more."),
        "end_reason": _Words(tuple(EndReason), "Only what ended for this reason; repeat for more."),
        "error_code": _Words(tuple(SlotErrorCode), "Only where a slot failed with this code; repeat for more."),
        "priority": _Words(tuple(Priority), "Only of this priority; repeat for more."),
    }
)
_MOMENTS: Mapping[str, str] = MappingProxyType(
    {
        "requested_after": "Only what was asked for at this time or later.",
        "requested_before": "Only what was asked for before this time.",
        "completed_after": "Only what was done at this time or later.",
        "completed_before": "Only what was done before this time.",
    }
)


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """The command with all options of a filter; its parameter `wanted` gets the filter, as the API takes it."""

    def with_filter(**given: Any) -> None:
        named = {name: given.pop(name) for name in _options()}
        command(wanted=_filter(named), **given)

    own = [one for one in inspect.signature(command).parameters.values() if one.name != "wanted"]
    arguments = [one for one in own if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    options = [one for one in own if one.kind is inspect.Parameter.KEYWORD_ONLY]
    cast(Any, with_filter).__signature__ = inspect.Signature([*arguments, *_options().values(), *options])
    with_filter.__doc__ = command.__doc__
    return with_filter


def need(wanted: Mapping[str, Any]) -> None:
    """Refuse a filter that would match everything."""
    if not wanted:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in _options())
        raise WrongUsage(f"say which generation requests, by at least one of {names}")


def _options() -> dict[str, inspect.Parameter]:
    declared: dict[str, Any] = {
        "older_than": Annotated[
            float | None,
            typer.Option(
                parser=parse_duration,
                metavar="DURATION",
                help="Only what ended, or while not done was asked for, longer ago, such as 7d.",
            ),
        ],
        "metadata": Annotated[
            list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only with this note; repeat for more.")
        ],
        "entity_type": Annotated[str | None, typer.Option(metavar="TYPE", help="Only of this type, such as problem.")],
    }
    declared |= {
        name: Annotated[list[str] | None, typer.Option(metavar="WORD", help=words.help)]
        for name, words in _WORDS.items()
    }
    declared |= {
        name: Annotated[Any, typer.Option(parser=parse_moment, metavar="TIME", help=text)]
        for name, text in _MOMENTS.items()
    }
    return {
        name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in declared.items()
    }


def _filter(named: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name, value in named.items():
        if value is None or value == []:
            continue
        if name in _WORDS:
            for word in value:
                check_word(f"--{name.replace('_', '-')}", word, _WORDS[name].words)
            wanted[name] = list(value)
        elif name in _MOMENTS:
            wanted[name] = value.isoformat()
        elif name == "metadata":
            wanted[name] = dict(parse_metadata(value))
        elif name == "older_than":
            wanted["older_than_seconds"] = math.ceil(value)
        else:
            wanted[name] = value
    return wanted
