"""The shapes of the contract, as the OpenAPI document tells them; tests hold live answers against them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from lqs.api.moments import EARLIEST, LATEST
from lqs.domain import limits
from lqs.domain.api_key import Scope
from lqs.domain.bulk import BulkAction, BulkStatus
from lqs.domain.entity_type import EntityType
from lqs.domain.generation_request import CancelMode, EndReason, Priority, Status
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import Category, SlotErrorCode


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Output(BaseModel):
    model_config = ConfigDict(extra="forbid")


Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_METADATA_KEY_CHARACTERS)],
        Annotated[str, StringConstraints(max_length=limits.MAX_METADATA_VALUE_CHARACTERS)],
    ],
    Field(
        max_length=limits.MAX_METADATA_PAIRS,
        description="Your own words, returned with the generation request.",
        examples=[{"lesson": "A1-7"}],
    ),
]


IF_VERSION = "Only if the generation request still has this version; else 412."
IfVersion = Annotated[int | None, Field(ge=1, le=limits.MAX_VERSION, description=IF_VERSION)]


class GenerateBody(_Input):
    """What every entity type's generate operation takes; each type adds its own constraints."""

    count: Annotated[
        int,
        Field(
            ge=limits.MIN_ENTITIES,
            le=limits.MAX_ENTITIES,
            description="How many entities to generate.",
            examples=[5],
        ),
    ] = limits.DEFAULT_ENTITIES
    metadata: Metadata = Field(default_factory=dict)
    priority: Annotated[
        Priority,
        Field(description="A weight beside the caller's other work and that of others; high needs the scope priority."),
    ] = Priority.NORMAL
    timeout_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_TIMEOUT_SECONDS,
            description="Longest time the whole run may take; null: count times the time of an attempt, and some more.",
        ),
    ] = None
    start_within_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_TIMEOUT_SECONDS,
            description="Longest wait for the first attempt to start; null: the whole run's time.",
        ),
    ] = None
    slot_timeout_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_SLOT_TIMEOUT_SECONDS,
            description="Longest time one attempt at one entity may take; null: the service's own limit.",
        ),
    ] = None
    max_attempts: Annotated[
        int | None,
        Field(ge=1, le=limits.MAX_ATTEMPTS, description="Attempts per entity; null: the service's own number."),
    ] = None
    max_cost_microusd: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.MAX_COST_MICROUSD,
            description="What all calls together may cost, in millionths of a US dollar; null: no limit.",
        ),
    ] = None
    retention_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_RETENTION_SECONDS,
            le=limits.MAX_RETENTION_SECONDS,
            description="How long the record is kept after its end; its entities stay. null: the service's own time.",
        ),
    ] = None


def generate_body(entity_type: EntityType) -> type[GenerateBody]:
    """The body of `POST /<plural>/generate` for this entity type."""
    constraints: Any = (
        entity_type.constraints_model,
        Field(default_factory=entity_type.constraints_model, description="What the entities should be about."),
    )
    noun = "".join(word.capitalize() for word in entity_type.plural.split("_"))
    return create_model(f"Generate{noun}", __base__=GenerateBody, constraints=constraints)


class CancelBody(_Input):
    """How to cancel, and why; nothing has to be said."""

    mode: Annotated[
        CancelMode,
        Field(description="graceful: what is in flight finishes and is kept; abort: everything ends at once."),
    ] = CancelMode.GRACEFUL
    reason: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=limits.MAX_REASON_CHARACTERS,
            description="Your own words, kept with the cancellation.",
            examples=["wrong lesson"],
        ),
    ] = None
    if_version: IfVersion = None


class ChangeBody(_Input):
    """What is to be changed of a generation request; what is absent or null stays."""

    metadata: Annotated[
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_METADATA_KEY_CHARACTERS)],
            Annotated[str, StringConstraints(max_length=limits.MAX_METADATA_VALUE_CHARACTERS)] | None,
        ],
        Field(
            max_length=limits.MAX_METADATA_PAIRS,
            description="Pairs to set; null removes one; all others stay.",
            examples=[{"lesson": "A1-8", "draft": None}],
        ),
    ] = Field(default_factory=dict)
    priority: Annotated[
        Priority | None, Field(description="Only while it is pending; high needs the scope priority.")
    ] = None
    pinned: Annotated[
        bool | None,
        Field(description="true: kept until it is unpinned. false: purged when its retention has passed from now."),
    ] = None
    if_version: IfVersion = None


