"""The first owner's key: made on an empty database, kept in the user's credentials file, recognized there later."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lqs.domain.api_key import parse_key
from lqs.lifecycle.keys import bootstrap
from lqs.storage import api_keys
from lqs.storage.database import Database
from lqs_client import CredentialsInvalid
from lqs_client.credentials import credentials_file, read_credentials_file, save_credentials


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the user's key is. `made` is the whole key when it was made just now, and must be shown now or never.

    `file` holds a key of this service; None when the credentials file has none, and `trouble` says why it could not
    take the new one. `former` is where other credentials that stood in the file went.
    """

    file: Path | None
    made: str | None = None
    former: Path | None = None
    trouble: str | None = None


async def make_first_key(database: Database, url: str, *, owner_name: str) -> KeyPlace | None:
    """Make the first owner and their key, and keep it with the address; None if there is an owner already."""
    key = await bootstrap(database, owner_name=owner_name)
    if key is None:
        return None
    try:
        former = _set_aside(credentials_file())
        return KeyPlace(save_credentials(url, key.text), key.text, former)
    except OSError as error:
        return KeyPlace(None, key.text, trouble=f"{credentials_file()} cannot be written ({error.strerror or error})")


async def find_kept_key(database: Database, url: str) -> KeyPlace:
    """See whether the credentials file has a key of this database; if so, see that it names this address too."""
    try:
        kept = read_credentials_file()
    except CredentialsInvalid:
        return KeyPlace(None)
    key = parse_key(kept.get("api_key", ""))
    if key is None:
        return KeyPlace(None)
    async with database.acquire() as connection:
        found = await api_keys.find(connection, key.key_id)
    if found is None or not found.live or not key.matches(found.secret_sha256):
        return KeyPlace(None)
    if kept.get("api_url") != url:
        with suppress(OSError):  # commands then need --url, and say which address did not answer
            save_credentials(url, key.text)
    return KeyPlace(credentials_file())


def _set_aside(file: Path) -> Path | None:
    """Keep what stood in the credentials file: it may be the only copy of a key of another service."""
    if not file.exists():
        return None
    number = 1
    while (former := file.with_name(f"{file.name}.before-{number}")).exists():
        number += 1
    return file.rename(former)
