"""`lqs help`: what is not the help of one command."""

import difflib
from typing import Annotated

import typer
import typer.core

from lqs.cli import exit_codes
from lqs.cli.arguments import WrongUsage, new_app
from lqs.cli.plain import columns
from lqs.cli.program import NAME

app = new_app()

TOPIC = "exit-codes"
ERRORS = "errors"
SETTINGS = "settings"


@app.command(name="help")
def show(
    context: typer.Context,
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPIC",
            help=f"{TOPIC}, {ERRORS} [CODE], {SETTINGS} [NAME], or a command, such as problems generate.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print settings as JSON.")] = False,
) -> None:
    """Show the commands, the help of one of them, every setting, or what exit codes and error codes mean."""
    if topic and topic[0] == SETTINGS:
        # the settings are slow to import: only who asks for them waits for that
        from lqs.cli.settings_table import about_settings

        print(about_settings(topic[1:], as_json=as_json))
        return
    if as_json:
        raise WrongUsage(f"--json is for {SETTINGS}")
    if not topic:
        print(context.find_root().get_help())
        return
    if topic == [TOPIC]:
        print(exit_codes.table())
        return
    if topic[0] == ERRORS:
        print(_about_errors(topic[1:]))
        return
    root = context.find_root().command
    assert isinstance(root, typer.core.TyperGroup)
    if topic[0] not in root.commands:
        what = f"there is no help on {' '.join(topic)!r}; there is on {TOPIC}, {ERRORS}, {SETTINGS} and every command"
        raise typer.BadParameter(what, param_hint="TOPIC")
    root.main([*topic, "--help"], prog_name=NAME, standalone_mode=False)


def _about_errors(codes: list[str]) -> str:
    from lqs.domain.error_pages import PAGES, find

    if not codes:
        head = ("CODE", "WHAT IT MEANS")
        return columns(head, [(page.code, page.title) for page in sorted(PAGES.values(), key=lambda page: page.code)])
    from lqs.api.error_pages import written

    pages = {code: find(code) for code in codes}
    for code, page in pages.items():
        if page is None:
            near = difflib.get_close_matches(code.replace("-", "_"), PAGES, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise typer.BadParameter(f"there is no error code {code!r}{hint}", param_hint="CODE")
    return "\n".join(written(page) for page in pages.values() if page is not None).rstrip()
