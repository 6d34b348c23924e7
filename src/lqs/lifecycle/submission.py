"""A submission: what is wished for, what is stored of it, and how it is answered when its key was used before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from lqs.domain import limits
from lqs.domain.errors import IdempotencyKeyExpired, IdempotencyKeyReused, LqsError
from lqs.domain.ids import new_id
from lqs.domain.terms import Terms
from lqs.lifecycle import idempotency
from lqs.observability.trace_context import TraceContext
from lqs.storage.generation_requests import NewRequest, Stored
from lqs.storage.idempotency_keys import Key, Use


@dataclass(frozen=True, slots=True)
class Submission:
    """A checked wish for entities. `constraints` and `metadata` are plain JSON values; a constraint at its default is
    left out, so that a constraint added in a later version does not make an old body another one.

    `operation` is the scope of the idempotency key, such as `POST /problems/generate`; `requested_by` is the id of the
    caller's API key. `call_price_microusd` is what one call of the generator can cost at most; `trace` is where in
    a trace it was asked for.
    """

    owner_id: UUID
    operation: str
    entity_type: str
    count: int
    constraints: Mapping[str, Any]
    metadata: Mapping[str, str]
    idempotency_key: str | None
    terms: Terms = field(default_factory=Terms)
    requested_by: str | None = None
    call_price_microusd: int = 0
    origin: UUID | None = None
    trace: TraceContext | None = None
    id: UUID = field(default_factory=new_id)

    @property
    def body(self) -> dict[str, Any]:
        """What a replay must repeat."""
        wish = {"count": self.count, "constraints": dict(self.constraints), "metadata": dict(self.metadata)}
        return wish | self.terms.chosen

    @property
    def fingerprint(self) -> bytes:
        """What the body is compared by."""
        return idempotency.fingerprint(self.body)

    @property
    def key(self) -> Key | None:
        """The idempotency key in its scope."""
        return Key(self.owner_id, self.operation, self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True)
class Defaults:
    """The terms of a generation request whose caller chose none. Durations are seconds.

    A run may take its count times the time of an attempt, and `overhead_seconds` more. `call_prices` tells for each
    entity type what one call costs at most, in millionths of a US dollar; None if that is unknown.
    """

    slot_timeout_seconds: float = 90.0
    overhead_seconds: float = 120.0
    max_attempts: int = 3
    retention_seconds: int = 7 * 86_400
    call_prices: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a submission. A replayed one names the generation request that its key made at `used_at`."""

    request_id: UUID
    replayed: bool
    stored: Stored | None
    used_at: datetime | None = None


def new_request(submission: Submission, defaults: Defaults) -> NewRequest:
    """What is stored of a submission."""
    terms = submission.terms
    return NewRequest(
        id=submission.id,
        owner_id=submission.owner_id,
        entity_type=submission.entity_type,
        count=submission.count,
        max_attempts=terms.max_attempts or defaults.max_attempts,
        constraints=json.dumps(submission.constraints),
        metadata=json.dumps(submission.metadata),
        options=json.dumps(terms.chosen),
        priority=terms.priority,
        requested_by=submission.requested_by,
        deadline_seconds=_run_seconds(submission, defaults),
        start_within_seconds=terms.start_within_seconds,
        slot_timeout_seconds=terms.slot_timeout_seconds or defaults.slot_timeout_seconds,
        retention_seconds=terms.retention_seconds or defaults.retention_seconds,
        max_cost_microusd=terms.max_cost_microusd,
        call_price_microusd=submission.call_price_microusd,
        origin=submission.origin,
        trace=submission.trace,
    )


def _run_seconds(submission: Submission, defaults: Defaults) -> float:
    """How long the whole run may take, a chosen wait for its start included.

    What a caller chose of its parts does not make the whole longer than a caller could choose that.
    """
    terms = submission.terms
    if terms.timeout_seconds:
        return terms.timeout_seconds
    attempt = terms.slot_timeout_seconds or defaults.slot_timeout_seconds
    wanted = (terms.start_within_seconds or 0) + submission.count * attempt + defaults.overhead_seconds
    chosen = terms.start_within_seconds or terms.slot_timeout_seconds
    return min(wanted, limits.MAX_TIMEOUT_SECONDS) if chosen else wanted


def answer(
    submission: Submission, uses: Mapping[Key, Use], stored: Mapping[UUID, Stored], refused: Mapping[UUID, LqsError]
) -> Accepted | LqsError:
    """A twin in the same batch is answered as the one whose key it shares."""
    subject_id = uses[submission.key].subject_id if submission.key else submission.id
    if subject_id in refused:
        return refused[subject_id]
    if submission.id in stored:
        return Accepted(submission.id, False, stored[submission.id])
    return _replay(submission, uses)


def _replay(submission: Submission, uses: Mapping[Key, Use]) -> Accepted | LqsError:
    assert submission.key is not None
    use = uses[submission.key]
    if use.expired:
        return IdempotencyKeyExpired(use.subject_id)
    if use.fingerprint == submission.fingerprint:
        return Accepted(use.subject_id, True, None, use.used_at)
    return IdempotencyKeyReused(use.subject_id, _differing(json.loads(use.body or "{}"), submission.body))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of the fields that differ, one level into constraints and metadata; never their values."""
    if not before:
        return []
    names = ["count"] if before["count"] != after["count"] else []
    for place in ("constraints", "metadata"):
        names += [f"{place}.{name}" for name in _unequal(before[place], after[place])]
    return names + [name for name in _unequal(before, after) if name not in ("count", "constraints", "metadata")]


def _unequal(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
