"""Puts the commands together, each loaded when it is called, and turns every end into an exit code."""

import io
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from lqs import __version__
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import Failure, describe, report
from lqs.cli.nouns import EntityNoun, entity_nouns

EPILOG = (
    "--profile NAME, --debug (tracebacks) and --no-color may stand anywhere. "
    "Settings of the service: lqs help settings. Exit codes: lqs help exit-codes. "
    "Shell completion: --install-completion."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command lives: `module` has a Typer application called `attribute`; `summary` is its line of help."""

    module: str
    summary: str
    attribute: str = "app"

    def load(self) -> typer.Typer:
        """Import the module, now that the command is wanted."""
        application = getattr(import_module(self.module), self.attribute)
        assert isinstance(application, typer.Typer)
        return application


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "generation": Place("lqs.cli.generation", "Look at a generation request, wait for it, cancel or retry it."),
        "dead-letters": Place("lqs.cli.dead_letters", "Look at what failed for good, and try it again."),
        "keys": Place("lqs.cli.keys", "Make, list and revoke API keys."),
        "config": Place("lqs.cli.config", "Show and keep addresses and keys, under names of your own."),
        "doctor": Place("lqs.cli.doctor", "Check the way to the API, the key, and how the service is."),
        "up": Place("lqs.cli.up", "Serve everything on this machine until Ctrl-C."),
        "demo": Place("lqs.cli.demo", "Watch ten problems being generated, on a throw-away database."),
        "serve": Place("lqs.cli.operate", "Serve the API, without a worker.", "serve_app"),
        "worker": Place("lqs.cli.operate", "Generate what was asked for.", "worker_app"),
        "migrate": Place("lqs.cli.operate", "Bring the database to the tables this version needs.", "migrate_app"),
        "admin": Place("lqs.cli.admin", "Make keys; check that the stored data is sound; back it up and restore it."),
        "kafka": Place("lqs.cli.kafka", "Make and check the topics, look at unreadable messages."),
        "help": Place(
            "lqs.cli.help_topics", "Show the commands, the settings, or what exit codes and error codes mean."
        ),
    }
)
"""Every command that is not an entity type's; a new one needs one line here."""


class _Later(typer.core.TyperGroup):
    """Stands for a command until it is called or completed; then it loads the real one and steps aside."""

    def __init__(self, name: str, summary: str, load: Callable[[], typer.Typer]) -> None:
        super().__init__(name=name, help=summary, add_help_option=False)
        self._load = load

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the real command, which its caller then invokes."""
        return self.real().make_context(info_name, args, parent=parent, **extra)

    def real(self) -> Any:
        """The real command."""
        command = typer.main.get_command(self._load())
        command.name = self.name
        return command


def run(words: Sequence[str]) -> int:
    """Run a command; the result is its exit code. Everything that goes wrong is told on standard error."""
    flags, rest = _take_flags(words)
    _write_what_the_terminal_can()
    if flags.no_color:
        os.environ["NO_COLOR"] = "1"
    if flags.profile == "":
        report(Failure(ExitCode.USAGE, "usage", "--profile needs the name of a profile"), as_json=flags.as_json)
        return ExitCode.USAGE
    if flags.profile is not None:
        os.environ["LQS_PROFILE"] = flags.profile
    try:
        code = _root(rest).main(list(rest) or ["--help"], prog_name="lqs", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_standard_output()
        return ExitCode.OUTPUT_CLOSED
    except SystemExit as end:
        # the framework ends a command whose pipe is closed as if it had failed
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        _drop_standard_output()
        return ExitCode.OUTPUT_CLOSED
    except Exception as error:
        if flags.debug:
            traceback.print_exc()
        failure = describe(error)
        report(failure, as_json=flags.as_json)
        return failure.exit_code
    return int(code or ExitCode.DONE)


def lines_of_help() -> Iterator[tuple[str, str]]:
    """Every command and every option, with the commands above it, and the first paragraph of its help."""
    for words, command, context in every_command():
        if words:
            yield " ".join(words), _first_sentence(command.help or "")
        for one in command.get_params(context):
            if isinstance(one, typer.core.TyperOption) and not one.hidden:
                for name in one.opts:
                    if name.startswith("--"):
                        yield " ".join((*words, name)), _first_sentence(one.help or "")


def every_command() -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Every command, loaded, each behind the one above it: its words, itself, and a context to ask it in."""
    return _every(_root([]), ())


def _every(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(command, _Later):
        command = command.real()
    yield words, command, command.make_context(" ".join(("lqs", *words)), [], resilient_parsing=True)
    for name, below in command.commands.items() if isinstance(command, typer.core.TyperGroup) else ():
        if not below.hidden:
            yield from _every(below, (*words, name))


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


@dataclass(frozen=True, slots=True)
class _Flags:
    debug: bool
    no_color: bool
    as_json: bool
    profile: str | None


def _take_flags(words: Sequence[str]) -> tuple[_Flags, Sequence[str]]:
    end = words.index("--") if "--" in words else len(words)
    said = frozenset(words[:end])
    rest: list[str] = []
    profile: str | None = None
    before = iter(words[:end])
    for word in before:
        if word == "--profile":
            profile = next(before, "")
        elif word.startswith("--profile="):
            profile = word.partition("=")[2]
        elif word not in ("--debug", "--no-color"):
            rest.append(word)
    return _Flags("--debug" in said, "--no-color" in said, "--json" in said, profile), [*rest, *words[end:]]


def _root(words: Sequence[str]) -> typer.core.TyperGroup:
    application = typer.Typer(
        help="Generate language-learning entities, and know what became of every one.",
        epilog=EPILOG,
        rich_markup_mode=None,
    )
    application.callback()(_about)
    root = typer.main.get_command(application)
    assert isinstance(root, typer.core.TyperGroup)
    called = next((word for word in words if not word.startswith("-")), None)
    if called not in PLACES or called == "help":
        for noun in entity_nouns():
            root.add_command(
                _Later(noun.plural, f"Generate {noun.plural}, find them, draw them.", partial(_entity_app, noun))
            )
    for name, place in PLACES.items():
        root.add_command(_Later(name, place.summary, place.load))
    return root


def _about(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    if version:
        print(f"lqs {__version__}")
        raise typer.Exit


def _entity_app(noun: EntityNoun) -> typer.Typer:
    from lqs.cli.entities import entity_app

    return entity_app(noun)


def _write_what_the_terminal_can() -> None:
    """A terminal that does not know a character shows its number; that is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_standard_output() -> None:
    """Whoever read it is gone: let the interpreter's last flush go nowhere instead of complaining."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.close(nowhere)
