"""Says what went wrong: what happened, why, and what to run next; or, for programs, a problem object (RFC 9457)."""

import errno
import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import typer
import typer.core

from lqs.cli import explained
from lqs.cli.exit_codes import ExitCode
from lqs.cli.plain import clean, duration
from lqs.cli.program import NAME, command, program
from lqs_client import (
    ApiError,
    Authentication,
    ConnectionFailed,
    CredentialsInvalid,
    Forbidden,
    Gone,
    Invalid,
    LqsError,
    NotFound,
    RateLimited,
    Timeout,
    UnexpectedAnswer,
)
from lqs_client.credentials import ProfileUnknown

_Row: TypeAlias = tuple[ExitCode, str]
_FAULT: _Row = (ExitCode.ERROR, "fault_in_lqs")
_WITHOUT_ANSWER: tuple[tuple[type[LqsError], _Row], ...] = (
    (ProfileUnknown, (ExitCode.USAGE, "profile_unknown")),
    (CredentialsInvalid, (ExitCode.NOT_ALLOWED, "credentials_invalid")),
    (ConnectionFailed, (ExitCode.ERROR, "connection_failed")),
    (Timeout, (ExitCode.ERROR, "timeout")),
    (UnexpectedAnswer, (ExitCode.ERROR, "unexpected_answer")),
)
_ANSWERS: tuple[tuple[type[ApiError], _Row], ...] = (
    (Authentication, (ExitCode.NOT_ALLOWED, "not_authenticated")),
    (Forbidden, (ExitCode.NOT_ALLOWED, "scope_missing")),
    (NotFound, (ExitCode.NOT_FOUND, "not_found")),
    (Gone, (ExitCode.NOT_FOUND, "generation_request_purged")),
    (Invalid, (ExitCode.USAGE, "body_refused")),
)
"""What an answer means whose code is newer than this program: its exit code, and the code it is most like."""

_SAID_BY_THEMSELVES = frozenset({"usage", "interrupted"})
"""Codes whose page tells nothing that the command itself does not."""

_NO_SUCH_COMMAND = "No such command"
"""How the framework begins."""

