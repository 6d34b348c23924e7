"""Reads the settings from the environment, and says what is wrong with them in sentences of our own."""

import difflib
import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from lqs.settings.every import PREFIX, Settings
from lqs.settings.takes import may_be_repeated, takes
from lqs.settings.told import CLIENT_VARIABLES

_MOST_REPEATED_CHARACTERS = 40


class SettingsInvalid(Exception):
    """A setting is wrong; the message names it and says what would be right."""


def load() -> Settings:
    """Read and check all settings from the environment.

    Raises `SettingsInvalid` with one sentence per wrong setting, each naming its environment variable.
    """
    refuse_unknown_variables()
    try:
        return Settings()
    except ValidationError as error:
        sentences = dict.fromkeys(_sentence(detail) for detail in error.errors())
        raise SettingsInvalid("\n".join(sentences)) from None


def refuse_unknown_variables() -> None:
    """Raise `SettingsInvalid` for a variable that looks like one of lqs and is none, with the one that was meant."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | CLIENT_VARIABLES.keys()
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            begun = [one for one in known if one.startswith(name)]
            near = difflib.get_close_matches(name, sorted(begun or known), n=1, cutoff=0 if begun else 0.6)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SettingsInvalid(f"{name} is not a setting of lqs.{hint}")


def _sentence(detail: Mapping[str, Any]) -> str:
    if not detail["loc"]:  # two settings that do not go together: the words are ours
        return f"{str(detail['msg']).removeprefix('Value error, ')}."
    name = str(detail["loc"][0])
    schema = Settings.model_json_schema()["properties"][name]
    shown = f", not {_shortened(detail['input'])}" if may_be_repeated(schema) else ""
    return f"{PREFIX}{name.upper()} is wrong: it takes {takes(schema).replace('`', '')}{shown}."


def _shortened(value: object) -> str:
    words = repr(value)
    return words if len(words) <= _MOST_REPEATED_CHARACTERS else f"{words[:_MOST_REPEATED_CHARACTERS]}..."
