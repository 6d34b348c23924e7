"""`lqs generation list`: which generation requests there are."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from lqs.cli.arguments import CLIENT_EPILOG, JsonOption, UrlOption, check_word
from lqs.cli.bulk import EverybodyOption
from lqs.cli.connection import open_client
from lqs.cli.filters import filtered
from lqs.cli.paging import CursorOption, EveryOption, IdsOption, LimitOption, check_form, print_raw
from lqs.cli.plain import clean, columns, moment
from lqs.cli.program import command
from lqs.domain.money import money
from lqs_client import GenerationRequest, GenerationRequestPage, RequestFilters

_STATES = ("any", "open", "done")


def add_list(app: typer.Typer) -> None:
    """Add what is here to the commands of generation requests."""
    app.command("list", epilog=CLIENT_EPILOG)(filtered(list_requests))


def list_requests(  # noqa: PLR0913  one parameter an option
    *,
    wanted: Mapping[str, Any],
    state: Annotated[str, typer.Option(metavar="STATE", help=f"{', '.join(_STATES)}.")] = "any",
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Not the newest first.")] = False,
    everybody: EverybodyOption = False,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    every: EveryOption = False,
    ids: IdsOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List generation requests, the newest first. The options are those of bulk, which changes of these what it can.

    With --json every page is one line.
    """
    check_form(ids=ids, as_json=as_json)
    check_word("--state", state, _STATES)
    filters = dict(wanted)
    filters |= {} if state == "any" else {"done": state == "done"}
    filters |= {"order_by": "requested_at"} if oldest_first else {}
    filters |= {"all_owners": True} if everybody else {}
    first: GenerationRequest | None = None
    begun = cursor is not None
    with open_client(url) as client:
        while True:
            page = client.requests.list(limit=limit, cursor=cursor, **cast(RequestFilters, filters))
            _print(page, ids=ids, as_json=as_json, everybody=everybody, headed=first is None)
            first = first or next(iter(page.results), None)
            cursor = page.next_cursor
            # A page that only says where to go on is none that anybody asked for.
            if cursor is None or (first and not every):
                break
    sys.stdout.flush()
    if not (as_json or ids):
        _advise(first, cursor, begun=begun)


def _print(page: GenerationRequestPage, *, ids: bool, as_json: bool, everybody: bool, headed: bool) -> None:
    if as_json or ids:
        print_raw(page.raw, [one.request_id for one in page.results], as_json=as_json)
    elif page.results:
        head = ["ID", "ASKED FOR AT", "STATUS", "TYPE", "GENERATED", "FAILED", "COST", "METADATA"]
        rows = [_row(one) for one in page.results]
        if everybody:
            head.append("OWNER")
            rows = [[*row, one.owner_id or "-"] for row, one in zip(rows, page.results, strict=True)]
        lines = columns(head, rows).splitlines()
        print("\n".join(lines if headed else lines[1:]))


def _row(one: GenerationRequest) -> list[str]:
    return [
        one.request_id,
        moment(one.requested_at),
        clean(one.status),
        clean(one.entity_type),
        f"{one.generated_count} of {one.requested_count}",
        str(one.failed_count or "-"),
        money(one.cost.total_microusd) if one.cost.total_microusd else "-",
        " ".join(f"{name}={value}" for name, value in one.metadata.items()) or "-",
    ]


def _advise(first: GenerationRequest | None, cursor: str | None, *, begun: bool) -> None:
    if cursor:
        print(f"  Next: the same command with --cursor {cursor}, or --all", file=sys.stderr)
    elif first:
        print(f"  Next: {command(f'generation get {first.request_id}')}", file=sys.stderr)
    elif begun:
        print("No more.", file=sys.stderr)
    else:
        step = command("problems generate --count 5 --wait")
        print(f"Nothing matches.\n  Next: {step} (asks for some)", file=sys.stderr)
