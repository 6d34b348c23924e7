"""Every name of a span and of an attribute, in one place: docs/how-to/trace-and-measure.md is held against it.

The names are those of the OpenTelemetry semantic conventions where these have one (https://opentelemetry.io/docs/specs/semconv/);
ours begin with `lqs.`. Those of messaging and of language models are not stable there yet, and may change with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
"""The version of the conventions that the names are from."""

ERROR_TYPE = "error.type"
SQLSTATE = "db.response.status_code"

SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
SERVICE_INSTANCE_ID = "service.instance.id"

UNTRACED_PATHS = ("/health/", "/metrics")
"""Asked by machines every few seconds; nobody looks for them in a trace."""


class Kind(StrEnum):
    """What OpenTelemetry knows of how a span stands to others."""

    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Shape:
    """How the span of a step or of a part looks.

    `name` may name fields; `otherwise` is the name when one of these is unknown. `attributes` says which field goes
    under which name, `always` what stands in each. A batch is done for many: it begins a trace of its own, links to
    those of the others, and is recorded if any of them is; an `adopted` one goes on in the trace of the first of them.
    What took less than `least_ns` nanoseconds is left out.
    """

    name: str
    kind: Kind = Kind.INTERNAL
    attributes: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = ""
    always: Mapping[str, str] = field(default_factory=dict)
    batch: bool = False
    adopted: bool = False
    least_ns: int = 0


_SLOT = {"request_id": "lqs.request.id", "index": "lqs.slot.index"}
_KAFKA = {"messaging.system": "kafka"}
_DATABASE = {"db.system.name": "postgresql"}

STEPS: Mapping[str, Shape] = MappingProxyType(
    {
        "api.answered": Shape(
            "{method} {route}",
            Kind.SERVER,
            {
                "method": "http.request.method",
                "route": "http.route",
                "status": "http.response.status_code",
                "scheme": "url.scheme",
                "request_id": "lqs.request.id",
                "replayed": "lqs.request.replayed",
            },
            otherwise="{method}",
        ),
        "requests.stored": Shape("submit", attributes={"requests": "lqs.requests"}, batch=True, adopted=True),
        "slot.announced": Shape(
            "create {topic}",
            Kind.PRODUCER,
            {**_SLOT, "times": "lqs.announcement.number", "topic": "messaging.destination.name"},
            always={**_KAFKA, "messaging.operation.name": "create", "messaging.operation.type": "create"},
        ),
        "records.sent": Shape(
            "send {topic}",
            Kind.CLIENT,
            {
                "topic": "messaging.destination.name",
                "records": "messaging.batch.message_count",
                "unsent": "lqs.records.unsent",
            },
            always={**_KAFKA, "messaging.operation.name": "send", "messaging.operation.type": "send"},
            batch=True,
        ),
        "slots.claimed": Shape(
            "claim",
            attributes={"slots": "lqs.slots", "in_flight": "lqs.worker.in_flight", "named": "lqs.claim.named"},
            batch=True,
        ),
        "attempt.ended": Shape(
            "attempt",
            Kind.CONSUMER,
            {
                **_SLOT,
                "entity_type": "lqs.entity.type",
                "run": "lqs.run.number",
                "attempt": "lqs.attempt.number",
                "outcome": "lqs.attempt.outcome",
                "code": "lqs.error.code",
                "retry_in_seconds": "lqs.retry.seconds",
                "cost_microusd": "lqs.cost.microusd",
            },
        ),
        "slots.settled": Shape(
            "settle",
            attributes={"booked": "lqs.slots", "late": "lqs.slots.late", "replayed": "lqs.slots.replayed"},
            batch=True,
        ),
    }
)
"""Spans of steps, by the word of what happened."""

PARTS: Mapping[str, Shape] = MappingProxyType(
    {
        "statement": Shape("{statement}", Kind.CLIENT, {"statement": "db.query.summary"}, always=_DATABASE),
        "connection": Shape("wait for a connection", least_ns=1_000_000),
        "commit": Shape("commit", Kind.CLIENT, always=_DATABASE),
        "submit": Shape("wait to be stored"),
        "model": Shape(
            "chat {model}",
            Kind.CLIENT,
            {
                "operation": "gen_ai.operation.name",
                "model": "gen_ai.response.model",
                "response_id": "gen_ai.response.id",
                "input_tokens": "gen_ai.usage.input_tokens",
                "output_tokens": "gen_ai.usage.output_tokens",
                "code": "lqs.error.code",
            },
            otherwise="generate {entity_type}",
        ),
    }
)
"""Spans of parts of these."""
