"""`lqs dead-letters`: what failed for good, for operators."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from lqs.cli.arguments import (
    CLIENT_EPILOG,
    JsonOption,
    UrlOption,
    WrongUsage,
    check_ids,
    check_word,
    new_app,
    parse_moment,
)
from lqs.cli.connection import open_client
from lqs.cli.failures import CommandFailed, describe
from lqs.cli.plain import clean, columns, counted, moment
from lqs.cli.program import command
from lqs.cli.retrying import attempts_table
from lqs.domain.slot_errors import SlotErrorCode
from lqs_client import ApiError, Client, DeadLetter, LqsError, Requeued

app = new_app("Look at what failed for good, try it again or put it away; needs a key with the scope admin.")

_STATES = ("open", "requeued", "discarded")

CodeOption = Annotated[str | None, typer.Option(metavar="CODE", help="Only those with this error.")]
TypeOption = Annotated[str | None, typer.Option("--entity-type", metavar="TYPE", help="Only those of this type.")]
SinceOption = Annotated[
    datetime | None, typer.Option(parser=parse_moment, metavar="TIME", help="Only those that failed since.")
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", callback=check_ids, help="Id of the dead letter.")]


@app.command(name="list", epilog=CLIENT_EPILOG)
def list_dead_letters(  # noqa: PLR0913  one parameter an option
    *,
    code: CodeOption = None,
    entity_type: TypeOption = None,
    since: SinceOption = None,
    state: Annotated[str, typer.Option(metavar="STATE", help=f"{', '.join(_STATES)}.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at once.")] = 20,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on behind an earlier page.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List dead letters, newest first."""
    _check(code)
    check_word("--state", state, _STATES)
    with open_client(url) as client:
        page = client.dead_letters.list(
            code=code, entity_type=entity_type, since=since, state=state, limit=limit, cursor=cursor
        )
    if as_json:
        print(json.dumps(page.raw, ensure_ascii=False))
        return
    print(
        columns(("ID", "FAILED AT", "ERROR", "GENERATION REQUEST", "SLOT", "RUN"), [_row(one) for one in page.results])
    )
    sys.stdout.flush()
    if page.next_cursor:
        print(f"  Next: the same command with --cursor {page.next_cursor}", file=sys.stderr)
    elif page.results:
        print(f"  Next: {command(f'dead-letters get {page.results[0].id}')}", file=sys.stderr)


@app.command(epilog=CLIENT_EPILOG)
def get(dead_letter_id: IdArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Show what was asked for and every attempt at it, with what was really said."""
    with open_client(url) as client:
        found = client.dead_letters.get(dead_letter_id)
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    print(_summary(found))
    print(attempts_table(found.attempts), flush=True)
    if found.state == "open":
        print(f"  Next: {command(f'dead-letters requeue {found.id}')}", file=sys.stderr)


@app.command(epilog=CLIENT_EPILOG)
def requeue(  # noqa: PLR0913  one parameter an option
    dead_letter_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]", callback=check_ids, help="Ids of dead letters.")
    ] = None,
    *,
    code: CodeOption = None,
    entity_type: TypeOption = None,
    since: SinceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what matches.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Try again: these dead letters, or all open ones that match."""
    _check(code)
    filtered = not (code is None and entity_type is None and since is None)
    if bool(dead_letter_ids) == filtered or (dead_letter_ids and dry_run):
        raise WrongUsage("name dead letters by their ids, or choose them by --code, --entity-type or --since")
    with open_client(url) as client:
        if dead_letter_ids:
            _requeue_each(client, dead_letter_ids, as_json=as_json)
            return
        _requeue_matching(
            lambda: client.dead_letters.requeue_matching(
                code=code, entity_type=entity_type, since=since, dry_run=dry_run
            ),
            as_json=as_json,
        )


@app.command(epilog=CLIENT_EPILOG)
def discard(
    dead_letter_ids: Annotated[
        list[str], typer.Argument(metavar="ID", callback=check_ids, help="Ids of dead letters.")
    ],
    url: UrlOption = None,
) -> None:
    """Put dead letters away for good. Their generation requests stay as they are."""
    with open_client(url) as client:
        for dead_letter_id in dead_letter_ids:
            client.dead_letters.discard(dead_letter_id)
            print(f"Dead letter {dead_letter_id} is discarded.", file=sys.stderr)


def _requeue_each(client: Client, dead_letter_ids: list[str], *, as_json: bool) -> None:
    for dead_letter_id in dead_letter_ids:
        try:
            request = client.dead_letters.requeue(dead_letter_id)
        except ApiError as error:
            if error.code != "budget_spent":
                raise
            try:
                letter = client.dead_letters.get(dead_letter_id)
            except LqsError:
                raise error from None
            again = f"generation retry {letter.request_id} --slots {letter.slot_index} --max-cost DOLLARS"
            raise CommandFailed(replace(describe(error), next_step=command(again))) from error
        if as_json:
            print(json.dumps(request.raw, ensure_ascii=False), flush=True)
            continue
        print(request.request_id, flush=True)
        print(f"  Next: {command(f'generation wait {request.request_id}')}", file=sys.stderr)


def _requeue_matching(ask: Callable[[], Requeued], *, as_json: bool) -> None:
    """Call until nothing remains, or a call moved nothing; each works on a bounded number."""
    requeued = 0
    while True:
        done = ask()
        requeued += done.requeued
        if as_json:
            print(json.dumps(done.raw, ensure_ascii=False), flush=True)
        if done.dry_run or not done.remaining or not done.requeued:
            break
    if as_json:
        return
    if done.dry_run:
        print(f"{counted(done.matched, 'dead letter', 'dead letters')} would be requeued.")
        return
    left = f"; {done.remaining + done.skipped} are left" if done.remaining + done.skipped else ""
    print(f"{counted(requeued, 'dead letter', 'dead letters')} requeued{left}.")
    if done.skipped:
        print(
            "  Left alone: what has a run under way, was dealt with meanwhile, or whose budget has no room for a call\n"
            f"  Next: {command('dead-letters requeue DEAD_LETTER_ID')} (says which it is)",
            file=sys.stderr,
        )


def _check(code: str | None) -> None:
    if code is not None:
        check_word("--code", code, tuple(SlotErrorCode))


def _row(one: DeadLetter) -> tuple[str, ...]:
    return (one.id, moment(one.failed_at), one.code, one.request_id, str(one.slot_index), str(one.run))


def _summary(one: DeadLetter) -> str:
    payload = one.raw.get("payload")
    lines = [
        f"Dead letter {clean(one.id)}",
        f"  state      {clean(one.state)}" + (f", as {clean(one.requeued_as)}" if one.requeued_as else ""),
        f"  error      {clean(one.code)}: {clean(one.message)}",
        f"  failed at  {moment(one.failed_at)}",
        f"  slot       {one.slot_index} of generation request {clean(one.request_id)}, run {one.run}",
        f"  asked for  {clean(json.dumps(payload, ensure_ascii=False))}",
    ]
    return "\n".join(lines) + "\n"
