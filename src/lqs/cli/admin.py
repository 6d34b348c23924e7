"""`lqs admin`: what only whoever runs the service does, straight on its database."""

import asyncio
import json
import sys
from typing import Annotated

import typer

from lqs.cli.arguments import new_app
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.first_key import KeyPlace, make_first_key
from lqs.cli.operate import JsonOption
from lqs.cli.starting import sentences, web_address
from lqs.settings import Settings, load
from lqs.storage.invariants import Violation, violations
from lqs.wiring import open_database, refuse_unmigrated
from lqs_client.credentials import credentials_file

app = new_app("Make the first key; check that the stored data is sound.")

OwnerOption = Annotated[str, typer.Option("--owner", metavar="NAME", help="What to call the first owner.")]


@app.command()
def bootstrap(owner: OwnerOption = "first owner") -> None:
    """Make the first owner and a key with every scope, on an empty database.

    The key goes to standard output, this once, and to your credentials file.
    """
    with sentences():
        place = asyncio.run(_bootstrap(load(), owner))
    if place is None or place.made is None:
        what = "there is an owner already, and so a key"
        why = "A key is shown once, when it is made; nobody can show it again."
        step = f"use the one in {credentials_file()} if there is one, or let a holder of a key run lqs keys create"
        raise CommandFailed(Failure(ExitCode.ERROR, "owner_exists", what, (why,), step))
    print(place.made, flush=True)
    kept = f"Kept in {place.file}." if place.trouble is None else f"Keep it yourself: {place.trouble}."
    print(f"{kept} It is not shown again.", file=sys.stderr)
    if place.former is not None:
        print(f"What stood there before is in {place.former}.", file=sys.stderr)


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


async def _bootstrap(settings: Settings, owner: str) -> KeyPlace | None:
    async with open_database(settings, "lqs admin") as database:
        await refuse_unmigrated(database)
        return await make_first_key(database, web_address(settings.api_host, settings.api_port), owner_name=owner)


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
