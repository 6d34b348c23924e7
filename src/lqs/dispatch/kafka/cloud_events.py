"""An event of the log as others read it: CloudEvents 1.0 in the binary mode of their Kafka binding.

Attributes are headers, the value is the data alone. `schemas/events/` has the schema of the data of every type; names
and places are those of the specification's kafka-protocol-binding.md.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from uuid import UUID

from pydantic_core import from_json, to_json

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.outgoing import Sender
from lqs.dispatch.kafka.records import Outgoing, Sent
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.publishing import Tell
from lqs.domain.generation_request import EventType
from lqs.observability.telemetry import Telemetry
from lqs.storage.publication import UnpublishedEvent

SCHEMA = "urn:lqs:schemas:events:generation_request:v1"
SLOT_SCHEMA = "urn:lqs:schemas:events:generation_request.slot:v1"
"""Raised when a reader of the former would misunderstand it; a new optional field needs no new one."""
MEANINGS: Mapping[EventType, str] = MappingProxyType(
    {
        EventType.ACCEPTED: "It is stored, and all its slots wait.",
        EventType.PROCESSING: "A worker has claimed its first slots.",
        EventType.SLOTS_CLAIMED: "Further slots were claimed.",
        EventType.SLOTS_PROMOTED: "Slots wait no longer for their retry: they are ready again.",
        EventType.SLOTS_RESCUED: "Slots of a dead worker were taken back.",
        EventType.SLOTS_HANDED_BACK: "A worker that stops has given slots back.",
        EventType.SLOT_GENERATED: "An entity exists.",
        EventType.SLOT_FAILED: "A slot failed for good in this run; `error_code` says why.",
        EventType.SLOT_RETRYING: "An attempt failed, and another one follows after a wait.",
        EventType.SLOT_LATE_RESULT: "A result came when the slot was no longer its worker's; it was not kept.",
        EventType.CANCELLING: "It was cancelled; nothing more is begun.",
        EventType.SLOTS_CANCELLED: "Slots were cancelled.",
        EventType.RETRIED: "A retry by hand has begun a further run.",
        EventType.CHANGED: "Its owner changed metadata, priority or pin.",
        EventType.COMPLETED: "The run ended: everything was generated.",
        EventType.PARTIAL: "The run ended: some of it was generated.",
        EventType.FAILED: "The run ended: nothing was generated.",
        EventType.CANCELLED: "The run ended: it was cancelled.",
    }
)
"""What each type of event says."""
_SOURCE = "/generation-requests"
_DONE = frozenset({"completed", "partial", "failed", "cancelled"})


@asynccontextmanager
async def open_events_topic(access: Access, telemetry: Telemetry) -> AsyncIterator[Tell]:
    """A way to tell events on the events topic, for as long as this lasts."""
    name = topic(access.topic_prefix, TopicName.EVENTS)
    sender = Sender(access, telemetry)

    async def tell(events: Sequence[UnpublishedEvent]) -> Sent:
        return await sender.send([cloud_event(event, name) for event in events])

    try:
        yield tell
    finally:
        await sender.close()


def cloud_event(event: UnpublishedEvent, topic: str) -> Outgoing:
    """The record that tells of an event; telling it again makes the same one, its id included."""
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{event.request_id}.{event.seq}",
        "ce_source": _SOURCE,
        "ce_type": event.type,
        "ce_subject": str(event.request_id),
        "ce_time": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "ce_dataschema": SCHEMA if event.slot_index is None else SLOT_SCHEMA,
        "ce_partitionkey": str(event.request_id),
    }
    return Outgoing(
        topic=topic,
        key=str(event.request_id).encode(),
        value=to_json(_data(event)),
        headers=[(name, value.encode()) for name, value in headers.items()],
        trace=event.trace,
    )


def _data(event: UnpublishedEvent) -> dict[str, object]:
    body = from_json(event.body)
    told: dict[str, object] = {
        "request_id": event.request_id,
        "owner_id": event.owner_id,
        "entity_type": event.entity_type,
        "seq": event.seq,
        "version": event.seq,
        "run": body["run"],
        "status": body["status"],
        "done": body["status"] in _DONE,
        "end_reason": event.end_reason,
        "requested_count": event.requested_count,
        "counts": body["counts"],
        "metadata": from_json(event.metadata),
        "links": {"self": f"{_SOURCE}/{event.request_id}"},
    }
    return told if event.slot_index is None else told | _slot(event, event.slot_index, body.get("error_code"))


def _slot(event: UnpublishedEvent, index: int, error_code: str | None) -> dict[str, UUID | str | int | None]:
    return {"slot_index": index, "entity_id": event.entity_id, "error_code": error_code}
