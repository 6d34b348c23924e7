"""Every setting in words, for whoever looks one up: the page of the reference and `lqs help settings` show these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from lqs.settings.every import PREFIX, Settings
from lqs.settings.takes import takes

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "database_url": "Database",
        "api_host": "API",
        "generator": "Generator",
        "worker_metrics_port": "Worker",
        "slot_timeout_seconds": "Generation requests",
        "rate_create_per_minute": "Limits of callers",
        "kafka_bootstrap_servers": "Kafka",
        "log_level": "Logs",
        "crash_at": "Tests of faults",
    }
)
"""Headings, by the setting that each begins with."""

CLIENTS = "Client library and command line"
CLIENT_VARIABLES = MappingProxyType(
    {
        "LQS_API_URL": "Address of the API.",
        "LQS_API_KEY": "The key to call it with.",
        "LQS_PROFILE": "Name of the profile in the credentials file that has both.",
    }
)
"""Read by the client library and the commands that use it, never by the service."""


@dataclass(frozen=True, slots=True)
class ToldSetting:
    """One setting: its environment `variable`, what holds `unless_set` and what it `takes`, in words, and a sentence.

    `default` is the value itself on this machine, as JSON has it; None: unset. Words to be typed as they stand are
    between backticks.
    """

    section: str
    variable: str
    unless_set: str
    default: object
    takes: str
    sentence: str


def told_settings() -> Iterator[ToldSetting]:
    """All of them, section by section, those of clients last."""
    schema = Settings.model_json_schema()["properties"]
    section = ""
    for name, field in Settings.model_fields.items():
        section = SECTIONS.get(name, section)
        default = to_jsonable_python(field.get_default(call_default_factory=True))
        words = (_unless_set(field), default, takes(schema[name]), field.description or "")
        yield ToldSetting(section, PREFIX + name.upper(), *words)
    for variable, sentence in CLIENT_VARIABLES.items():
        yield ToldSetting(CLIENTS, variable, "unset", None, "text", sentence)


def _unless_set(field: FieldInfo) -> str:
    if field.default_factory is not None and field.default_factory is not dict:
        return (field.default_factory.__doc__ or "").partition(": ")[2].rstrip(".")
    default = to_jsonable_python(field.get_default(call_default_factory=True))
    return "unset" if default is None else f"`{default}`"
