"""`lqs admin`: what only whoever runs the service does, straight on its database."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from lqs.cli.arguments import SCOPE_HELP, new_app, parse_scopes
from lqs.cli.backup import backup_to, restore_from
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.health import answers, serves
from lqs.cli.operate import JsonOption
from lqs.cli.operator_key import NEW_KEY, KeyPlace, Wish, make_first_key, make_new_key
from lqs.cli.program import command
from lqs.cli.starting import sentences, web_address
from lqs.domain.api_key import Scope
from lqs.settings import Settings, load
from lqs.storage.database import Database
from lqs.storage.invariants import Violation, violations
from lqs.wiring import open_database, refuse_unmigrated

Made = TypeVar("Made", bound=KeyPlace | None)
_MAX_NAME_CHARACTERS = 100

app = new_app("Make keys; check that the stored data is sound; back it up and restore it.")
app.command(name="backup")(backup_to)
app.command(name="restore")(restore_from)

OwnerOption = Annotated[str, typer.Option("--owner", metavar="NAME", help="What to call the first owner.")]


@app.command()
def bootstrap(owner: OwnerOption = "first owner") -> None:
    """Make the first owner and a key with every scope, on an empty database.

    The key goes to standard output, this once, and to your credentials file.
    """
    with sentences():
        place = asyncio.run(_on_database(load(), lambda database, url: make_first_key(database, url, owner_name=owner)))
    if place is None:
        what = "there is an owner already, and so a key"
        why = "A key is shown once, when it is made; nobody can show it again, but another one can be made."
        step = f"{command(NEW_KEY)} (or, with a key of the scope admin: {command('keys create')})"
        raise CommandFailed(Failure(ExitCode.ERROR, "owner_exists", what, (why,), step))
    _tell_made(place)


@app.command(name="new-key")
def new_key(
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Whose key; the only owner's unless given.")
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the key is for.")] = "operator's key",
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPE", help=f"{SCOPE_HELP}; all of them unless given.")
    ] = None,
) -> None:
    """Make one more key straight on the database: the way back for whoever has lost every key.

    The key goes to standard output, this once, and to your credentials file.
    """
    wish = Wish(owner, _checked_name(name), parse_scopes(scopes) if scopes else list(Scope))
    with sentences():
        place = asyncio.run(_on_database(load(), lambda database, url: make_new_key(database, url, wish)))
    _tell_made(place)


def _checked_name(name: str) -> str:
    if not 1 <= len(name) <= _MAX_NAME_CHARACTERS:
        raise typer.BadParameter(f"1 to {_MAX_NAME_CHARACTERS} characters", param_hint="--name")
    return name


def _tell_made(place: KeyPlace) -> None:
    print(place.made, flush=True)
    kept = f"Kept in {place.file}." if place.trouble is None else f"Keep it yourself: {place.trouble}."
    print(f"{kept} It is not shown again.", file=sys.stderr)
    if place.former is not None:
        print(f"What stood there before is in {place.former}.", file=sys.stderr)
    print(f"  {_about_address(place)}", file=sys.stderr)


def _about_address(place: KeyPlace) -> str:
    """The address that is kept with the key, and whether its service answers there."""
    if place.address is None:
        told = "No address is kept with it: LQS_API_PORT=0 leaves the port to the system."
        return (
            f"{told} {command('up')} adds it when it starts; with {command('serve')} set LQS_API_URL to what it says."
        )
    if place.made is not None and serves(place.address, place.made):
        return f"It is for {place.address}, where its service answers."
    if answers(place.address):
        told = f"It is for {place.address}, but the lqs that answers there uses another database:"
        return f"{told} set LQS_API_URL to the address of the right one."
    told = f"It is for {place.address}, where nothing answers yet: {command('up')} with the same settings will."
    return f"{told} If the service is elsewhere, set LQS_API_URL to its address."


@app.command()
def verify(as_json: JsonOption = False) -> None:
    """Check every invariant of the stored data: silent when all hold, else one line a breach and exit code 1."""
    with sentences():
        found = asyncio.run(_violations(load()))
    if as_json:
        print(json.dumps({"violations": [_as_object(violation) for violation in found]}, ensure_ascii=False))
    else:
        for violation in found:
            print(violation)
    if found:
        raise typer.Exit(ExitCode.ERROR)


async def _on_database(settings: Settings, make: Callable[[Database, str | None], Awaitable[Made]]) -> Made:
    """What `make` returns of the open database and the address where the settings put its API; None: on any port."""
    url = web_address(settings.api_host, settings.api_port) if settings.api_port else None
    async with open_database(settings, "lqs admin") as database:
        await refuse_unmigrated(database)
        return await make(database, url)


async def _violations(settings: Settings) -> list[Violation]:
    async with open_database(settings, "lqs admin") as database:
        await refuse_unmigrated(database)
        connection = await database.connect_alone(patient=True)
        try:
            return await violations(connection)
        finally:
            await connection.close()


def _as_object(violation: Violation) -> dict[str, str | None]:
    request_id = str(violation.request_id) if violation.request_id else None
    return {"invariant": violation.invariant, "sentence": violation.sentence, "request_id": request_id}
