"""How a generation request and its entities look outside, and what a poller is told about when to come back."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from lqs.api.schemas.bounds import MAX_MESSAGE_CHARACTERS
from lqs.domain.entity_type import EntityType
from lqs.domain.forecast import Basis, roughly
from lqs.domain.generation_request import RETRYABLE, CancelMode, Status
from lqs.domain.limits import MAX_ENTITIES
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import KINDS, SlotErrorCode
from lqs.lifecycle.foresee import Foreseen
from lqs.storage.entities import EntityView
from lqs.storage.views import GenerationRequestView, Progress, SlotView

VIEWS = ("full", "summary")
"""How much of a generation request is told: a summary leaves its slots and entities out."""

_SHORTEST_HINT_SECONDS = 1.0
_LONGEST_HINT_SECONDS = 30.0


def links(request_id: UUID, status: Status, kind: EntityType | None) -> dict[str, str | None]:
    """Where to go from a generation request that stands here; `kind` is its entity type, if this service knows it."""
    address = f"/generation-requests/{request_id}"
    return {
        "self": address,
        "entities": f"/{kind.plural}?generation_request_id={request_id}" if kind else None,
        "cancel": None if status.done else f"{address}/cancel",
        "retry": f"{address}/retry" if status in RETRYABLE else None,
    }


def etag(request_id: UUID, version: int, *, whole: bool = True) -> str:
    """Changes with every durable change and with nothing else. Weak: hints in the body may differ."""
    return f'W/"{request_id}.{version}{"" if whole else ".summary"}"'


def poll_after_ms(progress: Progress) -> int | None:
    """When a poller should come back, in ms with jitter; None when done.

    Half of the time that is left at the speed so far; before the first result, half of the time waited so far.
    """
    if progress.status.done:
        return None
    since = max(progress.started_at or progress.run_requested_at, progress.run_requested_at)
    elapsed = max(0.0, (progress.read_at - since).total_seconds())
    remaining = elapsed
    if progress.settled_count:
        remaining = elapsed * (progress.requested_count - progress.settled_count) / progress.settled_count
    hint = min(_LONGEST_HINT_SECONDS, max(_SHORTEST_HINT_SECONDS, remaining / 2))
    return round(hint * random.uniform(1.0, 1.1) * 1000)


def retry_after(hint_ms: int) -> str:
    """The same hint as a Retry-After header: whole seconds, at least 1."""
    return str(max(1, round(hint_ms / 1000)))


def generation_request(
    view: GenerationRequestView, types: Mapping[str, EntityType], *, whole: bool = True
) -> dict[str, Any]:
    """The body of a generation request: `schemas.GenerationRequest` or, in short, `GenerationRequestSummary`."""
    failed = Counter(slot.error_code or "" for slot in view.slots if slot.status is SlotStatus.FAILED)
    body: dict[str, Any] = {
        "request_id": view.id,
        "owner_id": view.owner_id,
        "entity_type": view.entity_type,
        "status": view.status,
        "done": view.status.done,
        "end_reason": view.end_reason,
        "run": view.run,
        "version": view.version,
        "requested_at": view.requested_at,
        "started_at": view.started_at,
        "completed_at": view.completed_at,
        "deadline_at": view.deadline_at,
        "start_deadline_at": view.start_deadline_at,
        "last_progress_at": view.last_progress_at,
        "expires_at": view.expires_at,
        "pinned": view.pinned,
        "priority": view.priority,
        "slot_timeout_seconds": view.slot_timeout_seconds,
        "origin": view.origin,
        "cancel": _cancellation(view),
        "requested_count": view.counts.requested,
        "generated_count": view.counts.generated,
        "failed_count": view.counts.failed,
        "counts": view.counts.by_status(),
        "error_summary": _error_summary(view, failed),
        "error_message": _error_message(view, failed),
        "usage": {
            "input_tokens": view.input_tokens,
            "output_tokens": view.output_tokens,
            "model_calls": view.model_calls,
        },
        "cost": {
            "currency": "USD",
            "total_microusd": view.cost.total,
            "wasted_microusd": view.cost.wasted,
            "estimated": view.cost.estimated > 0,
            "max_microusd": view.cost.limit,
        },
        "constraints": from_json(view.constraints),
        "metadata": from_json(view.metadata),
        "links": links(view.id, view.status, types.get(view.entity_type)),
    }
    if whole:
        body["entities"] = [_slot_entity(view, slot) for slot in view.slots if slot.entity_id]
        body["slots"] = [slot(one, view.max_attempts) for one in view.slots]
    if (hint := poll_after_ms(view.progress)) is not None:
        body["poll_after_ms"] = hint
    return body


def progress(foreseen: Foreseen) -> dict[str, Any]:
    """What is said of the rest of a run (`schemas.Progress`), and whether it is well; it changes without a version."""
    seen, basis = foreseen.forecast, foreseen.basis
    told = {
        "percent": seen.percent,
        "phase": seen.phase,
        "queue_position": seen.queue_position,
        "eta_seconds": seen.eta_seconds,
        "basis": _basis(basis) if basis.enough else None,
        "as_of": foreseen.as_of,
    }
    return {"progress": told, "health": seen.health}


def _basis(basis: Basis) -> dict[str, int]:
    """Roughly: they are those of all owners."""
    return {"sample_size": roughly(basis.sample_size), "slot_p50_ms": roughly(basis.slot_p50_ms)}


def _cancellation(view: GenerationRequestView) -> dict[str, Any] | None:
    if view.cancel is None:
        return None
    outcome = "cancelled" if view.status is Status.CANCELLED else "too_late"
    return {
        "mode": view.cancel.mode,
        "reason": view.cancel.reason,
        "requested_at": view.cancel.requested_at,
        "settles_by": view.cancel.settles_by,
        "outcome": outcome if view.status.done else "pending",
    }


def cancelled_too_late(mode: CancelMode, reason: str | None) -> dict[str, Any]:
    """What is said of a cancellation that found everything done, and is not recorded."""
    return {"mode": mode, "reason": reason, "requested_at": None, "settles_by": None, "outcome": "too_late"}


def entity(view: EntityView) -> dict[str, Any]:
    """The body of an entity: where it comes from, then its own fields, which cannot replace the former."""
    origin = _entity(view.id, view.entity_type, view.generation_request_id, view.slot_index, view.created_at)
    content: dict[str, Any] = from_json(view.content)
    return origin | content | origin


def documented_entity(entity_type: EntityType) -> dict[int | str, dict[str, Any]]:
    """The answer with an entity of this type, for the OpenAPI document."""
    reference = {"$ref": f"#/components/schemas/{entity_type.entity_model.__name__}"}
    return {200: {"description": f"The {entity_type.name}.", "content": {"application/json": {"schema": reference}}}}


def documented_origin(entity_type: EntityType) -> dict[str, dict[str, Any]]:
    """The schemas of what stands in the body of every entity before its own fields, all of it always."""
    return {
        "id": {"type": "string", "format": "uuid"},
        "entity_type": {"const": entity_type.name},
        "generation_request_id": {"type": ["string", "null"], "format": "uuid"},
        "slot_index": {"type": "integer", "minimum": 0, "maximum": MAX_ENTITIES - 1},
        "created_at": {"type": "string", "format": "date-time"},
    }


def _slot_entity(view: GenerationRequestView, slot: SlotView) -> dict[str, Any]:
    assert slot.entity_id is not None
    assert slot.entity_created_at is not None
    assert slot.content is not None
    origin = _entity(slot.entity_id, view.entity_type, view.id, slot.index, slot.entity_created_at)
    content: dict[str, Any] = from_json(slot.content)
    return origin | content | origin


def _entity(
    entity_id: UUID, entity_type: str, request_id: UUID | None, slot_index: int, created_at: datetime
) -> dict[str, Any]:
    return {
        "id": entity_id,
        "entity_type": entity_type,
        "generation_request_id": request_id,
        "slot_index": slot_index,
        "created_at": created_at,
    }


def slot(view: SlotView, max_attempts: int) -> dict[str, Any]:
    """The body of a slot (`schemas.Slot`)."""
    return {
        "index": view.index,
        "status": view.status,
        "entity_id": view.entity_id,
        "attempts": view.attempts,
        "max_attempts": max_attempts,
        "next_attempt_at": view.next_attempt_at,
        "error": _slot_error(view.error_code, view.error_attempt),
        "started_at": view.started_at,
        "finished_at": view.finished_at,
    }


def attempt(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an attempt (`schemas.Attempt`), from its row or from what a dead letter keeps of it."""
    return {
        "attempt": stored["attempt"],
        "outcome": stored["outcome"],
        "error": _slot_error(stored["error_code"], stored["attempt"]),
        "duration_ms": stored["duration_ms"],
        "finished_at": stored["finished_at"],
        "model": _told(stored["model"]),
        "provider_request_id": _told(stored["provider_request_id"]),
        "input_tokens": stored["input_tokens"],
        "output_tokens": stored["output_tokens"],
        "cost_microusd": stored["cost_microusd"],
    }


def _told(text: str | None) -> str | None:
    """What a provider said, short enough."""
    return text and text[:MAX_MESSAGE_CHARACTERS]


def raw_attempt(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The same with what was really said, for operators (`schemas.RawAttempt`)."""
    return attempt(stored) | {"error_detail": stored["error_detail"], "worker_id": stored["worker_id"]}


def _slot_error(code: str | None, attempt: int | None) -> dict[str, Any] | None:
    if code is None:
        return None
    kind = KINDS[SlotErrorCode(code)]
    return {
        "code": code,
        "category": kind.category,
        "retryable": kind.retryable,
        "message": kind.message,
        "attempt": attempt,
    }


def _error_summary(view: GenerationRequestView, failed: Counter[str]) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "count": count,
            "sample_index": next(s.index for s in view.slots if s.status is SlotStatus.FAILED and s.error_code == code),
        }
        for code, count in failed.most_common()
    ]


def _error_message(view: GenerationRequestView, failed: Counter[str]) -> str | None:
    """For people: what went wrong most, once the run has ended without everything."""
    if not view.status.done or not failed:
        return None
    code, count = failed.most_common(1)[0]
    return f"{count} of {view.counts.requested} failed with {code}: {KINDS[SlotErrorCode(code)].message}"
