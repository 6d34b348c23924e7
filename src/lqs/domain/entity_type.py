"""The plug-in seam: what an entity type is, and what a generator of its entities promises.

Nothing in the tracking knows French. An entity type is registered once, in `generators/catalog.py`; the routes, the
commands, the storage and the workers follow from that one registration.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel

from lqs.domain.facets import Facet, Filters, check_declared, shape
from lqs.domain.slot_errors import KINDS, SlotErrorCode


@dataclass(frozen=True, slots=True)
class GenerationOrder:
    """What a generator is asked for: one entity, for one slot.

    `constraints` is an instance of the entity type's constraints model. `attempt` counts from 1 in each `run`, and
    `run` counts from 1: a retry by hand begins a further one. `request_id` and `slot_index` make seeded generators
    differ from slot to slot and repeat on demand.
    """

    request_id: UUID
    slot_index: int
    attempt: int
    constraints: BaseModel
    run: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """What one attempt consumed. Tokens are counts; cost is in millionths of a US dollar, None when unknown."""

    model: str | None = None
    provider_request_id: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_microusd: int | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """One generated entity, not yet verified, and what it consumed."""

    entity: BaseModel
    usage: Usage = field(default_factory=Usage)


class GenerationFailure(Exception):
    """An attempt failed for a reason the generator can name.

    `code` decides whether it is tried again. `retry_after_seconds` is the provider's own wish, if it said one.
    `detail` is for our logs only; users see the code's own message.
    """

    def __init__(
        self,
        code: SlotErrorCode,
        detail: str = "",
        *,
        retry_after_seconds: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(detail or KINDS[code].message)
        self.code = code
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.usage = usage or Usage()


class Generator(Protocol):
    """Makes entities of one type. Thousands of calls run at once on one event loop, so an implementation must not
    block it: anything that computes for more than a few milliseconds belongs in a thread.
    """

    async def generate(self, order: GenerationOrder) -> Generated:
        """Make one entity.

        Raises `GenerationFailure` for every failure that has a code; anything else is booked as `internal`.
        A cancelled call must stop promptly.
        """
        ...


class ConstraintsRefused(Exception):
    """The constraints contradict each other or ask for what no generator can make; raised before anything is stored.

    `pointer` is a JSON pointer into the constraints, such as `/verbs/0`; `detail` says what to change.
    """

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


class VerificationFailed(Exception):
    """A generated entity is not fit to be stored. `check` names the rule that refused it."""

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(f"{check}: {detail}")
        self.check = check
        self.detail = detail


@dataclass(frozen=True, slots=True)
class EntityType:
    """One kind of entity, complete: registering this is all there is to do.

    `name` is the singular noun stored with every request, `plural` the noun of its paths and its table (a partition
    of `entities`). `check_constraints` raises `ConstraintsRefused` for what the model alone cannot refuse.
    `verify` returns the entity to store (with the verification's findings in it) or raises `VerificationFailed`;
    it runs on whatever any generator made. `generators` maps a setting's word to a factory, and `call_prices` the same
    words to the most that one call can cost, in millionths of a US dollar; what a word costs that is not there is
    unknown, and nobody can set a budget for it. `facets` is what its
    entities can be found by; `seed_by` names those of which a seed fills every combination. Raises `ValueError` for
    facets that cannot be honoured.
    """

    name: str
    plural: str
    entity_model: type[BaseModel]
    constraints_model: type[BaseModel]
    check_constraints: Callable[[Any], None]
    verify: Callable[[Any, Any], BaseModel]
    generators: Mapping[str, Callable[[], Generator]]
    default_generator: str
    call_prices: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    facets: tuple[Facet, ...] = ()
    seed_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_declared(self.facets, self.seed_by, self.entity_model)

    def constraint_for(self, facet: str) -> str | None:
        """The constraint that asks for entities with a value of this facet: `tenses` for tense; None if there is none.

        It is a list that has the name of the facet, or its plural.
        """
        names = self.constraints_model.model_fields
        return next((name for name in (f"{facet}s", facet) if name in names), None)

    def constraints_for(self, filters: Filters) -> dict[str, list[str | int | bool]]:
        """The constraints that ask for what these filters find, as far as there are such."""
        shapes = {facet.name: shape(self.entity_model, facet.path) for facet in self.facets}
        return {
            constraint: [shapes[name].json(value) for value in values]
            for name, values in filters.items()
            if name in shapes and (constraint := self.constraint_for(name))
        }
