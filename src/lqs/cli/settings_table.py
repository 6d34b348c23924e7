"""`lqs help settings`: every setting of the service, with its variable, what holds unless it is set, and a sentence."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from lqs.cli.arguments import WrongUsage
from lqs.cli.plain import columns
from lqs.settings.told import ToldSetting, told_settings


def about_settings(names: Sequence[str], *, as_json: bool) -> str:
    """All of them; or those with one of the names in theirs, however it is written, and then also what they take.

    Raises `WrongUsage` for a name that is in none.
    """
    told = list(told_settings())
    parts = [name.upper().replace("-", "_") for name in names] or [""]
    for part in parts:
        if not any(part in one.variable for one in told):
            near = difflib.get_close_matches(part, [one.variable for one in told], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise WrongUsage(f"there is no setting with {part} in its name{hint}")
    wanted = [one for one in told if any(part in one.variable for part in parts)]
    return _as_json(wanted) if as_json else _as_table(wanted, with_takes=bool(names))


def _as_json(wanted: Sequence[ToldSetting]) -> str:
    rows = [{name: _plain(value) for name, value in asdict(one).items()} for one in wanted]
    return json.dumps({"settings": rows}, ensure_ascii=False)


def _as_table(wanted: Sequence[ToldSetting], *, with_takes: bool) -> str:
    head = ("VARIABLE", "UNLESS SET", *(("TAKES",) if with_takes else ()), "WHAT IT IS")
    first, *lines = columns(head, [_row(one, with_takes=with_takes) for one in wanted]).splitlines()
    told = [f"  {first}"]
    for section, ones in groupby(zip(wanted, lines, strict=True), key=lambda pair: pair[0].section):
        told += ["", section, *(f"  {line}" for _, line in ones)]
    return "\n".join(told)


def _row(one: ToldSetting, *, with_takes: bool) -> tuple[str, ...]:
    default = "unset" if one.default is None else str(one.default)
    return (one.variable, default, *((_plain(one.takes),) if with_takes else ()), one.sentence)


def _plain(value: Any) -> Any:
    """Words without the backticks of a page."""
    return value.replace("`", "") if isinstance(value, str) else value
