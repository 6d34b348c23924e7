"""All settings in one: those of the service, those of Kafka, logs, and what tests of faults set."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from lqs.crash_points import CrashPoint
from lqs.settings.kafka import KafkaSettings
from lqs.settings.service import ServiceSettings

PREFIX = "LQS_"


class Settings(KafkaSettings, ServiceSettings):
    """All settings with their defaults."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, allow_inf_nan=False)

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, else json."
    )

    crash_at: CrashPoint | None = Field(
        None, description="For tests of faults: the place where this process ends, once; never set it otherwise."
    )
    crash_by: Literal["kill", "freeze"] = Field("kill", description="For tests of faults: how it ends there.")