def _written(value: Any) -> Any:
    """Read here, as everywhere: pydantic would take a number in quotes, too."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("It is a time with its offset, such as 2026-01-31T12:00:00Z") from None


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    Field(ge=EARLIEST, le=LATEST, examples=["2026-01-31T12:00:00Z"]),
]


class BulkFilter(_Input):
    """Which generation requests: those that satisfy everything named here, and at least one thing must be named."""

    entity_type: Annotated[str | None, Field(max_length=64, examples=["problem"])] = None
    status: Annotated[list[Status], Field(max_length=len(Status), description="Any of these.")] = []
    end_reason: Annotated[list[EndReason], Field(max_length=len(EndReason), description="Any of these.")] = []
    error_code: Annotated[
        list[SlotErrorCode], Field(max_length=len(SlotErrorCode), description="A slot failed with any of these.")
    ] = []
    priority: Annotated[list[Priority], Field(max_length=len(Priority), description="Any of these.")] = []
    requested_after: Moment | None = None
    requested_before: Moment | None = None
    completed_after: Moment | None = None
    completed_before: Moment | None = None
    older_than_seconds: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.MAX_AGE_SECONDS,
            description="Since its end, or, while it is not done, since its run was asked for. Fixed by now.",
        ),
    ] = None
    metadata: Annotated[Metadata, Field(description="Has all of these pairs.")] = {}


class BulkBody(_Input):
    """One wish for many generation requests."""

    action: BulkAction
    filter: BulkFilter
    dry_run: Annotated[bool, Field(description="Only say how many it would be, and name some.")] = False
    scope: Annotated[Literal["own", "all"], Field(description="all: those of every owner; needs the scope admin.")] = (
        "own"
    )
    mode: Annotated[CancelMode | None, Field(description="For cancel; null: graceful.")] = None
    reason: Annotated[
        str | None, Field(min_length=1, max_length=limits.MAX_REASON_CHARACTERS, description="For cancel.")
    ] = None
    slots: Annotated[
        Literal["failed", "failed_and_cancelled"] | None, Field(description="For retry; null: failed.")
    ] = None
    max_attempts: Annotated[int | None, Field(ge=1, le=limits.MAX_ATTEMPTS, description="For retry.")] = None
    timeout_seconds: Annotated[
        int | None,
        Field(ge=limits.MIN_TIMEOUT_SECONDS, le=limits.MAX_TIMEOUT_SECONDS, description="For retry: the whole run's."),
    ] = None


DailyBudget = Annotated[
    int | None,
    Field(
        ge=0,
        le=limits.MAX_COST_MICROUSD,
        description="What its calls may cost in a day (UTC), in millionths of a US dollar; null: any sum.",
    ),
]


class CreateKeyBody(_Input):
    """A wish for an API key."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["quiz app"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope), examples=[["read", "write"]])]
    expires_at: Annotated[
        AwareDatetime | None, Field(description="When it ends by itself, with its UTC offset; null: never.")
    ] = None
    daily_budget_microusd: DailyBudget = None


class Links(_Output):
    """Addresses to follow; never build one yourself."""

    self: str = Field(examples=["/generation-requests/0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"])
    cancel: str | None = Field(description="Where to POST a cancellation; null when done.")
    retry: str | None = Field(description="Where to POST a retry; null unless something can be tried again.")


class Idempotency(_Output):
    """What became of the Idempotency-Key."""

    key: str
    replayed: bool = Field(description="True when this key had done its work before.")
    key_expires_at: datetime | None = Field(
        description="When the key ends; null while the end of the record is not known, for it lives as long."
    )


class Accepted(_Output):
    """The 202: the generation request is durable, and will end."""

    message: str
    request_id: UUID
    count: int
    status: Status
    done: bool
    deadline_at: datetime
    poll_after_ms: int | None = Field(None, description="When to look again; absent when done.")
    idempotency: Idempotency | None
    links: Links


class Counts(_Output):
    """Slots by status; the six always add up to requested_count."""

    pending: int
    processing: int
    retrying: int
    generated: int
    failed: int
    cancelled: int


class SlotError(_Output):
    """Why a slot failed, or why its last attempt did."""

    code: SlotErrorCode
    category: Category
    retryable: bool
    message: str
    attempt: int


class Slot(_Output):
    """One place for one entity."""

    index: int
    status: SlotStatus
    entity_id: UUID | None
    attempts: int
    max_attempts: int
    next_attempt_at: datetime | None
    error: SlotError | None
    started_at: datetime | None
    finished_at: datetime | None


