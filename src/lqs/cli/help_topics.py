"""`lqs help`: what is not the help of one command."""

from typing import Annotated

import typer

from lqs.cli import exit_codes
from lqs.cli.arguments import new_app

app = new_app()

TOPIC = "exit-codes"


@app.command(name="help")
def show(
    context: typer.Context,
    topic: Annotated[str | None, typer.Argument(metavar="[exit-codes]", help="A topic.", show_default=False)] = None,
) -> None:
    """Show the commands, or what the exit codes mean: lqs help exit-codes."""
    if topic is None:
        print(context.find_root().get_help())
        return
    if topic != TOPIC:
        raise typer.BadParameter(f"there is no help on {topic!r}; there is on {TOPIC}", param_hint="TOPIC")
    print(exit_codes.table())
