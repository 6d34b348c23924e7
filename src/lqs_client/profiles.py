"""The credentials file: a TOML file with one profile at its top, called default, and further ones by their names.

api_url = "http://127.0.0.1:8421"
api_key = "lqs_live_..."
profile = "school"            # the one in use; default unless said

[profiles.school]
api_url = "https://lqs.school.example"
api_key = "lqs_live_..."
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lqs_client._errors import CredentialsInvalid

DEFAULT_PROFILE = "default"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is kept under one name; either may be absent."""

    api_url: str | None = None
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """All that the file says: the profiles by their names, and the one in use."""

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    chosen: str = DEFAULT_PROFILE


def check_name(name: str) -> str:
    """The name if it can be one. Raises `ValueError`."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a profile: use 1 to 64 letters, digits, _ and -")
    return name


def read(file: Path) -> Kept:
    """What the file says; nothing without a file. Raises `CredentialsInvalid` if it is not what it should be."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Kept()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CredentialsInvalid(f"{file} cannot be read: {error}") from error
    tables = content.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise CredentialsInvalid(f"{file}: write a profile as [profiles.NAME]")
    profiles = {name: _profile(file, table) for name, table in tables.items()}
    top = _profile(file, content)
    chosen = _text(file, content, "profile") or DEFAULT_PROFILE
    return Kept({DEFAULT_PROFILE: top, **profiles} if top != Profile() else profiles, chosen)


def write(file: Path, kept: Kept) -> None:
    """Write the file, replacing it as a whole; nobody but its owner can read it, at no moment."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
        target.write(_written(kept))
    draft.replace(file)


def _profile(file: Path, table: Mapping[str, Any]) -> Profile:
    return Profile(_text(file, table, "api_url"), _text(file, table, "api_key"))


def _text(file: Path, table: Mapping[str, Any], name: str) -> str | None:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise CredentialsInvalid(f"{file}: {name} must be a text in quotes")
    return value or None


def _written(kept: Kept) -> str:
    lines = _lines(kept.profiles.get(DEFAULT_PROFILE, Profile()))
    lines += [f"profile = {json.dumps(kept.chosen)}"] if kept.chosen != DEFAULT_PROFILE else []
    for name, profile in kept.profiles.items():
        if name != DEFAULT_PROFILE:
            lines += ["", f"[profiles.{check_name(name)}]", *_lines(profile)]
    return "\n".join([*lines, ""])


def _lines(profile: Profile) -> list[str]:
    members = {"api_url": profile.api_url, "api_key": profile.api_key}
    # a character beyond 16 bits would be two in the notation of JSON, and none in that of TOML
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in members.items() if value]
