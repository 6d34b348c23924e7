"""Reads what the API tells of generation requests."""

from collections.abc import Mapping
from typing import Any

from lqs_client._entities import parse_entity
from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import boolean, moment, object_at, objects, text, whole
from lqs_client._generation import (
    Accepted,
    Cancellation,
    Cost,
    Counts,
    ErrorCount,
    GenerationRequest,
    Progress,
    Slot,
    SlotError,
    Usage,
)


def parse_generation_request(body: Mapping[str, Any]) -> GenerationRequest:
    """Read a state. Raises `UnexpectedAnswer` if the body is none."""
    request_id, status, done = text(body, "request_id"), text(body, "status"), boolean(body, "done")
    if request_id is None or status is None or done is None:
        raise UnexpectedAnswer("the answer is no generation request: request_id, status or done is missing")
    return GenerationRequest(
        request_id=request_id,
        owner_id=text(body, "owner_id"),
        entity_type=text(body, "entity_type") or "",
        entity_type_plural=_plural(body),
        status=status,
        done=done,
        end_reason=text(body, "end_reason"),
        run=whole(body, "run") or 1,
        version=whole(body, "version") or 0,
        requested_at=moment(body, "requested_at"),
        started_at=moment(body, "started_at"),
        completed_at=moment(body, "completed_at"),
        deadline_at=moment(body, "deadline_at"),
        start_deadline_at=moment(body, "start_deadline_at"),
        last_progress_at=moment(body, "last_progress_at"),
        expires_at=moment(body, "expires_at"),
        pinned=boolean(body, "pinned") or False,
        priority=text(body, "priority") or "normal",
        cancellation=_parse_cancellation(object_at(body, "cancel")),
        requested_count=whole(body, "requested_count") or 0,
        generated_count=whole(body, "generated_count") or 0,
        failed_count=whole(body, "failed_count") or 0,
        counts=parse_counts(object_at(body, "counts")),
        entities=tuple(parse_entity(one) for one in objects(body, "entities")),
        slots=tuple(parse_slot(one) for one in objects(body, "slots")),
        error_summary=tuple(_parse_error_count(one) for one in objects(body, "error_summary")),
        error_message=text(body, "error_message"),
        usage=parse_usage(object_at(body, "usage")),
        cost=_parse_cost(object_at(body, "cost")),
        metadata=object_at(body, "metadata"),
        constraints=object_at(body, "constraints"),
        progress=_parse_progress(object_at(body, "progress")),
        health=text(body, "health"),
        poll_after_ms=whole(body, "poll_after_ms"),
        raw=body,
    )


def _plural(body: Mapping[str, Any]) -> str:
    address = text(object_at(body, "links"), "entities") or ""
    return address.removeprefix("/").partition("?")[0] or text(body, "entity_type") or ""


def parse_accepted(body: Mapping[str, Any], *, idempotency_key: str, replayed: bool) -> Accepted:
    """Read the answer to a submission. Raises `UnexpectedAnswer` if the body is none."""
    request_id, status = text(body, "request_id"), text(body, "status")
    if request_id is None or status is None:
        raise UnexpectedAnswer("the answer to the submission names no request_id and status")
    return Accepted(
        request_id=request_id,
        status=status,
        done=boolean(body, "done") or False,
        count=whole(body, "count") or 0,
        message=text(body, "message") or "",
        idempotency_key=idempotency_key,
        replayed=replayed,
        deadline_at=moment(body, "deadline_at"),
        poll_after_ms=whole(body, "poll_after_ms"),
        raw=body,
    )


def parse_counts(body: Mapping[str, Any]) -> Counts:
    """Read counts; what is missing is 0."""
    return Counts(
        pending=whole(body, "pending") or 0,
        processing=whole(body, "processing") or 0,
        retrying=whole(body, "retrying") or 0,
        generated=whole(body, "generated") or 0,
        failed=whole(body, "failed") or 0,
        cancelled=whole(body, "cancelled") or 0,
    )


def parse_slot(body: Mapping[str, Any]) -> Slot:
    """Read a slot."""
    error = object_at(body, "error")
    return Slot(
        index=whole(body, "index") or 0,
        status=text(body, "status") or "",
        entity_id=text(body, "entity_id"),
        attempts=whole(body, "attempts") or 0,
        max_attempts=whole(body, "max_attempts"),
        next_attempt_at=moment(body, "next_attempt_at"),
        error=parse_slot_error(error) if error else None,
        started_at=moment(body, "started_at"),
        finished_at=moment(body, "finished_at"),
    )


def parse_slot_error(body: Mapping[str, Any]) -> SlotError:
    """Read why an attempt failed."""
    return SlotError(
        code=text(body, "code") or "",
        category=text(body, "category"),
        retryable=boolean(body, "retryable"),
        message=text(body, "message") or "",
        attempt=whole(body, "attempt"),
    )


def _parse_error_count(body: Mapping[str, Any]) -> ErrorCount:
    return ErrorCount(
        code=text(body, "code") or "",
        count=whole(body, "count") or 0,
        sample_index=whole(body, "sample_index"),
    )


def parse_usage(body: Mapping[str, Any]) -> Usage:
    """Read usage; what is missing is 0."""
    return Usage(
        input_tokens=whole(body, "input_tokens") or 0,
        output_tokens=whole(body, "output_tokens") or 0,
        model_calls=whole(body, "model_calls") or 0,
    )


def _parse_progress(body: Mapping[str, Any]) -> Progress | None:
    if not body:
        return None
    return Progress(
        percent=whole(body, "percent") or 0,
        phase=text(body, "phase") or "",
        queue_position=whole(body, "queue_position"),
        eta_seconds=whole(body, "eta_seconds"),
    )


def _parse_cost(body: Mapping[str, Any]) -> Cost:
    return Cost(
        total_microusd=whole(body, "total_microusd") or 0,
        wasted_microusd=whole(body, "wasted_microusd") or 0,
        estimated=boolean(body, "estimated") or False,
        limit_microusd=whole(body, "max_microusd"),
    )


def _parse_cancellation(body: Mapping[str, Any]) -> Cancellation | None:
    if not body:
        return None
    return Cancellation(
        mode=text(body, "mode") or "",
        reason=text(body, "reason"),
        requested_at=moment(body, "requested_at"),
        settles_by=moment(body, "settles_by"),
        outcome=text(body, "outcome") or "",
    )
