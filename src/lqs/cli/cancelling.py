"""`lqs generation cancel`: want no more of generation requests, and see them end."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from lqs.cli.arguments import (
    DEFAULT_TIMEOUT,
    IdsArgument,
    JsonOption,
    TimeoutOption,
    UrlOption,
    WrongUsage,
)
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode, gravest
from lqs.cli.failures import describe, report
from lqs.cli.plain import clean, moment
from lqs.cli.program import command
from lqs.cli.verdicts import asked_for
from lqs.domain import limits
from lqs_client import GenerationRequest, LqsError


def check_reason(reason: str | None) -> str | None:
    """The words if the API keeps so many."""
    if reason is not None and not 1 <= len(reason) <= limits.MAX_REASON_CHARACTERS:
        raise WrongUsage(f"--reason has 1 to {limits.MAX_REASON_CHARACTERS} characters")
    return reason


def cancel(  # noqa: PLR0913  one parameter an option
    request_ids: IdsArgument,
    *,
    abort: Annotated[
        bool, typer.Option("--abort", help="End what is in flight, too, at once; else it finishes and is kept.")
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS", callback=check_reason, show_default=False, help="Why, kept with the generation request."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until they have ended, and print what they made.")] = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Cancel generation requests: what nobody works on is cancelled at once, what exists stays.

    Cancelling what is done changes nothing. The exit code is 0 if nothing more will be begun, whatever was made.
    """
    if timeout is not None and not wait:
        raise WrongUsage("--timeout is for waiting: add --wait")

    def ask(request_id: str) -> GenerationRequest:
        return client.cancel(request_id, mode="abort" if abort else "graceful", reason=reason)

    with open_client(url) as client:
        codes, pending = _ask_all(tuple(dict.fromkeys(request_ids)), ask, wait=wait, as_json=as_json)
    if pending:
        from lqs.cli.following import Waiting, follow

        seconds = DEFAULT_TIMEOUT if timeout is None else timeout
        codes.append(follow(pending, Waiting(url, seconds, partial_ok=False, as_json=as_json, any_end_ok=True)))
    raise typer.Exit(gravest(codes))


def _ask_all(
    request_ids: Sequence[str], ask: Callable[[str], GenerationRequest], *, wait: bool, as_json: bool
) -> tuple[list[ExitCode], list[str]]:
    """Cancel each, whatever becomes of the others; returns the exit codes, and what is to be waited for."""
    codes: list[ExitCode] = []
    pending: list[str] = []
    for request_id in request_ids:
        try:
            answer = ask(request_id)
        except LqsError as error:
            failure = describe(error)
            report(failure, as_json=as_json)
            codes.append(failure.exit_code)
            continue
        if wait:
            pending.append(request_id)
        elif as_json:
            print(json.dumps(answer.raw, ensure_ascii=False), flush=True)
        else:
            print(_told(answer), file=sys.stderr, flush=True)
    return codes, pending


def _told(answer: GenerationRequest) -> str:
    request_id = clean(answer.request_id)
    made = f"{answer.generated_count} of {asked_for(answer)}"
    look = f"\n  Next: {command(f'generation get {request_id}')}"
    if answer.done and answer.status == "cancelled":
        return f"{request_id}  cancelled: {made} were generated before{look} (shows what was kept)"
    if answer.done:
        return f"{request_id}  too late: it had ended before as {clean(answer.status)}, {made} generated{look}"
    until = moment(answer.cancellation.settles_by if answer.cancellation else None, "its deadline")
    end = command(f"generation cancel {request_id} --abort")
    return (
        f"{request_id}  cancelling: {answer.counts.processing} in flight may finish and be kept, until {until}\n"
        f"  Next: {command(f'generation wait {request_id}')}, or end it at once: {end}"
    )
