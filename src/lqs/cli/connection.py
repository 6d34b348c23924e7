"""Finds the credentials, checks the key's checksum without asking anybody, and opens the client."""

import os

from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs_client import AsyncClient, Client, CredentialsInvalid, looks_like_key
from lqs_client.credentials import (
    KEY_VARIABLE,
    PROFILE_VARIABLE,
    URL_VARIABLE,
    Credentials,
    credentials_file,
    find_credentials,
)


def address(url: str | None) -> str:
    """Where a client for `url` would call."""
    return find_credentials(api_url=url).api_url


def open_client(url: str | None) -> Client:
    """A client for `url`, or for the address that the environment, the file or the default name."""
    found, key = _credentials(url)
    try:
        return Client(key, api_url=found.api_url)
    except ValueError as error:
        raise _wrong_address(found, error) from error


def open_async_client(url: str | None) -> AsyncClient:
    """The same for asyncio."""
    found, key = _credentials(url)
    try:
        return AsyncClient(key, api_url=found.api_url)
    except ValueError as error:
        raise _wrong_address(found, error) from error


def _credentials(url: str | None) -> tuple[Credentials, str]:
    _refuse_misspelt_variables()
    found = find_credentials(api_url=url)
    if found.api_key is None:
        what = f"there is no API key: not in {KEY_VARIABLE}, not in {credentials_file()}"
        raise CommandFailed(Failure(ExitCode.NOT_ALLOWED, "key_missing", what))
    if not looks_like_key(found.api_key):
        raise CredentialsInvalid(f"the API key in {found.key_source} is no key of lqs: mistyped, or cut when copied")
    return found, found.api_key


def _refuse_misspelt_variables() -> None:
    if not any(
        name.startswith("LQS_") and name not in (KEY_VARIABLE, URL_VARIABLE, PROFILE_VARIABLE) for name in os.environ
    ):
        return
    # the settings are slow to import and no concern of a command that speaks to an API: only a doubt is worth it
    from lqs.settings import SettingsInvalid, refuse_unknown_variables

    try:
        refuse_unknown_variables()
    except SettingsInvalid as error:
        raise CommandFailed(Failure(ExitCode.USAGE, "settings_invalid", str(error))) from error


def _wrong_address(found: Credentials, error: ValueError) -> CommandFailed:
    source = "--url" if found.url_source == "the caller" else found.url_source
    return CommandFailed(Failure(ExitCode.USAGE, "usage", f"the address in {source} is wrong", (str(error),)))
