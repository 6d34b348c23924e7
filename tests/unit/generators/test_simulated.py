"""The simulated generator: its latency, failures and usage follow its seed, and its entities are real ones."""

import asyncio
import statistics
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import pytest

from lqs.domain.entities.problem import ProblemConstraints
from lqs.domain.entity_type import Generated, GenerationFailure, GenerationOrder
from lqs.domain.slot_errors import SlotErrorCode
from lqs.generators.problem.offline import OfflineProblemGenerator
from lqs.generators.simulated import SimulatedGenerator

REQUEST = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
TIMEOUT, RATE = SlotErrorCode.PROVIDER_TIMEOUT, SlotErrorCode.PROVIDER_RATE_LIMITED


def order(slot_index: int = 0, attempt: int = 1, run: int = 1) -> GenerationOrder:
    return GenerationOrder(REQUEST, slot_index, attempt, ProblemConstraints(), run)


def simulated(
    failures: Mapping[SlotErrorCode, float] | None = None, *, seed: int = 1, median: float = 0.0, price: int = 0
):
    return SimulatedGenerator(
        OfflineProblemGenerator(),
        seed=seed,
        latency_median_seconds=median,
        latency_sigma=0.5,
        failures=failures or {},
        price_microusd=price,
    )


async def outcome(generator: SimulatedGenerator, which: GenerationOrder) -> SlotErrorCode | Generated:
    try:
        return await generator.generate(which)
    except GenerationFailure as failure:
        return failure.code


async def test_entities_are_those_of_the_inner_generator_and_usage_says_simulated():
    generated = await simulated().generate(order(4))
    assert generated.entity == (await OfflineProblemGenerator().generate(order(4))).entity
    assert generated.usage.model == "simulated"
    assert generated.usage.output_tokens > 0


async def test_failures_come_in_the_chosen_shares_and_repeat_with_the_seed():
    chosen = {TIMEOUT: 0.3, RATE: 0.2}
    first = [await outcome(simulated(chosen), order(slot % 10, slot // 10)) for slot in range(1000)]
    again = [await outcome(simulated(chosen), order(slot % 10, slot // 10)) for slot in range(1000)]
    assert first == again
    counts = Counter(result for result in first if isinstance(result, SlotErrorCode))
    assert 250 < counts[TIMEOUT] < 350
    assert 150 < counts[RATE] < 250


async def test_another_attempt_run_or_seed_is_another_draw():
    half = {TIMEOUT: 0.5}
    by_run = {isinstance(await outcome(simulated(half), order(run=n)), Generated) for n in range(1, 20)}
    by_attempt = {isinstance(await outcome(simulated(half), order(attempt=n)), Generated) for n in range(1, 20)}
    by_seed = {isinstance(await outcome(simulated(half, seed=n), order()), Generated) for n in range(20)}
    assert by_attempt == by_run == by_seed == {True, False}


async def test_every_call_fails_when_the_shares_add_up_to_one():
    chosen = {TIMEOUT: 0.5, RATE: 0.5}
    assert all([await outcome(simulated(chosen), order(slot)) in chosen for slot in range(50)])


async def test_a_failed_call_has_its_usage_too():
    with pytest.raises(GenerationFailure) as failed:
        await simulated({TIMEOUT: 1.0}).generate(order())
    assert failed.value.usage.model == "simulated"
    assert failed.value.usage.input_tokens > 0


async def test_latency_is_log_normal_around_its_median(monkeypatch: pytest.MonkeyPatch):
    waits: list[float] = []

    async def record(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", record)
    generator = simulated(median=2.0)
    for attempt in range(2000):
        await generator.generate(order(attempt=attempt))
    assert 1.85 < statistics.median(waits) < 2.15
    assert min(waits) > 0
    quartiles = statistics.quantiles(waits, n=4)
    assert 1.3 < quartiles[0] < 1.6  # 2 * exp(-0.674 * 0.5) = 1.43
    assert 2.55 < quartiles[2] < 3.1  # 2 * exp(+0.674 * 0.5) = 2.80


async def test_every_call_costs_its_price_whether_it_fails_or_not():
    assert (await simulated(price=7).generate(order())).usage.cost_microusd == 7
    with pytest.raises(GenerationFailure) as failed:
        await simulated({TIMEOUT: 1.0}, price=7).generate(order())
    assert failed.value.usage.cost_microusd == 7


def test_a_negative_price_is_refused():
    with pytest.raises(ValueError, match="negative"):
        simulated(price=-1)


@pytest.mark.parametrize("failures", [{TIMEOUT: 1.1}, {TIMEOUT: -0.1}, {TIMEOUT: 0.6, RATE: 0.6}])
def test_impossible_shares_are_refused(failures: dict[SlotErrorCode, float]):
    with pytest.raises(ValueError, match="shares"):
        simulated(failures)


def test_a_negative_latency_is_refused():
    with pytest.raises(ValueError, match="negative"):
        simulated(median=-1.0)
