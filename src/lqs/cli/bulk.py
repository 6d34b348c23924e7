"""`lqs generation purge` and `lqs generation bulk ...`: the same with many generation requests at once."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from lqs.cli.arguments import (
    CLIENT_EPILOG,
    DEFAULT_TIMEOUT,
    JsonOption,
    TimeoutOption,
    UrlOption,
    WrongUsage,
    check_ids,
    new_app,
)
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.filters import filtered, need
from lqs.cli.plain import clean, counted
from lqs.cli.program import command
from lqs.domain import limits
from lqs_client import BulkOperation, BulkPreview, Client

bulk_app = new_app("Cancel or retry many generation requests at once, and see how far that has come.")

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be; nothing changes.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before; a terminal asks otherwise.")]
EverybodyOption = Annotated[
    bool, typer.Option("--everybody", help="Those of every owner, not yours alone; needs the scope admin.")
]


@dataclass(frozen=True, slots=True)
class _Ask:
    """What was asked for, and how to go about it. `question` is what a terminal asks, with the number put in."""

    action: str
    question: str
    wanted: Mapping[str, Any]
    options: Mapping[str, Any]
    everybody: bool
    dry_run: bool
    yes: bool
    as_json: bool
    timeout: float | None


def purge(  # noqa: PLR0913  one parameter an option
    request_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", callback=check_ids, help="Ids of single generation requests.")
    ] = None,
    *,
    wanted: Mapping[str, Any],
    everybody: EverybodyOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Erase the records of generation requests that are done and not pinned, for good; their entities stay.

    Name them by their ids, or say which by the options.
    """
    question = "Erase the {} for good? What they generated stays."
    if request_ids:
        if wanted or everybody or dry_run:
            raise WrongUsage("name generation requests by their ids or by options, not both")
        _purge_named(request_ids, question, url, yes=yes)
        return
    _carry_out(_Ask("purge", question, wanted, {}, everybody, dry_run, yes, as_json, timeout), url)


def cancel(  # noqa: PLR0913  one parameter an option
    *,
    wanted: Mapping[str, Any],
    abort: Annotated[bool, typer.Option("--abort", help="Interrupt what is in flight instead of keeping it.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, in your words.")] = None,
    everybody: EverybodyOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Cancel generation requests that are not done; what they have generated stays."""
    options = {"mode": "abort" if abort else None, "reason": reason}
    question = "Cancel the {}?"
    _carry_out(_Ask("cancel", question, wanted, options, everybody, dry_run, yes, as_json, timeout), url)


def retry(  # noqa: PLR0913  one parameter an option
    *,
    wanted: Mapping[str, Any],
    cancelled_too: Annotated[
        bool, typer.Option("--cancelled-too", help="Also what was cancelled, not only what failed.")
    ] = False,
    max_attempts: Annotated[
        int | None, typer.Option(min=1, max=limits.MAX_ATTEMPTS, metavar="N", help="Attempts for each slot.")
    ] = None,
    everybody: EverybodyOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Try again what failed in generation requests that are done; what was generated stays."""
    options = {"slots": "failed_and_cancelled" if cancelled_too else None, "max_attempts": max_attempts}
    question = "Try the {} again?"
    _carry_out(_Ask("retry", question, wanted, options, everybody, dry_run, yes, as_json, timeout), url)


def show(
    bulk_id: Annotated[str, typer.Argument(metavar="ID", callback=check_ids, help="Id of the bulk operation.")],
    *,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Follow a bulk operation until it is done."""
    with open_client(url) as client:
        _follow(client, bulk_id, timeout, as_json=as_json)


bulk_app.command("cancel", epilog=CLIENT_EPILOG)(filtered(cancel))
bulk_app.command("retry", epilog=CLIENT_EPILOG)(filtered(retry))
bulk_app.command("show", epilog=CLIENT_EPILOG)(show)


def add_bulk(app: typer.Typer) -> None:
    """Add what is here to the commands of generation requests."""
    app.command("purge", epilog=CLIENT_EPILOG)(filtered(purge))
    app.add_typer(bulk_app, name="bulk")


def _carry_out(ask: _Ask, url: str | None) -> None:
    need(ask.wanted)
    options = {name: value for name, value in ask.options.items() if value is not None}
    with open_client(url) as client:
        if ask.dry_run or _asks(ask):
            seen = client.bulk.preview(ask.action, ask.wanted, everybody=ask.everybody, options=options)
            if ask.dry_run:
                _tell_preview(seen, as_json=ask.as_json)
                return
            _confirm(ask.question, seen.matched)
        begun = client.bulk.begin(ask.action, ask.wanted, everybody=ask.everybody, options=options)
        _follow(client, begun.bulk_id, ask.timeout, as_json=ask.as_json)


def _purge_named(request_ids: list[str], question: str, url: str | None, *, yes: bool) -> None:
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        _confirm(question, len(request_ids))
    with open_client(url) as client:
        for request_id in request_ids:
            client.purge(request_id)
            print(f"The record of {request_id} is erased.", file=sys.stderr)


def _asks(ask: _Ask) -> bool:
    return not ask.yes and not ask.as_json and sys.stdin.isatty() and sys.stderr.isatty()


def _confirm(question: str, count: int) -> None:
    if count == 0:
        print("Nothing matches.", file=sys.stderr)
        raise typer.Exit(ExitCode.DONE)
    noun = counted(count, "generation request", "generation requests")
    print(f"{question.format(noun)} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        print("Nothing was changed.", file=sys.stderr)
        raise typer.Exit(ExitCode.ERROR)


def _tell_preview(seen: BulkPreview, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(seen.raw, ensure_ascii=False))
        return
    matched = counted(seen.matched, "generation request", "generation requests")
    print(f"{clean(seen.action)} would change {matched}{':' if seen.matched else ''}")
    for request_id in seen.sample_request_ids:
        print(f"  {clean(request_id)}")
    if seen.matched > len(seen.sample_request_ids):
        print(f"  and {seen.matched - len(seen.sample_request_ids)} more")


def _follow(client: Client, bulk_id: str, timeout: float | None, *, as_json: bool) -> None:
    seconds = DEFAULT_TIMEOUT if timeout is None else timeout
    line = _ProgressLine(shown=not as_json and sys.stderr.isatty())
    try:
        end = client.bulk.wait(bulk_id, timeout=seconds, on_progress=line.update)
    except KeyboardInterrupt:
        step = command(f"generation bulk show {bulk_id}")
        failure = Failure(ExitCode.INTERRUPTED, "interrupted", "interrupted; the work goes on", (), step)
        raise CommandFailed(failure) from None
    finally:
        line.end()
    if as_json:
        print(json.dumps(end.raw, ensure_ascii=False))
    else:
        print(_figures(end))
    if not end.done:
        print(f"  Still at work.\n  Next: {command(f'generation bulk show {bulk_id}')}", file=sys.stderr)
        raise typer.Exit(ExitCode.STILL_RUNNING)


def _figures(bulk: BulkOperation) -> str:
    skipped = f", {bulk.skipped} skipped" if bulk.skipped else ""
    changed = counted(bulk.changed, "generation request", "generation requests")
    return f"{clean(bulk.action)}: {changed} changed{skipped}"


class _ProgressLine:
    """One line on a terminal that is written again and again."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._written = False

    def update(self, bulk: BulkOperation) -> None:
        if self._shown and not bulk.done:
            print(f"\r{_figures(bulk)} ", end="", file=sys.stderr, flush=True)
            self._written = True

    def end(self) -> None:
        if self._written:
            print(file=sys.stderr)
