"""`lqs generation`: look at a generation request, wait for one or several, cancel them, try again what failed."""

import json
import sys
from typing import Annotated

import typer

from lqs.cli.arguments import (
    CLIENT_EPILOG,
    DEFAULT_TIMEOUT,
    IdsArgument,
    JsonOption,
    PartialOkOption,
    TimeoutOption,
    UrlOption,
    check_word,
    new_app,
)
from lqs.cli.bulk import add_bulk
from lqs.cli.cancelling import cancel
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode, gravest
from lqs.cli.failures import CommandFailed, describe, report
from lqs.cli.keeping import add_keeping
from lqs.cli.listing import add_list
from lqs.cli.mistaken import get_generation_request
from lqs.cli.outlook import outlook
from lqs.cli.plain import clean, columns, moment
from lqs.cli.program import command
from lqs.cli.retrying import register
from lqs.cli.statistics import show as show_statistics
from lqs.cli.verdicts import asked_for, cost_in_words, judge, retry_command
from lqs_client import Cancellation, GenerationRequest, LqsError, Slot

_ENDS = ("completed", "done")

app = new_app("Look at a generation request, wait for it, cancel it, try it again.")


@app.command(epilog=CLIENT_EPILOG)
def get(request_ids: IdsArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Show where generation requests stand, slot by slot, and what they have generated so far."""
    codes: list[ExitCode] = []
    with open_client(url) as client:
        for request_id in request_ids:
            try:
                request = get_generation_request(client, request_id)
            except (LqsError, CommandFailed) as error:
                if len(request_ids) == 1:
                    raise
                failure = describe(error)
                report(failure, as_json=as_json)
                codes.append(failure.exit_code)
                continue
            _show(request, as_json=as_json)
    raise typer.Exit(gravest(codes))


def _show(request: GenerationRequest, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(request.raw, ensure_ascii=False), flush=True)
        return
    from lqs.cli.render import console, print_entities

    print(_summary(request), end="\n\n")
    print_entities(console(), request.entities)
    sys.stdout.flush()
    print(f"  Next: {_next_step(request)}", file=sys.stderr)


@app.command(epilog=CLIENT_EPILOG)
def wait(
    request_ids: IdsArgument,
    until: Annotated[
        str, typer.Option("--for", metavar="END", help="completed: the exit code is the outcome; done: any end is 0.")
    ] = "completed",
    timeout: TimeoutOption = None,
    partial_ok: PartialOkOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Wait until the generation requests are done and print what was generated; the exit code is the outcome."""
    from lqs.cli.following import Waiting, follow

    check_word("--for", until, _ENDS)
    seconds = DEFAULT_TIMEOUT if timeout is None else timeout
    how = Waiting(url, seconds, partial_ok, as_json, any_end_ok=until == "done")
    raise typer.Exit(follow(request_ids, how))


@app.command(epilog=CLIENT_EPILOG)
def watch(
    request_ids: IdsArgument,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show what happens to the generation requests until they are done, and not what they generate; any end is 0."""
    from lqs.cli.following import Waiting, follow

    seconds = DEFAULT_TIMEOUT if timeout is None else timeout
    how = Waiting(url, seconds, partial_ok=True, as_json=as_json, any_end_ok=True, show_entities=False)
    raise typer.Exit(follow(request_ids, how))


app.command(name="cancel", epilog=CLIENT_EPILOG)(cancel)
add_list(app)
add_keeping(app)
add_bulk(app)
app.command(name="stats", epilog=CLIENT_EPILOG)(show_statistics)


def _summary(request: GenerationRequest) -> str:
    counts = request.counts
    figures = {
        "pending": counts.pending,
        "processing": counts.processing,
        "retrying": counts.retrying,
        "generated": counts.generated,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
    }
    ended = f" ({clean(request.end_reason)})" if request.end_reason else ""
    lines = [
        f"Generation request {clean(request.request_id)}",
        f"  status     {outlook(request)}{ended}",
        f"  asked for  {asked_for(request)}",
        f"  slots      {', '.join(f'{count} {word}' for word, count in figures.items() if count)}",
        f"  asked at   {moment(request.requested_at)}",
        f"  done at    {moment(request.completed_at, 'not yet')}",
        f"  deadline   {moment(request.deadline_at)}",
        f"  kept until {_kept(request)}",
    ]
    if request.start_deadline_at and not request.started_at:
        lines.append(f"  start by   {moment(request.start_deadline_at)}")
    if request.cancellation:
        lines.append(f"  cancel     {_cancellation(request.cancellation)}")
    if request.priority != "normal":
        lines.append(f"  priority   {clean(request.priority)}")
    if request.cost.total_microusd or request.cost.limit_microusd is not None:
        lines.append(f"  cost       {cost_in_words(request.cost)}")
    if request.error_message:
        lines.append(f"  error      {clean(request.error_message)}")
    return "\n".join(lines) + "\n\n" + _slots(request)


def _cancellation(asked: Cancellation) -> str:
    until = f"; ends by {moment(asked.settles_by)}" if asked.outcome == "pending" else ""
    late = "; too late: everything was settled before it took effect" if asked.outcome == "too_late" else ""
    why = f" ({clean(asked.reason)})" if asked.reason else ""
    return f"{clean(asked.mode)}, asked for at {moment(asked.requested_at)}{why}{until}{late}"


def _kept(request: GenerationRequest) -> str:
    return "it is unpinned" if request.pinned else moment(request.expires_at, "some time after its end")


def _slots(request: GenerationRequest) -> str:
    table = columns(("SLOT", "STATUS", "ATTEMPTS", "ENTITY OR ERROR"), [_slot(slot) for slot in request.slots])
    return "\n".join(f"  {line}" for line in table.splitlines())


def _slot(slot: Slot) -> tuple[str, str, str, str]:
    attempts = f"{slot.attempts}" + (f" of {slot.max_attempts}" if slot.max_attempts else "")
    result = slot.entity_id or (f"{slot.error.code}: {slot.error.message}" if slot.error else "")
    return (str(slot.index), slot.status, attempts, result)


def _next_step(request: GenerationRequest) -> str:
    if not request.done:
        return command(f"generation wait {request.request_id}")
    if request.status == "failed":
        means = [f"{command(f'help errors {clean(one.code)}')} (what it means)" for one in request.error_summary[:1]]
        return ", ".join([*means, f"{retry_command(request)} (tries again)"])
    if request.status == "cancelled":
        return command(f"generation retry {request.request_id} --slots all --wait") + " (has it made after all)"
    return judge(request, partial_ok=False).next_step


register(app)
