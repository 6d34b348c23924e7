"""`lqs generation retry`, `runs`, `slot` and `find`: trying again, and what one looks at before."""

import json
import re
import sys
import uuid
from collections.abc import Sequence
from dataclasses import replace
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
    WrongUsage,
    check_idempotency_key,
    check_ids,
    parse_duration,
    parse_money,
)
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode, gravest
from lqs.cli.failures import describe, report
from lqs.cli.plain import clean, columns, counted, moment
from lqs.cli.program import command
from lqs.domain import limits
from lqs.domain.money import money
from lqs_client import Attempt, GenerationRequest, LqsError, Run

_CHOICES = {"failed": "failed", "all": "failed_and_cancelled", "failed_and_cancelled": "failed_and_cancelled"}

IdArgument = Annotated[str, typer.Argument(metavar="ID", callback=check_ids, help="Id of the generation request.")]


def parse_slots(text: str) -> str | list[int]:
    """Which slots: failed, all (these and the cancelled ones), or indexes such as 0,2."""
    if text in _CHOICES:
        return _CHOICES[text]
    if not re.fullmatch(r"\d{1,3}(,\d{1,3})*", text):
        raise typer.BadParameter(f"{text!r} is not failed, not all, and no list of slots such as 0,2")
    return [int(index) for index in text.split(",")]


def retry(  # noqa: PLR0913  one parameter an option
    request_ids: IdsArgument,
    *,
    slots: Annotated[
        str, typer.Option(metavar="SLOTS", help="failed, all (the cancelled ones, too), or slots such as 0,2.")
    ] = "failed",
    max_attempts: Annotated[
        int | None,
        typer.Option(min=1, max=limits.MAX_ATTEMPTS, help="Attempts per entity; as many as before unless given."),
    ] = None,
    run_timeout: Annotated[
        float | None,
        typer.Option(parser=parse_duration, metavar="DURATION", help="Longest time the run may take, such as 5m."),
    ] = None,
    max_cost: Annotated[
        int | None,
        typer.Option(
            parser=parse_money,
            metavar="DOLLARS",
            help="What all runs together may cost from now on, in US dollars, such as 0.05; as before unless given.",
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", callback=check_idempotency_key, help="Makes a repetition harmless; made for you."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end, and print what was generated.")] = False,
    timeout: TimeoutOption = None,
    partial_ok: PartialOkOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Try again what failed: a further run under the same id; what was generated stays."""
    if not wait and (timeout is not None or partial_ok):
        raise WrongUsage(f"{'--partial-ok' if timeout is None else '--timeout'} is for waiting: add --wait")
    key, chosen = idempotency_key or str(uuid.uuid4()), parse_slots(slots)
    begun: list[GenerationRequest] = []
    codes: list[ExitCode] = []
    with open_client(url) as client:
        for request_id in dict.fromkeys(request_ids):
            try:
                begun.append(
                    client.retry(
                        request_id,
                        slots=chosen,
                        max_attempts=max_attempts,
                        timeout_seconds=None if run_timeout is None else max(1, round(run_timeout)),
                        max_cost_microusd=max_cost,
                        idempotency_key=key,
                    )
                )
            except LqsError as error:
                codes.append(_tell_refused(error, request_id, several=len(request_ids) > 1, as_json=as_json))
    if wait and begun:
        from lqs.cli.following import Waiting, follow

        seconds = DEFAULT_TIMEOUT if timeout is None else timeout
        codes.append(follow([one.request_id for one in begun], Waiting(url, seconds, partial_ok, as_json)))
    else:
        _tell_begun(begun, as_json=as_json)
    raise typer.Exit(gravest(codes))


def _tell_refused(error: LqsError, request_id: str, *, several: bool, as_json: bool) -> ExitCode:
    failure = describe(error)
    if failure.code == "nothing_to_retry" and any(_CHOICES["all"] in line for line in failure.why):
        failure = replace(failure, next_step=command(f"generation retry {request_id} --slots all"))
    if several and not as_json:
        print(f"Generation request {request_id}:", file=sys.stderr)
    report(failure, as_json=as_json)
    return failure.exit_code


def _tell_begun(begun: Sequence[GenerationRequest], *, as_json: bool) -> None:
    for one in begun:
        if as_json:
            print(json.dumps(one.raw, ensure_ascii=False))
            continue
        print(one.request_id, flush=True)
        slots = counted(one.counts.pending + one.counts.processing + one.counts.retrying, "slot", "slots")
        print(f"Run {one.run}: {slots} to be tried again, {one.generated_count} generated before.", file=sys.stderr)
    if begun and not as_json:
        ids = " ".join(one.request_id for one in begun)
        print(f"  Next: {command(f'generation wait {ids}')}", file=sys.stderr)


def runs(request_id: IdArgument, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Show every run of a generation request: how it ended, who asked for it, and what it cost by itself.

    The counts are those of the whole generation request, as the run left it.
    """
    with open_client(url) as client:
        found = client.runs(request_id)
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    head = ("RUN", "STATUS", "END REASON", "GENERATED", "FAILED", "CANCELLED", "COST", "ASKED AT", "DONE AT", "BY")
    print(columns(head, [_run(one) for one in found.results]))


def slot(
    request_id: IdArgument,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="Number of the slot, counted from 0.")],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show every attempt at one slot: how it ended, how long it took, what it cost."""
    with open_client(url) as client:
        found = client.slot(request_id, index)
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    print(f"Slot {index} of generation request {request_id}: {clean(found.slot.status)}")
    if found.slot.error:
        print(f"  {clean(found.slot.error.code)}: {clean(found.slot.error.message)}")
    print(f"\n{attempts_table(found.attempts)}" if found.attempts else "No attempt at it has come to an end by itself.")


def find(
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", callback=check_idempotency_key, help="The idempotency key.")
    ],
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Find the generation request that an idempotency key made, when its answer was lost."""
    with open_client(url) as client:
        found = client.find(idempotency_key=key)
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    for one in found.results:
        print(one.request_id, flush=True)
        print(f"  {clean(one.status)}, asked for at {moment(one.requested_at)}", file=sys.stderr)
        print(f"  Next: {command(f'generation get {one.request_id}')}", file=sys.stderr)
    if not found.results:
        print("Nothing was made with this key: generating with it is safe.", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add these commands to `lqs generation`."""
    for one in (retry, runs, slot, find):
        app.command(epilog=CLIENT_EPILOG)(one)


def attempts_table(attempts: Sequence[Attempt]) -> str:
    """Attempts for people, with what was really said where the API tells it."""
    head = ("ATTEMPT", "OUTCOME", "ERROR", "TOOK", "COST", "ENDED AT", "WHAT WAS SAID")
    table = columns(head, [_attempt(one) for one in attempts])
    return table if any(one.error_detail for one in attempts) else table.replace("  WHAT WAS SAID", "", 1)


def _attempt(one: Attempt) -> tuple[str, ...]:
    return (
        str(one.attempt),
        one.outcome,
        one.error.code if one.error else "-",
        f"{one.duration_ms} ms",
        "-" if one.cost_microusd is None else money(one.cost_microusd),
        moment(one.finished_at),
        one.error_detail or "",
    )


def _run(one: Run) -> tuple[str, ...]:
    counts = one.counts
    return (
        str(one.run),
        one.status,
        one.end_reason or "-",
        *(str(count) for count in (counts.generated, counts.failed, counts.cancelled)),
        money(one.cost_microusd),
        moment(one.requested_at),
        moment(one.completed_at, "not yet"),
        one.requested_by or "-",
    )
