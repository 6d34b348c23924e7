"""Generators that cost nothing but what is measured: the real entity type `problem`, believing whoever made it."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from lqs.domain.entities.problem import Problem, ProblemConstraints
from lqs.domain.entity_type import EntityType, Generated, GenerationOrder, Usage
from lqs.domain.retry_policy import RetryPolicy
from lqs.generators.catalog import entity_types
from lqs.generators.problem.offline import OfflineProblemGenerator
from lqs.generators.problem.verify import verify_problem
from lqs.lifecycle.run import Workshop
from lqs.observability.telemetry import Telemetry

PREBUILT = "prebuilt"
"""The word for the generator that answers at once."""


def kinds(sleep_seconds: float = 0, sigma: float = 0) -> Mapping[str, EntityType]:
    """`problem` with the generator `prebuilt`, which answers after `sleep_seconds`, spread by `sigma`."""
    problem = replace(
        entity_types()["problem"],
        verify=_believe,
        generators=MappingProxyType({PREBUILT: partial(Prebuilt, sleep_seconds, sigma)}),
        default_generator=PREBUILT,
    )
    return MappingProxyType({problem.name: problem})


class Prebuilt:
    """Hands out one real, verified problem again and again.

    In place of a provider's id it notes when the attempt started: nanoseconds since the epoch. Its sleep is log-normal:
    half of them are longer than `sleep_seconds`, and `sigma` (of the logarithm) says how widely they spread.
    """

    def __init__(self, sleep_seconds: float = 0, sigma: float = 0) -> None:
        self._sleep_seconds = sleep_seconds
        self._sigma = sigma
        self._problem = a_problem()

    async def generate(self, order: GenerationOrder) -> Generated:
        """The problem."""
        started = str(time.time_ns())
        if self._sleep_seconds:
            await asyncio.sleep(self._sleep_seconds * random.lognormvariate(0, self._sigma))
        return Generated(self._problem, Usage(provider_request_id=started))


@lru_cache(maxsize=1)
def workshop() -> Workshop:
    """A workshop with it."""
    return Workshop(
        entity_types=kinds(),
        generators={"problem": Prebuilt()},
        policy=RetryPolicy(),
        telemetry=Telemetry(),
    )


@lru_cache(maxsize=1)
def a_problem() -> Problem:
    """One problem of usual size, verified."""
    constraints = ProblemConstraints(seed=1)
    order = GenerationOrder(request_id=UUID(int=7), slot_index=0, attempt=1, constraints=constraints)
    making = OfflineProblemGenerator().generate(order)
    try:
        making.send(None)
    except StopIteration as made:
        verified = verify_problem(made.value.entity, constraints)
        assert isinstance(verified, Problem)
        return verified
    raise AssertionError("the offline generator waits for nothing")


def _believe(entity: Any, _constraints: Any) -> Any:
    return entity
