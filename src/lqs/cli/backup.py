"""`lqs admin backup` and `lqs admin restore`: the whole database in one file, and back."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from lqs.cli.operate import JsonOption
from lqs.cli.program import command
from lqs.cli.starting import sentences
from lqs.settings import load
from lqs.storage.backup import Backup, back_up, restore
from lqs.storage.database import Database
from lqs.storage.migrate import read
from lqs.wiring import open_database

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file that holds the backup.")]


def backup_to(file: FileArgument, as_json: JsonOption = False) -> None:
    """Write all that the database holds at this moment into a new file, while the service runs.

    The file holds what users made and the digests of their keys: keep it where only you can read it.
    """
    made = _on_database(back_up, file)
    if as_json:
        _print(made)
        return
    print(f"Backed up to {made.file}: {_size(made)}, with the tables of {made.migration}. It was read again whole.")


def restore_from(file: FileArgument, as_json: JsonOption = False) -> None:
    """Fill an empty database with a backup: all of it, or nothing.

    First end every process of the service that used the former database.
    """
    restored = _on_database(restore, file)
    if as_json:
        _print(restored)
        return
    print(f"Restored {restored.file}: {_size(restored)}, with the tables of {restored.migration}.")
    newer = read()[-1].name != restored.migration
    first = f"{command('migrate')} (this lqs needs newer tables), then " if newer else ""
    print(f"  Next: {first}{command('admin verify')}, then start the service", file=sys.stderr)


def _on_database(act: Callable[[Database, Path], Awaitable[Backup]], file: Path) -> Backup:
    async def acting() -> Backup:
        async with open_database(load(), "lqs admin") as database:
            return await act(database, file)

    with sentences():
        return asyncio.run(acting())


def _size(backup: Backup) -> str:
    return f"{backup.size_bytes:,} bytes"


def _print(backup: Backup) -> None:
    told = {"file": str(backup.file), "size_bytes": backup.size_bytes, "migration": backup.migration}
    print(json.dumps(told, ensure_ascii=False))
