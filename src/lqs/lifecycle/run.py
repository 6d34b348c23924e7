"""Run: one attempt at one entity, from the claimed slot to a result that can be settled."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from uuid import UUID

from pydantic import BaseModel

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.entity_type import (
    EntityType,
    Generated,
    GenerationFailure,
    GenerationOrder,
    Generator,
    Usage,
    VerificationFailed,
)
from lqs.domain.facets import terms_of
from lqs.domain.ids import new_id
from lqs.domain.retry_policy import RetryPolicy
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.observability.telemetry import Telemetry, part
from lqs.observability.trace_context import TraceContext
from lqs.storage.claims import Claimed, Report

_MOST_DETAIL_CHARACTERS = 1000
_CHAT = "chat"
"""What generators do, in the words of OpenTelemetry's conventions for language models."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What an attempt needs: how each entity type is made and checked, what is tried again."""

    entity_types: Mapping[str, EntityType]
    generators: Mapping[str, Generator]
    policy: RetryPolicy
    telemetry: Telemetry
    rng: random.Random = field(default_factory=random.Random)


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt ended: what the slot should become, and the entity (JSON text) if there is one.

    `facets` are the terms by which the entity is found, `trace` is the attempt's place in a trace.
    """

    slot: Claimed
    report: Report
    entity_id: UUID
    content: str | None
    facets: tuple[str, ...] = ()
    trace: TraceContext | None = None


async def run(slot: Claimed, workshop: Workshop, claim: TraceContext | None = None) -> Result:
    """Make one entity and verify it. Never raises but for cancellation: every failure becomes a result with a code.

    `claim` is the place of the claim in a trace.
    """
    with workshop.telemetry.step(
        "attempt.ended",
        under=slot.trace,
        links=(claim,),
        request_id=str(slot.request_id),
        index=slot.index,
        attempt=slot.attempt,
        entity_type=slot.entity_type,
        run=slot.run,
    ) as step:
        result = await _attempt_whatever_happens(slot, workshop)
        report = result.report
        step.came(
            outcome=report.status,
            code=report.error_code,
            seconds=report.duration_ms / 1000,
            cost_microusd=report.usage.cost_microusd,
            retry_in_seconds=report.retry_delay_seconds,
        )
    return replace(result, trace=step.trace) if step.trace else result


async def _attempt_whatever_happens(slot: Claimed, workshop: Workshop) -> Result:
    started = time.monotonic()
    try:
        return await _attempt(slot, workshop, started)
    except asyncio.CancelledError as error:
        if _asked_to_stop():
            raise
        return _broken(slot, workshop, error, started)
    except Exception as error:
        return _broken(slot, workshop, error, started)


def without_content(result: Result, workshop: Workshop) -> Result:
    """The same attempt, failed for a reason of ours: what it made, or what it said of its usage, cannot be stored."""
    report = result.report
    delay = workshop.policy.delay_seconds(
        SlotErrorCode.INTERNAL, report.attempt, max_attempts=result.slot.max_attempts, rng=workshop.rng
    )
    failed = replace(
        report,
        status=SlotStatus.FAILED if delay is None else SlotStatus.RETRYING,
        error_code=SlotErrorCode.INTERNAL,
        retry_delay_seconds=delay,
        usage=Usage(),
    )
    return replace(result, report=failed, content=None, facets=())


async def _attempt(slot: Claimed, workshop: Workshop, started: float) -> Result:
    try:
        async with asyncio.timeout(slot.timeout_seconds):
            crash_point_soon(CrashPoint.MODEL_ASKED)
            generated = await _generate(slot, workshop)
            crash_point(CrashPoint.MODEL_ANSWERED)
        entity = _verified(slot, generated, workshop)
        content = entity.model_dump_json()
    except GenerationFailure as failure:
        return _failed(slot, workshop, failure, started)
    except TimeoutError:
        return _failed(slot, workshop, GenerationFailure(SlotErrorCode.SLOT_TIMEOUT), started)
    facets = terms_of(workshop.entity_types[slot.entity_type].facets, entity)
    return _generated(slot, started, generated.usage, content, facets)


def _place(slot: Claimed) -> dict[str, object]:
    """Which attempt it is."""
    return {"request_id": str(slot.request_id), "index": slot.index, "attempt": slot.attempt}


def _broken(slot: Claimed, workshop: Workshop, error: BaseException, started: float) -> Result:
    workshop.telemetry.fault("attempt.broke", error, **_place(slot))
    return _failed(slot, workshop, GenerationFailure(SlotErrorCode.INTERNAL), started)


def _asked_to_stop() -> bool:
    """Whether this task was cancelled itself, and not something that a generator awaited."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _generate(slot: Claimed, workshop: Workshop) -> Generated:
    entity_type = workshop.entity_types[slot.entity_type]
    order = GenerationOrder(
        request_id=slot.request_id,
        slot_index=slot.index,
        run=slot.run,
        attempt=slot.attempt,
        constraints=_constraints(entity_type.constraints_model, slot.constraints),
    )
    with part("model", {"entity_type": slot.entity_type}) as call:
        try:
            generated = await workshop.generators[slot.entity_type].generate(order)
        except GenerationFailure as failure:
            call.came(code=failure.code, **_told(failure.usage))
            raise
        call.came(**_told(getattr(generated, "usage", None)))
    return generated


