"""Waits for generation requests, shows them on their way, and ends with a verdict on each."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from lqs.cli.advice import Adviser
from lqs.cli.connection import address, open_async_client
from lqs.cli.displays import Display, choose_display
from lqs.cli.exit_codes import ExitCode, gravest
from lqs.cli.failures import Failure, describe, report
from lqs.cli.program import command
from lqs.cli.render import console, print_entities
from lqs.cli.verdicts import Verdict, judge, judge_timeout
from lqs_client import AsyncClient, GenerationRequest, LqsError, WaitTimeout


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a user said about waiting: `timeout` in seconds; `any_end_ok` if all that matters is that it ends,
    `show_entities` if what was generated is to be printed then.
    """

    url: str | None
    timeout: float
    partial_ok: bool
    as_json: bool
    any_end_ok: bool = False
    show_entities: bool = True


@dataclass(frozen=True, slots=True)
class _Screen:
    display: Display
    adviser: Adviser


def follow(request_ids: Sequence[str], how: Waiting) -> ExitCode:
    """Wait for all of them at once; print what was generated, then the verdicts; return the gravest exit code."""
    request_ids = tuple(dict.fromkeys(request_ids))
    display = choose_display(request_ids, as_json=how.as_json)
    begun = time.monotonic()
    try:
        with display:
            ends = asyncio.run(_wait_for_all(request_ids, how, display))
    except KeyboardInterrupt:
        _tell_interrupted(request_ids, how)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    waited = time.monotonic() - begun
    return gravest([_conclude(end, how, waited) for end in ends])


async def _wait_for_all(
    request_ids: Sequence[str], how: Waiting, display: Display
) -> Sequence[GenerationRequest | LqsError]:
    async with open_async_client(how.url) as client:
        screen = _Screen(display, Adviser(address(how.url), display))
        return await asyncio.gather(*(_wait_for_one(client, request_id, how, screen) for request_id in request_ids))


async def _wait_for_one(
    client: AsyncClient, request_id: str, how: Waiting, screen: _Screen
) -> GenerationRequest | LqsError:
    async def changed(state: GenerationRequest) -> None:
        screen.display.changed(request_id, state)
        await screen.adviser.changed(request_id, state)

    def troubled(error: LqsError, pause: float) -> None:
        screen.display.troubled(request_id, error, pause)
        screen.adviser.troubled(request_id, error)

    try:
        return await client.wait(request_id, timeout=how.timeout, on_progress=changed, on_trouble=troubled)
    except LqsError as error:
        return error


def _conclude(end: GenerationRequest | LqsError, how: Waiting, waited: float) -> ExitCode:
    match end:
        case GenerationRequest():
            if how.show_entities and not how.as_json:
                print_entities(console(), end.entities)
            verdict = judge(end, partial_ok=how.partial_ok)
            code = _tell(verdict, how, quiet=how.as_json)
            return ExitCode.DONE if how.any_end_ok else code
        case WaitTimeout():
            return _tell(judge_timeout(end, waited), how, quiet=False)
        case error:
            failure = describe(error)
            report(failure, as_json=how.as_json)
            return failure.exit_code


def _tell(verdict: Verdict, how: Waiting, *, quiet: bool) -> ExitCode:
    if how.as_json and not quiet:
        report(Failure(verdict.exit_code, "wait_timeout", verdict.text, (), verdict.next_step), as_json=True)
    elif not quiet:
        sys.stdout.flush()
        print(f"{verdict.text}\n  Next: {verdict.next_step}", file=sys.stderr)
    return verdict.exit_code


def _tell_interrupted(request_ids: Sequence[str], how: Waiting) -> None:
    resume = command(f"generation wait {' '.join(request_ids)}")
    failure = Failure(ExitCode.INTERRUPTED, "interrupted", "interrupted; the work goes on", (), resume)
    report(failure, as_json=how.as_json)
