"""The registry: which entity types there are. Adding one here is all it takes to offer it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lqs.domain.entities.problem import Problem
from lqs.domain.entity_type import EntityType, Generator
from lqs.domain.slot_errors import SlotErrorCode
from lqs.generators.problem.constraints import check_constraints
from lqs.generators.problem.naming import NamedVerbConstraints
from lqs.generators.problem.offline import OfflineProblemGenerator
from lqs.generators.problem.verify import verify_problem
from lqs.generators.simulated import SimulatedGenerator

SIMULATED = "simulated"
"""The word for an entity type's default generator behind simulated latency and failures."""

_ENTITY_TYPES = (
    EntityType(
        name="problem",
        plural="problems",
        entity_model=Problem,
        constraints_model=NamedVerbConstraints,
        check_constraints=check_constraints,
        verify=verify_problem,
        generators=MappingProxyType({"offline": OfflineProblemGenerator}),
        default_generator="offline",
        call_prices=MappingProxyType({"offline": 0}),
    ),
)
_REGISTRY: Mapping[str, EntityType] = MappingProxyType({kind.name: kind for kind in _ENTITY_TYPES})


@dataclass(frozen=True, slots=True)
class Simulation:
    """How the simulated generator behaves; see `SimulatedGenerator`."""

    seed: int = 0
    latency_median_seconds: float = 2.0
    latency_sigma: float = 0.5
    failures: Mapping[SlotErrorCode, float] = field(default_factory=lambda: MappingProxyType({}))
    price_microusd: int = 0


def entity_types() -> Mapping[str, EntityType]:
    """Every entity type by its name; cannot be changed."""
    return _REGISTRY


def generator_for(entity_type: EntityType, word: str, *, simulated: Simulation | None = None) -> Generator:
    """The generator a setting's word names; `simulated` says how one named so behaves.

    Raises `ValueError`, naming the words that are known, for any other.
    """
    if word == SIMULATED:
        how = simulated or Simulation()
        return SimulatedGenerator(
            entity_type.generators[entity_type.default_generator](),
            seed=how.seed,
            latency_median_seconds=how.latency_median_seconds,
            latency_sigma=how.latency_sigma,
            failures=how.failures,
            price_microusd=how.price_microusd,
        )
    if word not in entity_type.generators:
        known = ", ".join([*entity_type.generators, SIMULATED])
        raise ValueError(f"“{word}” is not a generator of {entity_type.plural}; choose from: {known}")
    return entity_type.generators[word]()


def call_price_for(entity_type: EntityType, word: str, *, simulated: Simulation | None = None) -> int | None:
    """The most that one call of the generator named by a setting's word can cost, in millionths of a US dollar.

    None when that is unknown.
    """
    if word == SIMULATED:
        return (simulated or Simulation()).price_microusd
    return entity_type.call_prices.get(word)
