"""Where the address of the API and the key come from, and the file they are kept in.

Each of the two comes from the first place that has it: the caller, the environment (`LQS_API_URL`, `LQS_API_KEY`),
the credentials file, and for the address the default. The file is `$XDG_CONFIG_HOME/lqs/credentials.toml`, or
`~/.config/lqs/credentials.toml`, readable by its owner alone.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lqs_client._errors import CredentialsInvalid

DEFAULT_URL = "http://127.0.0.1:8421"
URL_VARIABLE = "LQS_API_URL"
KEY_VARIABLE = "LQS_API_KEY"


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
    """Look in every place. Raises `CredentialsInvalid` if the file is there but cannot be read as what it should be."""
    environ = os.environ if environ is None else environ
    file = credentials_file(environ)
    kept = (
        _read(file) if not (_first(api_url, environ, URL_VARIABLE) and _first(api_key, environ, KEY_VARIABLE)) else {}
    )
    url, url_source = _choose(api_url, environ, URL_VARIABLE, (kept.get("api_url"), str(file)))
    key, key_source = _choose(api_key, environ, KEY_VARIABLE, (kept.get("api_key"), str(file)))
    return Credentials(url or DEFAULT_URL, key, url_source, key_source)


def save_credentials(api_url: str, api_key: str, environ: Mapping[str, str] | None = None) -> Path:
    """Write the credentials file, replacing it as a whole; nobody but its owner can read it, at no moment."""
    file = credentials_file(environ)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in (("api_url", api_url), ("api_key", api_key)))
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
        target.writelines(lines)
    draft.replace(file)
    return file


def read_credentials_file(environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """What the credentials file says of `api_url` and `api_key`; empty without a file. Raises `CredentialsInvalid`."""
    return _read(credentials_file(environ))


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


def _read(file: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CredentialsInvalid(f"{file} cannot be read: {error}") from error
    for name in ("api_url", "api_key"):
        if not isinstance(content.get(name, ""), str):
            raise CredentialsInvalid(f"{file}: {name} must be a text in quotes")
    return content
