"""The options for the terms of a generation request, with the limits of the API; `--timeout` is none of them.

Whoever reads their names must not take them for the time a command waits, so none of them is called so.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from lqs.cli.arguments import WrongUsage, parse_duration
from lqs.domain import limits

OPTIONS = {
    "priority": "--priority",
    "max_cost_microusd": "--max-cost",
    "timeout_seconds": "--finish-within",
    "start_within_seconds": "--start-within",
    "slot_timeout_seconds": "--attempt-timeout",
    "max_attempts": "--max-attempts",
    "retention_seconds": "--retention",
}
"""The option of each term, by its name in the API."""


_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def check_times(finish_within: int | None, start_within: int | None) -> None:
    """Refuse a start that may come after the end."""
    if finish_within and start_within and start_within > finish_within:
        raise WrongUsage("--start-within is longer than --finish-within: the work would end before it may start")


def _seconds(option: str, least: int, most: int) -> Callable[[str | int], int]:
    def parse(text: str | int) -> int:
        seconds = parse_duration(text)
        if seconds != int(seconds) or not least <= seconds <= most:
            raise WrongUsage(f"{option} must be whole seconds, from {_words(least)} to {_words(most)}")
        return int(seconds)

    return parse


def _words(seconds: int) -> str:
    """As users may write it: in the largest unit that leaves no rest."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _parse_attempts(text: str | int) -> int:
    if not str(text).isascii() or not str(text).isdigit() or not 1 <= int(text) <= limits.MAX_ATTEMPTS:
        raise WrongUsage(f"--max-attempts must be a number from 1 to {limits.MAX_ATTEMPTS}")
    return int(text)


def _term(field: str, least: int, most: int, help_text: str) -> typer.models.OptionInfo:
    option = OPTIONS[field]
    made: typer.models.OptionInfo = typer.Option(
        option, parser=_seconds(option, least, most), metavar="DURATION", show_default=False, help=help_text
    )
    return made


FinishWithinOption = Annotated[
    int | None,
    _term(
        "timeout_seconds",
        limits.MIN_TIMEOUT_SECONDS,
        limits.MAX_TIMEOUT_SECONDS,
        "End the work after this time and keep what is there, such as 90s or 10m; at most 1h.",
    ),
]
StartWithinOption = Annotated[
    int | None,
    _term(
        "start_within_seconds",
        limits.MIN_TIMEOUT_SECONDS,
        limits.MAX_TIMEOUT_SECONDS,
        "Give up, at no cost, what no worker has started by then; the whole run's time goes on meanwhile.",
    ),
]
AttemptTimeoutOption = Annotated[
    int | None,
    _term(
        "slot_timeout_seconds",
        limits.MIN_TIMEOUT_SECONDS,
        limits.MAX_SLOT_TIMEOUT_SECONDS,
        "Longest time one attempt at one entity may take; at most 10m.",
    ),
]
MaxAttemptsOption = Annotated[
    int | None,
    typer.Option(
        OPTIONS["max_attempts"],
        parser=_parse_attempts,
        metavar="N",
        show_default=False,
        help=f"Attempts each entity gets, from 1 to {limits.MAX_ATTEMPTS}.",
    ),
]
RetentionOption = Annotated[
    int | None,
    _term(
        "retention_seconds",
        limits.MIN_RETENTION_SECONDS,
        limits.MAX_RETENTION_SECONDS,
        "How long the record is kept after its end, from 1h to 30d; what was generated stays.",
    ),
]
