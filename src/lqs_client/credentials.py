"""Where the address of the API and the key come from, and the file they are kept in.

Each of the two comes from the first place that has it: the caller, the environment (`LQS_API_URL`, `LQS_API_KEY`), the
profile in use, and for the address the default. Profiles are kept in `$XDG_CONFIG_HOME/lqs/credentials.toml`, or
`~/.config/lqs/credentials.toml`, readable by its owner alone; `LQS_PROFILE` names the one in use, else the file does.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lqs_client import profiles
from lqs_client._errors import CredentialsInvalid
from lqs_client.profiles import DEFAULT_PROFILE, Kept, Profile

DEFAULT_URL = "http://127.0.0.1:8421"
URL_VARIABLE = "LQS_API_URL"
KEY_VARIABLE = "LQS_API_KEY"
PROFILE_VARIABLE = "LQS_PROFILE"


class ProfileUnknown(CredentialsInvalid):
    """Yours: the profile that was named is not in the credentials file."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Address and key, and in words where each was found; `api_key` is None if there is none anywhere."""

    api_url: str
    api_key: str | None = field(repr=False)
    url_source: str
    key_source: str


def credentials_file(environ: Mapping[str, str] | None = None) -> Path:
    """Where the credentials file is, whether it exists or not."""
    environ = os.environ if environ is None else environ
    home = environ.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path.home() / ".config"
    return folder / "lqs" / "credentials.toml"


def find_credentials(
    *, api_url: str | None = None, api_key: str | None = None, environ: Mapping[str, str] | None = None
) -> Credentials:
    """Look in every place.

    Raises `CredentialsInvalid` if the file is there but cannot be read as what it should be, and `ProfileUnknown`.
    """
    environ = os.environ if environ is None else environ
    spoken = _first(api_url, environ, URL_VARIABLE) and _first(api_key, environ, KEY_VARIABLE)
    profile, place = (Profile(), "") if spoken else _profile_in_use(environ)
    url, url_source = _choose(api_url, environ, URL_VARIABLE, (profile.api_url, place))
    key, key_source = _choose(api_key, environ, KEY_VARIABLE, (profile.api_key, place))
    return Credentials(url or DEFAULT_URL, key, url_source, key_source)


def name_in_use(environ: Mapping[str, str] | None = None) -> str:
    """The name of the profile in use. Raises `CredentialsInvalid` if the file cannot be read."""
    environ = os.environ if environ is None else environ
    return environ.get(PROFILE_VARIABLE, "").strip() or read_kept(environ).chosen


def save_credentials(api_url: str | None, api_key: str, environ: Mapping[str, str] | None = None) -> Path:
    """Keep both as the profile default, beside the other profiles; a file that cannot be read is replaced.

    Without an address commands with this key go where no other place sends them: to the default one.
    """
    try:
        kept = read_kept(environ)
    except CredentialsInvalid:
        kept = Kept()
    return write_kept(Kept({**kept.profiles, DEFAULT_PROFILE: Profile(api_url, api_key)}, kept.chosen), environ)


def read_kept(environ: Mapping[str, str] | None = None) -> Kept:
    """All profiles of the credentials file. Raises `CredentialsInvalid`."""
    return profiles.read(credentials_file(environ))


def write_kept(kept: Kept, environ: Mapping[str, str] | None = None) -> Path:
    """Write the credentials file anew, without the comments it had; returns where it is."""
    file = credentials_file(environ)
    profiles.write(file, kept)
    return file


def read_credentials_file(environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """`api_url` and `api_key` of the profile default, as far as they are kept. Raises `CredentialsInvalid`."""
    profile = read_kept(environ).profiles.get(DEFAULT_PROFILE, Profile())
    members = {"api_url": profile.api_url, "api_key": profile.api_key}
    return {name: value for name, value in members.items() if value}


def _profile_in_use(environ: Mapping[str, str]) -> tuple[Profile, str]:
    file, kept = credentials_file(environ), read_kept(environ)
    name = environ.get(PROFILE_VARIABLE, "").strip() or kept.chosen
    if name == DEFAULT_PROFILE:
        return kept.profiles.get(name, Profile()), str(file)
    if name not in kept.profiles:
        raise ProfileUnknown(f"there is no profile {name!r} in {file}")
    return kept.profiles[name], f"profile {name} of {file}"


def _first(given: str | None, environ: Mapping[str, str], variable: str) -> str | None:
    return given or environ.get(variable, "").strip() or None


def _choose(
    given: str | None, environ: Mapping[str, str], variable: str, kept: tuple[str | None, str]
) -> tuple[str | None, str]:
    if given:
        return given, "the caller"
    if value := environ.get(variable, "").strip():
        return value, variable
    value_kept, place = kept
    return (value_kept, place) if value_kept else (None, "nowhere")
