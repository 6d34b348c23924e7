"""The operator's keys: made on the database, kept in the user's credentials file, recognized there later."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.health import answers
from lqs.cli.program import command
from lqs.domain.api_key import Scope, parse_key
from lqs.lifecycle.keys import bootstrap, create_key
from lqs.storage import api_keys
from lqs.storage.database import Database
from lqs_client import CredentialsInvalid
from lqs_client.credentials import credentials_file, read_credentials_file, save_credentials

NEW_KEY = "admin new-key"
"""The command that helps whoever has lost every key."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the user's key is. `made` is the whole key when it was made just now, and must be shown now or never.

    `file` holds a key of this service; None when the credentials file has none, and `trouble` says why it could not
    take the new one. `former` is where other credentials that stood in the file went. `address` is the API that
    commands with this file speak to; None: it is not known yet.
    """

    file: Path | None
    made: str | None = None
    former: Path | None = None
    trouble: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A key that an operator wants: `owner_name` None is the only owner there is."""

    owner_name: str | None
    name: str
    scopes: Sequence[Scope]


async def make_first_key(database: Database, url: str | None, *, owner_name: str) -> KeyPlace | None:
    """Make the first owner and their key, and keep it with the address; None if there is an owner already.

    `url` is where the API of this database is, or will be; None: only its start will tell.
    """
    key = await bootstrap(database, owner_name=owner_name)
    return None if key is None else _keep(url, key.text)


async def make_new_key(database: Database, url: str | None, wish: Wish) -> KeyPlace:
    """Make one more key for an owner, and keep it. Raises `CommandFailed` when it is not clear for whom."""
    async with database.acquire() as connection:
        owners = await api_keys.owners(connection)
    owner_id = _choose_owner(owners, wish.owner_name)
    known = await find_kept_key(database, url)
    key, _ = await create_key(database, owner_id=owner_id, name=wish.name, scopes=wish.scopes)
    return _keep(known.address or url, key.text)


async def find_kept_key(database: Database, url: str | None) -> KeyPlace:
    """See whether the credentials file has a key of this database; if so, see that it names an API that answers."""
    try:
        kept = read_credentials_file()
    except CredentialsInvalid:
        return KeyPlace(None)
    key = parse_key(kept.get("api_key", ""))
    if key is None:
        return KeyPlace(None)
    async with database.acquire() as connection:
        found = await api_keys.find(connection, key.key_id)
    if found is None or not key.matches(found.secret_sha256):
        return KeyPlace(None)
    address = kept.get("api_url", "")
    place = KeyPlace(credentials_file() if found.live else None, address=address or None)
    if address and (address == url or await asyncio.to_thread(answers, address)):
        return place
    if found.live and url is not None:
        with suppress(OSError):  # commands then need --url, and say which address did not answer
            save_credentials(url, key.text)
    return replace(place, address=url)


def _choose_owner(owners: Sequence[tuple[UUID, str]], name: str | None) -> UUID:
    fitting = [owner_id for owner_id, owner_name in owners if name in (None, owner_name)]
    if len(fitting) == 1:
        return fitting[0]
    if not owners:
        raise CommandFailed(
            Failure(ExitCode.ERROR, "no_owner", "there is no owner yet", (), command("admin bootstrap"))
        )
    names = ", ".join(owner_name for _, owner_name in owners)
    what = "there are several owners" if name is None else f"there is no owner {name!r}"
    step = command(f"{NEW_KEY} --owner NAME")
    raise CommandFailed(Failure(ExitCode.USAGE, "owner_unclear", what, (f"The owners are: {names}.",), step))


def _keep(url: str | None, key: str) -> KeyPlace:
    try:
        former = _set_aside(credentials_file())
        return KeyPlace(save_credentials(url, key), key, former, address=url)
    except OSError as error:
        trouble = f"{credentials_file()} cannot be written ({error.strerror or error})"
        return KeyPlace(None, key, trouble=trouble, address=url)


def _set_aside(file: Path) -> Path | None:
    """Keep what stands in the credentials file: it may have the only copy of a key of another service."""
    if not file.exists():
        return None
    number = 1
    while (former := file.with_name(f"{file.name}.before-{number}")).exists():
        number += 1
    former.touch(mode=0o600, exist_ok=False)
    former.write_bytes(file.read_bytes())
    return former
