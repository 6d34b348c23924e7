"""Help in the words of people: an argument is shown by its name, without braces and without the type in Python."""

import re
from collections.abc import Callable
from typing import Any

import typer
import typer.core

_TYPE = re.compile(r"(?<=\S) <(?:str|list\[str\])>")


class PlainCommand(typer.core.TyperCommand):
    """A command whose help shows `ID ...` for an argument that may be repeated."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the usage line."""
        return [piece.replace("{", "").replace("}", " ").rstrip() for piece in super().collect_usage_pieces(ctx)]

    def get_help(self, ctx: Any) -> str:
        """The whole help."""
        return _TYPE.sub("", super().get_help(ctx))


class PlainApp(typer.Typer):
    """An application all of whose commands show plain help."""

    def command(self, name: str | None = None, **declared: Any) -> Callable[[Any], Any]:
        """Declare a command."""
        return super().command(name, **{"cls": PlainCommand, **declared})