_WAITING_ALONE_DOES_NOT_HELP = frozenset({"active_quota_exceeded"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in words. `why` is one line each; `next_step` what to run; `code` the word programs switch on."""

    exit_code: ExitCode
    code: str
    what: str
    why: tuple[str, ...] = ()
    next_step: str | None = None
    body: Mapping[str, Any] | None = None

    def problem(self) -> Mapping[str, Any]:
        """The problem object: the API's own if it sent one."""
        if self.body is not None:
            return self.body
        kind = explained.address(self.code) or "about:blank"
        members = {"type": kind, "title": self.what, "code": self.code, "next": self.step()}
        detail = " ".join(self.why)
        return {name: value for name, value in (members | {"detail": detail}).items() if value}

    def step(self) -> str | None:
        """What to run next: what was found out for this one, else what its page says."""
        return self.next_step or explained.next_step(self.code)


class CommandFailed(Exception):
    """Raised by a command that has found its own words for what went wrong."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


def report(failure: Failure, *, as_json: bool) -> None:
    """Write the failure to standard error."""
    if as_json:
        print(json.dumps(failure.problem(), ensure_ascii=False), file=sys.stderr)
        return
    print(f"lqs: {clean(failure.what)}", file=sys.stderr)
    for line in failure.why:
        print(f"  {clean(line)}", file=sys.stderr)
    if failure.code not in _SAID_BY_THEMSELVES and explained.address(failure.code):
        print(f"  More: {command(f'help errors {failure.code}')}", file=sys.stderr)
    if step := failure.step():
        print(f"  Next: {step}", file=sys.stderr)


def describe(error: Exception) -> Failure:
    """Put an error in words."""
    match error:
        case CommandFailed():
            return error.failure
        case ApiError():
            return _api_error(error)
        case LqsError():
            exit_code, code = next((row for kind, row in _WITHOUT_ANSWER if isinstance(error, kind)), _FAULT)
            return Failure(exit_code, code, str(error), _notes(error))
        case OSError(errno=errno.ENOSPC):
            return Failure(ExitCode.ERROR, "disk_full", "no space is left for what this command writes")
        case typer.TyperException():
            context = getattr(error, "ctx", None)
            words = context.command_path.removeprefix(NAME).lstrip() if context else ""
            step = f"{program()} {words}".rstrip() + " --help"
            told = error.format_message().strip()
            return Failure(ExitCode.USAGE, "usage", told, _subcommands(context, told=told), step)
        case _:
            what = f"this is a fault in lqs: {type(error).__name__}: {error}"
            return Failure(*_FAULT, what)


def _subcommands(context: typer.Context | None, *, told: str) -> tuple[str, ...]:
    """The commands of a group that was called without one, with what each does; their names for a wrong one.

    Those of the root are too many to be told.
    """
    if context is None or context.parent is None or not isinstance(context.command, typer.core.TyperGroup):
        return ()
    names = {name: one.get_short_help_str(70) for name, one in context.command.commands.items()}
    if told.startswith(_NO_SUCH_COMMAND):
        return (f"The commands of {context.command.name}: {', '.join(names)}",)
    width = max(map(len, names))
    return tuple(f"{name:<{width}}  {summary}" for name, summary in names.items())


def _place(pointer: str) -> str:
    """Where a finding of the API belongs, in the words of the command line if there is an option for it."""
    match pointer.split("/")[1:]:
        case ["constraints", field, *_]:
            # only a refused constraint is worth the registry, which is slow to import
            from lqs.cli.nouns import entity_nouns

            options = (option for noun in entity_nouns() for option in noun.list_options)
            name = next((option.name for option in options if option.field == field), "constraints")
        case ["scopes", *_]:
            name = "scope"
        case ["filter", field, *_]:
            name = field.removesuffix("_seconds").replace("_", "-")
        case ["count" | "metadata" | "constraints" | "expires_at" | "mode" | "reason" | "slots" as field, *_]:
            name = field.replace("_", "-")
        case ["daily_budget_microusd"]:
            name = "daily-budget"
        case _:
            from lqs.cli.terms import OPTIONS

            option = OPTIONS.get(pointer.removeprefix("/"))
            return f"{option} ({pointer})" if option else pointer or "body"
    return f"--{name} ({pointer})"


def _api_error(error: ApiError) -> Failure:
    why = [f"{_place(one.pointer)}: {one.detail}" for one in error.errors]
    if not why and error.detail != error.title:
        why.append(error.detail)
    trace = (f"trace id {error.trace_id}",) if error.trace_id else ()
    body = error.raw or None
    exit_code, step = _judge(error)
    return Failure(exit_code, error.code, error.title, (*why, *trace, *_notes(error)), step, body)


def _judge(error: ApiError) -> tuple[ExitCode, str | None]:
    if isinstance(error, NotFound) and "generate" in error.raw:
        return ExitCode.NOT_FOUND, _way_to_have_some(error.raw["generate"])
    if isinstance(error, RateLimited) and error.code not in _WAITING_ALONE_DOES_NOT_HELP:
        return ExitCode.ERROR, _pause(error)
    known = explained.next_step(error.code)
    for kind, (exit_code, like) in _ANSWERS:
        if isinstance(error, kind):
            return exit_code, known or explained.next_step(like)
    return ExitCode.ERROR, known or (explained.next_step("internal_error") if error.trace_id else None)


def _pause(error: RateLimited) -> str:
    when = "a minute" if error.retry_after is None else duration(error.retry_after)
    other = ", or now with another key" if error.code == "daily_budget_exhausted" else ""
    return f"the same command in {when}{other}"


def _way_to_have_some(wish: Any) -> str:
    """What to run where nothing matches: the command for what the API says to send, if it says so."""
    if not isinstance(wish, dict):
        return "ask for something else"
    body = wish.get("body") or {}
    plural = str(wish.get("path", "")).strip("/").partition("/")[0]
    constraints = json.dumps(body.get("constraints", {}), ensure_ascii=False)
    about = f" --constraints {shlex.quote(constraints)}" if body.get("constraints") else ""
    return command(f"{plural} generate --count {body.get('count', 1)}{about} --wait") + " (then draw again)"


def _notes(error: BaseException) -> tuple[str, ...]:
    return tuple(getattr(error, "__notes__", ()))