class ErrorSummary(_Output):
    """How often a code ended a slot, and one slot where it did."""

    code: SlotErrorCode
    count: int
    sample_index: int


class Usage(_Output):
    """What the attempts of this generation request consumed."""

    input_tokens: int
    output_tokens: int
    model_calls: int


class Cost(_Output):
    """What the calls cost so far, in millionths of a US dollar."""

    currency: Literal["USD"]
    total_microusd: int
    wasted_microusd: int = Field(description="Of the total, what made no entity.")
    estimated: bool = Field(
        description="True when calls are counted at their highest price, for nobody told the real one."
    )
    max_microusd: int | None = Field(description="The budget; null: none.")


class Cancellation(_Output):
    """A cancellation that was asked for."""

    mode: CancelMode
    reason: str | None
    requested_at: datetime | None = Field(description="null when the end had come before; it is not recorded then.")
    settles_by: datetime | None = Field(
        description="When the last slot is settled, at the latest; null when the end had come before."
    )
    outcome: Literal["pending", "cancelled", "too_late"] = Field(
        description="too_late: everything had been settled before it took effect."
    )


class GenerationRequest(_Output):
    """A generation request, whole and as of one moment."""

    request_id: UUID
    entity_type: str
    status: Status
    done: bool = Field(description="The only field a poller needs: true when nothing will change any more.")
    end_reason: EndReason | None
    run: int
    version: int
    requested_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    deadline_at: datetime
    start_deadline_at: datetime | None
    last_progress_at: datetime | None
    expires_at: datetime | None = Field(description="When the record is purged; null: not done yet, or pinned.")
    pinned: bool
    priority: Priority
    slot_timeout_seconds: float
    origin: UUID | None = Field(description="The purged generation request that this one repeats, if any.")
    cancel: Cancellation | None
    requested_count: int
    generated_count: int
    failed_count: int
    counts: Counts
    entities: list[dict[str, Any]]
    slots: list[Slot]
    error_summary: list[ErrorSummary]
    error_message: str | None
    usage: Usage
    cost: Cost
    constraints: dict[str, Any]
    metadata: dict[str, str]
    poll_after_ms: int | None = Field(None, description="When to look again; absent when done.")
    links: Links


class Tally(_Output):
    """How many there are; served and unserved add up to the total."""

    total: int
    served: int = Field(description="Drawn at least once.")
    unserved: int


class ValueTally(Tally):
    """How many have this value of a facet."""

    value: str


class GroupTally(Tally):
    """How many have this combination of values."""

    values: dict[str, list[str]] = Field(description="By facet; none, if they have no value of it.")


class PoolStatistics(Tally):
    """The pool in numbers, as of one moment."""

    by_facet: dict[str, list[ValueTally]] = Field(
        description="The most frequent value first. What has several values counts for each of them."
    )
    groups: list[GroupTally] = Field(description="With group_by: every combination that there is.")


class BulkSelection(_Output):
    """The filter of a bulk operation; what was not named is absent."""

    entity_type: str | None = None
    status: list[Status] | None = None
    end_reason: list[EndReason] | None = None
    error_code: list[SlotErrorCode] | None = None
    priority: list[Priority] | None = None
    requested_after: datetime | None = None
    requested_before: datetime | None = None
    completed_after: datetime | None = None
    completed_before: datetime | None = None
    older_than_seconds: int | None = None
    aged_before: datetime | None = Field(None, description="What older_than_seconds meant when it was accepted.")
    metadata: dict[str, str] | None = None


class BulkOptions(_Output):
    """How the action is done; what was not chosen is absent."""

    mode: CancelMode | None = None
    reason: str | None = None
    slots: Literal["failed", "failed_and_cancelled"] | None = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None


class BulkPreview(_Output):
    """A dry run: what would change now."""

    action: BulkAction
    dry_run: Literal[True]
    scope: Literal["own", "all"]
    filter: BulkSelection
    options: BulkOptions
    matched: int
    sample_request_ids: list[UUID]


class BulkLinks(_Output):
    """Addresses to follow."""

    self: str


class BulkOperation(_Output):
    """One wish for many generation requests, and how far it has come."""

    bulk_id: UUID
    action: BulkAction
    scope: Literal["own", "all"]
    filter: BulkSelection
    options: BulkOptions
    status: BulkStatus
    done: bool
    matched: int = Field(description="Found so far: changed and skipped together.")
    changed: int
    skipped: int = Field(description="Found, but by then in no state that allows it, or with nothing to do.")
    requested_at: datetime
    completed_at: datetime | None
    poll_after_ms: int | None = Field(None, description="When to look again; absent when done.")
    idempotency: Idempotency | None = Field(None, description="In the answer that began it.")
    links: BulkLinks


