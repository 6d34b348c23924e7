"""The commands of every entity type: `lqs problems generate`, those on the pool, and alike for each other type."""

import inspect
import json
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import typer

from lqs.cli.arguments import (
    CLIENT_EPILOG,
    DEFAULT_TIMEOUT,
    JsonOption,
    MaxCostOption,
    PartialOkOption,
    PriorityOption,
    TimeoutOption,
    UrlOption,
    WrongUsage,
    check_idempotency_key,
    check_word,
    gather_constraints,
    new_app,
    parse_count,
    parse_metadata,
)
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import Failure, report
from lqs.cli.nouns import EntityNoun, ListOption
from lqs.cli.pool import add_pool_commands
from lqs.cli.program import command
from lqs.cli.terms import (
    AttemptTimeoutOption,
    FinishWithinOption,
    MaxAttemptsOption,
    RetentionOption,
    StartWithinOption,
    check_times,
)
from lqs.domain import limits
from lqs_client import Accepted, ConnectionFailed, LqsError, ServerError, Terms, Timeout, UnexpectedAnswer

CountOption = Annotated[
    int,
    typer.Option(
        parser=parse_count, metavar="N", help=f"How many, from {limits.MIN_ENTITIES} to {limits.MAX_ENTITIES}."
    ),
]
ConstraintsOption = Annotated[
    str | None, typer.Option(metavar="JSON|@FILE|-", help="All constraints as a JSON object.", show_default=False)
]
MetadataOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="A note kept with the generation request; repeat for more."),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        callback=check_idempotency_key,
        help="Makes a repetition of this command harmless; made for you unless given.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class _Submission:
    noun: EntityNoun
    count: int
    constraints: Mapping[str, Any]
    metadata: Mapping[str, str]
    key: str
    terms: Terms


def entity_app(noun: EntityNoun) -> typer.Typer:
    """The commands of one entity type."""
    app = new_app(f"Generate {noun.plural}, find them, draw them.")
    asking = app.command("generate", help=f"Ask for {noun.plural}; with --wait, wait for them.", epilog=CLIENT_EPILOG)
    asking(_generate_command(noun))
    add_pool_commands(app, noun)
    return app


def _generate_command(noun: EntityNoun) -> Callable[..., None]:
    def command(**given: Any) -> None:
        listed = {option.field: given.pop(option.field) or () for option in noun.list_options}
        for option in noun.list_options:
            for word in listed[option.field] if option.words else ():
                check_word(f"--{option.name}", word, option.words)
        generate(noun, listed, **given)

    fixed = [one for one in inspect.signature(generate).parameters.values() if one.name not in ("noun", "listed")]
    of_type = [_list_option(noun, option) for option in noun.list_options]
    cast(Any, command).__signature__ = inspect.Signature([fixed[0], *of_type, *fixed[1:]])
    return command


def _list_option(noun: EntityNoun, option: ListOption) -> inspect.Parameter:
    words = f": {', '.join(option.words)}" if option.words else ""
    help_text = f"Only {noun.plural} with this {option.name.replace('-', ' ')}; repeat for more{words}."
    declared = typer.Option(f"--{option.name}", metavar=option.name.upper(), help=help_text)
    annotation = Annotated[list[str] | None, declared]
    return inspect.Parameter(option.field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def generate(  # noqa: PLR0913  one parameter an option
    noun: EntityNoun,
    listed: Mapping[str, Sequence[str]],
    *,
    count: CountOption = limits.DEFAULT_ENTITIES,
    constraints: ConstraintsOption = None,
    metadata: MetadataOption = None,
    idempotency_key: KeyOption = None,
    priority: PriorityOption = None,
    max_cost: MaxCostOption = None,
    finish_within: FinishWithinOption = None,
    start_within: StartWithinOption = None,
    attempt_timeout: AttemptTimeoutOption = None,
    max_attempts: MaxAttemptsOption = None,
    retention: RetentionOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all is generated, and print it.")] = False,
    timeout: TimeoutOption = None,
    partial_ok: PartialOkOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Submit a generation request and say how to follow it, or follow it at once."""
    if not wait and (timeout is not None or partial_ok):
        raise WrongUsage(f"{'--partial-ok' if timeout is None else '--timeout'} is for waiting: add --wait")
    check_times(finish_within, start_within)
    submission = _Submission(
        noun,
        count,
        gather_constraints(constraints, listed),
        parse_metadata(metadata or ()),
        idempotency_key or str(uuid.uuid4()),
        Terms(
            priority=priority,
            max_cost_microusd=max_cost,
            timeout_seconds=finish_within,
            start_within_seconds=start_within,
            slot_timeout_seconds=attempt_timeout,
            max_attempts=max_attempts,
            retention_seconds=retention,
        ),
    )
    accepted = _submit(submission, url, as_json=as_json)
    if not wait:
        _tell_accepted(accepted, submission, as_json=as_json)
        return
    from lqs.cli.following import Waiting, follow

    seconds = DEFAULT_TIMEOUT if timeout is None else timeout
    if not as_json:
        print(f"Generation request {accepted.request_id}", file=sys.stderr)
    raise typer.Exit(follow([accepted.request_id], Waiting(url, seconds, partial_ok, as_json)))


def _submit(submission: _Submission, url: str | None, *, as_json: bool) -> Accepted:
    again = f"repeat the command with --idempotency-key {submission.key}"
    try:
        with open_client(url) as client:
            return client.generate(
                submission.noun.plural,
                count=submission.count,
                constraints=submission.constraints,
                metadata=submission.metadata,
                idempotency_key=submission.key,
                terms=submission.terms,
            )
    except LqsError as error:
        if _may_have_been_stored(error):
            error.add_note(f"It may have been stored all the same. To find out without generating twice, {again}")
        raise
    except KeyboardInterrupt:
        what = "interrupted before the answer came: the generation request may have been stored"
        report(Failure(ExitCode.INTERRUPTED, "interrupted", what, (), again), as_json=as_json)
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _may_have_been_stored(error: LqsError) -> bool:
    if isinstance(error, ConnectionFailed):
        return error.sent
    return isinstance(error, Timeout | ServerError | UnexpectedAnswer)


def _tell_accepted(accepted: Accepted, submission: _Submission, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(accepted.raw, ensure_ascii=False))
        return
    print(accepted.request_id, flush=True)
    earlier = " (it was there before: the idempotency key is known)" if accepted.replayed else ""
    noun = submission.noun.name if accepted.count == 1 else submission.noun.plural
    print(f"{accepted.count} {noun} asked for, now {accepted.status}{earlier}.", file=sys.stderr)
    print(f"  Next: {command(f'generation wait {accepted.request_id}')}", file=sys.stderr)
