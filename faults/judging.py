"""What may never be seen by a client: one representation alone, and two of the same generation request compared.

Written from the documents of the service, not from its code, so that a mistake there is not repeated here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

FINAL = frozenset({"completed", "partial", "failed", "cancelled"})
_SETTLED = frozenset({"generated", "failed", "cancelled"})
_SLOT_STATUSES = ("pending", "processing", "retrying", "generated", "failed", "cancelled")
_LATER = MappingProxyType(
    {
        "pending": frozenset({"processing", "cancelling", *FINAL}),
        "processing": frozenset({"cancelling", *FINAL}),
        "cancelling": FINAL,
    }
)
"""Where a status may be found later within the same run, with whatever lies between."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be. `kind` is the word of the report that counts it."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Sight:
    """A generation request as one answer showed it. Slots are (status, entity id, attempts) by index."""

    version: int
    run: int
    status: str
    counts: tuple[int, ...]
    slots: tuple[tuple[str, str | None, int], ...]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Sight":
        """What the body of `GET /generation-requests/{id}` shows."""
        return cls(
            version=body["version"],
            run=body["run"],
            status=body["status"],
            counts=tuple(body["counts"][status] for status in _SLOT_STATUSES),
            slots=tuple((slot["status"], slot["entity_id"], slot["attempts"]) for slot in body["slots"]),
        )


def untrue(body: Mapping[str, Any]) -> Iterator[str]:
    """Every contradiction within one body."""
    slots, counts, requested = body["slots"], body["counts"], body["requested_count"]
    found = {status: sum(slot["status"] == status for slot in slots) for status in _SLOT_STATUSES}
    if counts != found:
        yield f"counts {counts} beside slots {found}"
    if [slot["index"] for slot in slots] != list(range(requested)):
        yield f"slots {[slot['index'] for slot in slots]} of {requested}"
    if (body["generated_count"], body["failed_count"]) != (found["generated"], found["failed"]):
        yield f"generated_count {body['generated_count']}, failed_count {body['failed_count']} beside slots {found}"
    with_entity = [slot["entity_id"] for slot in slots if slot["entity_id"] is not None]
    if with_entity != [entity["id"] for entity in body["entities"]] or len(with_entity) != found["generated"]:
        yield f"{len(body['entities'])} entities beside slots {found}"
    if [entity["slot_index"] for entity in body["entities"]] != [
        slot["index"] for slot in slots if slot["status"] == "generated"
    ]:
        yield "entities of other slots than the generated ones"
    settled = sum(found[status] for status in _SETTLED)
    done = body["status"] in FINAL
    if not body["done"] == done == (settled == requested) == (body["completed_at"] is not None):
        yield f"{body['status']}, done {body['done']}, completed at {body['completed_at']} with {found}"
    if done and body["status"] != _outcome(found, requested):
        yield f"{body['status']} with {found}"
    if body["status"] in ("cancelling", "cancelled") and found["pending"] + found["retrying"]:
        yield f"{body['status']} with {found}"
    if body["status"] == "pending" and found["pending"] != requested:
        yield f"pending with {found}"


def contradictory(sights: Mapping[int, Sight]) -> Iterator[Fault]:
    """Every move between two sights of one generation request, by version, that must not be."""
    for version, later_version in pairwise(sorted(sights)):
        yield from _between(sights[version], sights[later_version])


def _between(before: Sight, after: Sight) -> Iterator[Fault]:
    if after.run < before.run:
        yield Fault("flipped", f"run {before.run} at version {before.version}, {after.run} at {after.version}")
    same_run = after.run == before.run
    if same_run and after.status != before.status and after.status not in _LATER.get(before.status, ()):
        yield Fault("flipped", f"{before.status} at version {before.version}, {after.status} at {after.version}")
    for index, ((old, entity, tries), (new, other, more)) in enumerate(zip(before.slots, after.slots, strict=True)):
        if same_run and before.status == "cancelling" and more > tries:
            yield Fault("mismatched", f"slot {index} was started after its cancellation was told")
        if same_run and old in _SETTLED and new != old:
            yield Fault("flipped", f"slot {index} was {old} and is {new}")
        if entity is not None and other is None:
            yield Fault("lost", f"slot {index} had entity {entity} and has none")
        elif entity is not None and other != entity:
            yield Fault("duplicated", f"slot {index} had entity {entity} and has {other}")


def _outcome(found: Mapping[str, int], requested: int) -> str:
    if found["cancelled"]:
        return "cancelled"
    if found["generated"] == requested:
        return "completed"
    return "partial" if found["generated"] else "failed"