class Key(_Output):
    """An API key without its secret."""

    key_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    daily_budget_microusd: DailyBudget
    spent_today_microusd: int = Field(
        description="Of the daily budget; calls in flight count at their price. 0 without a budget: no account is kept."
    )


class CreatedKey(Key):
    """A new API key; `secret` is the whole key and is never shown again."""

    secret: str


class Keys(_Output):
    """All keys of the owner, oldest first."""

    results: list[Key]


class Times(_Output):
    """Seconds; null when there was nothing to measure."""

    average: float | None
    p50: float | None
    p95: float | None


class RequestStatistics(_Output):
    """Generation requests by what became of them; the rest of the total is not done."""

    total: int
    completed: int
    partial: int
    failed: int
    cancelled: int
    success_rate: float | None = Field(description="Completed ones of those that ended without being cancelled.")
    seconds: Times = Field(description="From asked for to done, of the latest run.")


class EntityStatistics(_Output):
    """What was asked for by what became of it; the rest of it is not settled."""

    requested: int
    generated: int
    failed: int
    cancelled: int
    success_rate: float | None = Field(description="Generated ones of those that were generated or failed.")


class AttemptStatistics(_Output):
    """Attempts that workers reported, by how they ended."""

    total: int
    generated: int
    failed: int
    late: int = Field(description="Too late: the slot had gone on without them.")
    seconds: Times


class FailureStatistics(_Output):
    """A code, how many slots ended with it, and how many attempts failed with it."""

    code: SlotErrorCode
    slots: int | None = Field(description="null by model: a slot has none.")
    attempts: int


class CostStatistics(_Output):
    """What the calls cost, in millionths of a US dollar."""

    currency: Literal["USD"]
    total_microusd: int
    wasted_microusd: int = Field(description="Of the total, what made no entity.")
    estimated_microusd: int | None = Field(
        description="Of the total, what is counted at the highest price, for nobody told the real one; null by model."
    )


class StatisticsGroup(_Output):
    """The numbers of one group; by model only those of attempts."""

    bucket: datetime | None = Field(description="When the hour or day of this group begins; null without buckets.")
    group: dict[str, str | None] = Field(examples=[{"status": "completed"}])
    requests: RequestStatistics | None
    entities: EntityStatistics | None
    attempts: AttemptStatistics
    failures: list[FailureStatistics] = Field(description="The most frequent first.")
    cost: CostStatistics


class Statistics(_Output):
    """Numbers of the generation requests that were asked for from `since` on and before `until`."""

    since: datetime
    until: datetime
    scope: Literal["own", "all"]
    group_by: list[str]
    bucket: Literal["hour", "day"] | None
    results: list[StatisticsGroup]


class Alive(_Output):
    """The process answers."""

    status: Literal["alive"]


class Reason(_Output):
    """Something that is not as it should be, though the service goes on."""

    code: Literal["no_worker", "transport_in_trouble"]
    detail: str


class Ready(_Output):
    """The process can serve. `degraded`: it accepts and answers, but not all is as it should be, for these reasons."""

    status: Literal["ready", "degraded"]
    workers_alive: int
    reasons: list[Reason]


class FieldError(BaseModel):
    """One thing wrong with a body; limits such as `min` and `max` stand beside."""

    pointer: str = Field(description="JSON pointer to the place.")
    code: str
    detail: str


class Error(BaseModel):
    """Every error answer (RFC 9457). `code` is stable: decide by it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryable: bool = Field(description="Whether the same call can succeed later.")
    trace_id: str
    current_version: int | None = Field(None, description="With version_mismatch.")
    purged_at: datetime | None = Field(None, description="With generation_request_purged.")
    status_at_end: Status | None = Field(None, description="With generation_request_purged: how it had ended.")
    counts: Counts | None = Field(None, description="With generation_request_purged: its slots by status.")
    errors: list[FieldError] | None = Field(None, description="With body_refused: every place that is wrong.")
    existing_request_id: UUID | None = Field(
        None, description="With idempotency_key_reuse and idempotency_key_expired: what the key stands for."
    )
    parameter: str | None = Field(None, description="With parameter_refused: its name.")
    differing_fields: list[str] | None = Field(None, description="With idempotency_key_reuse: names, never values.")
    generate: dict[str, Any] | None = Field(
        None, description="When nothing can be drawn: what to send to have some made; null if none can be."
    )
