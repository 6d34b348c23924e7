"""The page about the command line."""

from collections.abc import Iterator
from typing import Any

import typer.core
from tools.pages.text import code, page, table

from lqs.cli import exit_codes
from lqs.cli.app import EPILOG, every_command


def cli_page() -> str:
    """Every command with its arguments and options, and the exit codes."""
    codes = table(("code", ""), [(str(one.value), words) for one, words in exit_codes.MEANINGS.items()])
    return page(
        "Command line",
        f"`lqs COMMAND --help` tells the same. {EPILOG} [How to use it](../how-to/use-the-command-line.md).",
        f"## Exit codes\n\n{codes}",
        *(_section(words, command, context) for words, command, context in every_command() if words),
    )


def _section(words: tuple[str, ...], command: Any, context: Any) -> str:
    parts = [f"##{'#' * (len(words) > 1)} lqs {' '.join(words)}", _paragraphs(command.help or "")]
    if not isinstance(command, typer.core.TyperGroup):
        usage = " ".join(("lqs", *words, *command.collect_usage_pieces(context)))
        parts.append(code(usage))
    if rows := list(_rows(command, context)):
        parts.append(table(("argument or option", ""), rows))
    return "\n\n".join(parts)


def _rows(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    for one in command.get_params(context):
        if (record := one.get_help_record(context)) and "--help" not in one.opts:
            yield code(record[0]), record[1]


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
