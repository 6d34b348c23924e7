"""`lqs generation stats`: how many, how fast, how well, and for how much."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from lqs.cli.arguments import JsonOption, UrlOption, check_word, parse_duration, parse_moment
from lqs.cli.connection import open_client
from lqs.cli.plain import clean, columns, duration, moment, share
from lqs.domain.money import money
from lqs_client import StatisticsGroup, Times

GROUPS = ("type", "status", "end-reason", "priority", "model")
_NAMES = {"type": "entity_type", "end-reason": "end_reason"}
_BUCKETS = ("hour", "day")


def parse_when(text: str) -> datetime:
    """A time, or how long ago: 24h or 2030-01-31T12:00:00Z."""
    if re.match(r"[0-9.]+[smhd]?$", text):
        return datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    return parse_moment(text)


def show(  # noqa: PLR0913  one parameter an option
    *,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_when,
            metavar="TIME",
            show_default=False,
            help="From when on, such as 24h, 7d or 2030-01-31T12:00:00Z; a day before the end unless given.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_when, metavar="TIME", show_default=False, help="Until when, likewise; now unless given."
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help=f"Numbers for each {', '.join(GROUPS)}; repeat, or join with commas."),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(metavar="WORD", help="Numbers for each hour or day (UTC).", show_default=False)
    ] = None,
    all_owners: Annotated[
        bool, typer.Option("--all-owners", help="Of all owners; needs a key with the scope admin.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Count generation requests: outcomes, times, reasons of failures, cost. By model, attempts alone are counted."""
    words = [word for given in by or () for word in given.split(",") if word]
    for word in words:
        check_word("--by", word, GROUPS)
    if bucket is not None:
        check_word("--bucket", bucket, _BUCKETS)
    with open_client(url) as client:
        found = client.stats(
            group_by=[_NAMES.get(word, word) for word in words],
            since=since,
            until=until,
            bucket=bucket,
            all_owners=all_owners,
        )
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    print(f"Asked for from {moment(found.since)} until {moment(found.until)}")
    print()
    print(_table(found.results, words, by_time=bucket is not None) if found.results else "Nothing was asked for.")
    if failures := [line for group in found.results for line in _failures(group)]:
        print()
        print(columns(("FAILED WITH", "SLOTS", "ATTEMPTS"), _summed(failures)))


def _table(groups: Sequence[StatisticsGroup], words: Sequence[str], *, by_time: bool) -> str:
    head = [*(["FROM"] if by_time else []), *(word.upper().replace("-", " ") for word in words)]
    numbers: list[list[str]] = []
    titles: list[str] = []
    for group in groups:
        cells = _cells(group)
        titles = list(cells)
        place = [moment(group.bucket)] if by_time else []
        place += [clean(group.group.get(_NAMES.get(word, word)) or "-") for word in words]
        numbers.append([*place, *cells.values()])
    return columns([*head, *titles], numbers)


def _cells(group: StatisticsGroup) -> dict[str, str]:
    cells: dict[str, str] = {}
    if group.requests and group.entities:
        cells |= {
            "REQUESTS": str(group.requests.total),
            "COMPLETED": share(group.requests.success_rate),
            "AVG": _seconds(group.requests.seconds.average),
            "P50": _seconds(group.requests.seconds.p50),
            "P95": _seconds(group.requests.seconds.p95),
            "ENTITIES": f"{group.entities.generated} of {group.entities.requested}",
        }
    cells |= {
        "ATTEMPTS": str(group.attempts.total),
        "FAILED": str(group.attempts.failed),
        "EACH P50/P95": _both(group.attempts.seconds),
        "COST": money(group.cost_microusd),
        "WASTED": money(group.wasted_microusd),
    }
    return cells


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else duration(seconds)


def _both(times: Times) -> str:
    return f"{_seconds(times.p50)}/{_seconds(times.p95)}"


def _failures(group: StatisticsGroup) -> list[tuple[str, int | None, int]]:
    return [(one.code, one.slots, one.attempts) for one in group.failures]


def _summed(failures: Sequence[tuple[str, int | None, int]]) -> list[tuple[str, str, str]]:
    """One line a code, over all groups."""
    slots: dict[str, int] = {}
    attempts: dict[str, int] = {}
    for code, in_slots, in_attempts in failures:
        slots[code] = slots.get(code, 0) + (in_slots or 0)
        attempts[code] = attempts.get(code, 0) + in_attempts
    known = any(in_slots is not None for _, in_slots, _ in failures)
    order = sorted(attempts, key=lambda code: (-slots[code], -attempts[code], code))
    return [(code, str(slots[code]) if known else "-", str(attempts[code])) for code in order]
