"""A generator that answers like a slow and sometimes failing model: for load, faults and demos that say so."""

import asyncio
import math
import random
from collections.abc import Mapping
from dataclasses import replace

from lqs.domain.entity_type import Generated, GenerationFailure, GenerationOrder, Generator, Usage
from lqs.domain.slot_errors import SlotErrorCode

_MODEL = "simulated"


class SimulatedGenerator:
    """Wraps a real generator; its entities are the real one's.

    The latency is log-normal: half the calls take longer than `latency_median_seconds`, and `latency_sigma` (of the
    logarithm) says how widely they spread. `failures` gives each error code its share of the calls, 0 to 1, in sum at
    most 1. What happens to a call depends on the seed, the request, the slot, the run and the attempt alone, so that
    a retry by hand draws anew. Each call, failed or not, is told to cost `price_microusd`, in millionths of a US
    dollar; nobody is billed.
    """

    def __init__(
        self,
        inner: Generator,
        *,
        seed: int,
        latency_median_seconds: float,
        latency_sigma: float,
        failures: Mapping[SlotErrorCode, float],
        price_microusd: int = 0,
    ) -> None:
        if latency_median_seconds < 0 or latency_sigma < 0:
            raise ValueError("a simulated latency cannot be negative")
        if price_microusd < 0:
            raise ValueError("a simulated price cannot be negative")
        if any(share < 0 for share in failures.values()) or sum(failures.values()) > 1 + 1e-9:
            raise ValueError("the shares of simulated failures must lie between 0 and 1 and add up to at most 1")
        self._inner = inner
        self._seed = seed
        self._median_seconds = latency_median_seconds
        self._sigma = latency_sigma
        self._price_microusd = price_microusd
        self._failures = tuple(sorted(failures.items()))

    async def generate(self, order: GenerationOrder) -> Generated:
        """Wait, then fail as chosen or make the inner generator's entity.

        Raises `GenerationFailure` for a chosen failure, and whatever the inner generator raises.
        """
        rng = random.Random(f"{self._seed}:{order.request_id}:{order.slot_index}:{order.run}:{order.attempt}")
        await asyncio.sleep(self._median_seconds * math.exp(self._sigma * rng.gauss(0, 1)))
        usage = Usage(
            model=_MODEL,
            provider_request_id=f"sim-{rng.getrandbits(64):016x}",
            input_tokens=rng.randint(900, 1300),
            output_tokens=rng.randint(250, 600),
            cost_microusd=self._price_microusd,
        )
        code = self._failure(rng.random())
        if code is not None:
            raise GenerationFailure(code, "simulated", usage=usage)
        return replace(await self._inner.generate(order), usage=usage)

    def _failure(self, draw: float) -> SlotErrorCode | None:
        reached = 0.0
        for code, share in self._failures:
            reached += share
            if draw < reached:
                return code
        return None