def _told(usage: object) -> dict[str, object]:
    """What is known of a call to a model; a generator without any tells none."""
    if not isinstance(usage, Usage) or usage.model is None:
        return {}
    return {
        "operation": _CHAT,
        "model": usage.model,
        "response_id": usage.provider_request_id,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }


def _verified(slot: Claimed, generated: Generated, workshop: Workshop) -> BaseModel:
    entity_type = workshop.entity_types[slot.entity_type]
    constraints = _constraints(entity_type.constraints_model, slot.constraints)
    try:
        return entity_type.verify(generated.entity, constraints)
    except VerificationFailed as refusal:
        raise GenerationFailure(SlotErrorCode.OUTPUT_INVALID, str(refusal), usage=generated.usage) from None


@lru_cache(maxsize=256)
def _constraints(model: type[BaseModel], text: str) -> BaseModel:
    return model.model_validate_json(text)


def _generated(slot: Claimed, started: float, usage: Usage, content: str, facets: tuple[str, ...]) -> Result:
    report = Report(
        request_id=slot.request_id,
        index=slot.index,
        fence=slot.fence,
        attempt=slot.attempt,
        status=SlotStatus.GENERATED,
        error_code=None,
        retry_delay_seconds=None,
        duration_ms=_milliseconds_since(started),
        usage=_checked(usage),
    )
    return Result(slot, report, new_id(), content, facets)


def _failed(slot: Claimed, workshop: Workshop, failure: GenerationFailure, started: float) -> Result:
    code = SlotErrorCode(failure.code)
    delay = workshop.policy.delay_seconds(
        code,
        slot.attempt,
        max_attempts=slot.max_attempts,
        retry_after_seconds=failure.retry_after_seconds,
        rng=workshop.rng,
    )
    workshop.telemetry.emit(
        "attempt.failed",
        **_place(slot),
        code=code,
        detail=failure.detail,
        retry_in_seconds=delay,
    )
    report = Report(
        request_id=slot.request_id,
        index=slot.index,
        fence=slot.fence,
        attempt=slot.attempt,
        status=SlotStatus.FAILED if delay is None else SlotStatus.RETRYING,
        error_code=code,
        retry_delay_seconds=delay,
        duration_ms=_milliseconds_since(started),
        usage=_checked(failure.usage),
        error_detail=failure.detail[:_MOST_DETAIL_CHARACTERS].replace("\0", "") or None,
    )
    return Result(slot, report, new_id(), None)


def _checked(usage: Usage) -> Usage:
    # A generator may never have seen a type checker; noticed later, this would hold up the results of others.
    if not isinstance(usage, Usage):
        raise TypeError(f"the generator told its usage as {type(usage).__name__}")
    return usage


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
