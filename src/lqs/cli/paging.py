"""What every list takes, and how a page is printed for programs."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from lqs.cli.arguments import WrongUsage

LimitOption = Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How many on a page.")]
CursorOption = Annotated[str | None, typer.Option(metavar="CURSOR", help="Where the page before ended.")]
EveryOption = Annotated[bool, typer.Option("--all", help="All pages, one after the other.")]
IdsOption = Annotated[bool, typer.Option("--ids", help="Only the ids, one a line.")]


def check_form(*, ids: bool, as_json: bool) -> None:
    """Raise `WrongUsage` if the same shall be printed in two ways."""
    if ids and as_json:
        raise WrongUsage("--ids and --json are two ways to print the same: choose one")


def print_raw(page: Mapping[str, Any], ids: Iterable[str], *, as_json: bool) -> None:
    """Print a page as one line of JSON, or else the ids on it, one a line."""
    if as_json:
        print(json.dumps(page, ensure_ascii=False), flush=True)
    else:
        for one in ids:
            print(one)
