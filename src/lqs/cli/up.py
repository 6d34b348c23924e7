"""`lqs up`: the whole service on this machine, until Ctrl-C."""

import asyncio
import shlex
import sys
from pathlib import Path

from rich.markup import escape

from lqs import settings as every_setting
from lqs.cli.arguments import new_app
from lqs.cli.exit_codes import ExitCode
from lqs.cli.first_key import KeyPlace, find_kept_key, make_first_key
from lqs.cli.program import command
from lqs.cli.render import console
from lqs.cli.service import Plan, run_service, with_grace
from lqs.cli.starting import sentences
from lqs.cli.supervise import StopSignals
from lqs.settings import Settings
from lqs.storage.database import Database

app = new_app()

OWNER = "first owner"


@app.command()
def up() -> ExitCode:
    """Serve the API and a worker on the PostgreSQL that comes with lqs, until Ctrl-C; a second one stops at once.

    The first start makes an owner and a key, keeps the key in your credentials file, and prints it once.
    """
    with sentences():
        return asyncio.run(_up(with_grace(every_setting.load())))


async def _up(settings: Settings) -> ExitCode:
    async def find_key(database: Database, url: str) -> KeyPlace:
        return await make_first_key(database, url, owner_name=OWNER) or await find_kept_key(database, url)

    async def serve(url: str, key: KeyPlace) -> ExitCode:
        _greet(url, key, settings)
        await asyncio.Event().wait()
        return ExitCode.DONE

    with StopSignals() as signals:
        try:
            return await run_service(Plan(settings, signals, tell), find_key, serve)
        except asyncio.CancelledError:
            if signals.received is None:
                raise
            tell("Stopped at once." if signals.hurried else "Stopped.")
            return ExitCode.INTERRUPTED if signals.hurried else ExitCode.DONE


def tell(sentence: str) -> None:
    """Say something on standard error."""
    print(f"lqs: {sentence}", file=sys.stderr, flush=True)


def _greet(url: str, key: KeyPlace, settings: Settings) -> None:
    database = "that of LQS_DATABASE_URL" if settings.database_url else f"in {settings.data_dir}"
    lines = [
        "[bold]lqs is up.[/bold] Ctrl-C stops it.",
        "",
        f"  API        [bold]{escape(url)}[/bold]",
        f"  Contract   {escape(url)}/openapi.json",
        f"  Database   {escape(database)}",
        *_key_lines(key),
    ]
    if key.file is not None:
        lines += ["", "Try it in another terminal:", "", *(f"  {escape(line)}" for line in _examples(url, key.file))]
    target = console()
    target.print("\n".join([*lines, ""]))
    sys.stdout.flush()


def _key_lines(key: KeyPlace) -> list[str]:
    if key.made is not None:
        kept = f"kept in {key.file}" if key.trouble is None else f"keep it yourself: {key.trouble}"
        lines = [
            f"  Key        [bold]{escape(key.made)}[/bold]",
            f"             made just now and shown this once; {escape(kept)}",
        ]
        return lines + ([f"             what stood there before is in {escape(str(key.former))}"] if key.former else [])
    if key.file is not None:
        return [f"  Key        kept in {escape(str(key.file))}"]
    return ["  Key        you have it from the first start, or from lqs keys create: set LQS_API_KEY to it"]


def _examples(url: str, file: Path) -> list[str]:
    read_key = f"$(sed -n 's/^api_key = \"\\(.*\\)\"$/\\1/p' {shlex.quote(str(file))})"
    return [
        command("problems generate --count 3 --wait", anywhere=True),
        f'curl {url}/problems/generate -H "Authorization: Bearer {read_key}" '
        "-H 'Content-Type: application/json' -d '{\"count\": 3}'",
    ]
