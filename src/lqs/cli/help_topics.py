"""`lqs help`: what is not the help of one command."""

from typing import Annotated

import typer
import typer.core

from lqs.cli import exit_codes
from lqs.cli.arguments import new_app
from lqs.cli.program import NAME

app = new_app()

TOPIC = "exit-codes"


@app.command(name="help")
def show(
    context: typer.Context,
    topic: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOPIC", help=f"{TOPIC}, or a command, such as problems generate.", show_default=False),
    ] = None,
) -> None:
    """Show the commands, the help of one of them, or what the exit codes mean: lqs help exit-codes."""
    if not topic:
        print(context.find_root().get_help())
        return
    if topic == [TOPIC]:
        print(exit_codes.table())
        return
    root = context.find_root().command
    assert isinstance(root, typer.core.TyperGroup)
    if topic[0] not in root.commands:
        what = f"there is no help on {' '.join(topic)!r}; there is on {TOPIC} and on every command"
        raise typer.BadParameter(what, param_hint="TOPIC")
    root.main([*topic, "--help"], prog_name=NAME, standalone_mode=False)
