"""`lqs up`: the whole service on this machine, until Ctrl-C."""

import asyncio
import shlex
import sys
from dataclasses import dataclass
from datetime import datetime

from rich.markup import escape

from lqs import settings as every_setting
from lqs.cli.arguments import new_app
from lqs.cli.exit_codes import ExitCode
from lqs.cli.operator_key import NEW_KEY, KeyPlace, find_kept_key, make_first_key
from lqs.cli.plain import moment
from lqs.cli.program import command
from lqs.cli.render import console
from lqs.cli.service import Plan, run_service, with_grace
from lqs.cli.starting import sentences
from lqs.cli.supervise import StopSignals
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.storage.migrate import first_applied_at
from lqs_client.credentials import credentials_file

app = new_app()

OWNER = "first owner"


@dataclass(frozen=True, slots=True)
class _Found:
    """The key, and since when the database has what it has; None: it had nothing."""

    key: KeyPlace
    since: datetime | None


@app.command()
def up() -> ExitCode:
    """Serve the API and a worker on the PostgreSQL that comes with lqs, until Ctrl-C; a second one stops at once.

    The first start makes an owner and a key, keeps the key in your credentials file, and prints it once.
    """
    with sentences():
        return asyncio.run(_up(with_grace(every_setting.load())))


async def _up(settings: Settings) -> ExitCode:
    async def look(database: Database, url: str) -> _Found:
        first = await make_first_key(database, url, owner_name=OWNER)
        if first is not None:
            return _Found(first, None)
        return _Found(await find_kept_key(database, url), await first_applied_at(database))

    async def serve(url: str, found: _Found) -> ExitCode:
        _greet(url, found, settings)
        await asyncio.Event().wait()
        return ExitCode.DONE

    with StopSignals() as signals:
        try:
            return await run_service(Plan(settings, signals, tell), look, serve)
        except asyncio.CancelledError:
            if signals.received is None:
                raise
            tell("Stopped at once." if signals.hurried else "Stopped.")
            return ExitCode.INTERRUPTED if signals.hurried else ExitCode.DONE


def tell(sentence: str) -> None:
    """Say something on standard error."""
    print(f"lqs: {sentence}", file=sys.stderr, flush=True)


def _greet(url: str, found: _Found, settings: Settings) -> None:
    key = found.key
    place = "that of LQS_DATABASE_URL" if settings.database_url else f"in {settings.data_dir}"
    age = "new" if found.since is None else f"with all that it was told since {moment(found.since)}"
    database = f"{place}, {age}"
    target = console()
    target.print("[bold]lqs is up.[/bold] Ctrl-C stops it.\n")
    target.print(f"  API              [bold]{escape(url)}[/bold]")
    target.print(f"  API description  {escape(url)}/docs, {escape(url)}/openapi.json")
    target.print(f"  Database         {escape(database)}")
    target.print("\n".join([*_key_lines(key, url), "", "Try it in another terminal:", ""]), markup=False)
    target.print("\n".join([*(f"  {line}" for line in _examples(url, key)), ""]), markup=False)
    sys.stdout.flush()


def _key_lines(key: KeyPlace, url: str) -> list[str]:
    margin = " " * 19
    if key.made is not None:
        kept = f"kept in {key.file}" if key.trouble is None else f"keep it yourself: {key.trouble}"
        lines = [f"  Key              {key.made}", f"{margin}made just now and shown this once; {kept}"]
        return lines + ([f"{margin}what stood there before is in {key.former}"] if key.former else [])
    if key.file is not None:
        elsewhere = f"\n{margin}with {key.address}, where lqs answers too: commands go there" * (key.address != url)
        return [f"  Key              kept in {key.file}{elsewhere}"]
    return [f"  Key              none in {credentials_file()}; {command(NEW_KEY, anywhere=True)} makes one"]


def _examples(url: str, key: KeyPlace) -> list[str]:
    """Lines for a shell; the first puts the key into the environment, so that no other shows it."""
    file = shlex.quote(str(key.file))
    read = f"$(sed -n 's/^api_key = \"\\(.*\\)\"$/\\1/p' {file} | head -n 1)" if key.file else key.made
    return [
        f"export LQS_API_KEY={read or f'$({command(NEW_KEY, anywhere=True)})'}",
        command("problems generate --count 3 --wait", anywhere=True),
        f'curl {url}/problems/generate -H "Authorization: Bearer $LQS_API_KEY" \\',
        "  -H 'Content-Type: application/json' -d '{\"count\": 3}'",
        f'curl {url}/generation-requests/ID -H "Authorization: Bearer $LQS_API_KEY"  # the request_id for ID',
    ]
