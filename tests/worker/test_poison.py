"""What a generator may bring that nobody can store, or do that nobody expects: one failed attempt, no more."""

import asyncio
import time
from dataclasses import replace
from types import MappingProxyType

import asyncpg
import pytest
from pydantic import BaseModel, ConfigDict

from lqs.domain.entity_type import EntityType, Generated, GenerationFailure, GenerationOrder, Usage
from lqs.domain.generation_request import Status
from lqs.domain.slot_errors import SlotErrorCode
from lqs.generators.catalog import entity_types
from shift import Hand, at_work

PROBLEM = entity_types()["problem"]
POISON = {
    "a NUL in the provider's id": Usage(provider_request_id="p\x00"),
    "half of a surrogate pair in the model's name": Usage(model="m\ud800"),
    "tokens beyond what is counted": Usage(input_tokens=2**31),
    "tokens beyond any integer of the database": Usage(output_tokens=2**70),
    "a cost beyond any integer of the database": Usage(cost_microusd=2**63),
}


class Loose(BaseModel):
    """An entity that writes itself as text that is no JSON to PostgreSQL when its number is none."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    text: str = ""
    number: float = 0.0


def loose_types() -> MappingProxyType[str, EntityType]:
    return MappingProxyType(
        {
            "problem": replace(
                PROBLEM, entity_model=Loose, verify=lambda entity, _constraints: entity, facets=(), seed_by=()
            )
        }
    )


def poisoned(poison: Usage, *, index: int):
    """Makes what is asked for, and says of one slot's usage what nobody can store."""
    generate = PROBLEM.generators["offline"]().generate

    async def does(order: GenerationOrder) -> Generated:
        generated = await generate(order)
        return replace(generated, usage=poison) if order.slot_index == index else generated

    return does


async def done(house, request_id) -> bool:
    return (await house.read(request_id)).status.done


@pytest.mark.parametrize("name", POISON)
async def test_one_poisoned_result_fails_alone_and_under_the_retry_policy(house, eventually, name):
    request_id, stranger_id = await house.submit(10), await house.submit(1)
    async with at_work(house.url, Hand.opened(poisoned(POISON[name], index=4)), settle_buffer_seconds=0.2) as shift:
        await eventually(lambda: done(house, request_id))
        await eventually(lambda: done(house, stranger_id))
    view = await house.read(request_id)
    assert (view.status, view.counts.generated, view.counts.failed) == (Status.PARTIAL, 9, 1)
    assert (view.slots[4].error_code, view.slots[4].attempts) == ("internal", house.max_attempts)
    assert {slot.attempts for slot in view.slots if slot.index != 4} == {1}
    assert (await house.read(stranger_id)).status is Status.COMPLETED
    assert shift.names["settle.refused"] == house.max_attempts
    assert shift.names["settle.broke"] == 0


async def test_content_that_is_no_json_to_the_database_is_a_failed_attempt(house, eventually):
    async def does(order: GenerationOrder) -> Generated:
        return Generated(Loose(number=float("nan") if order.slot_index == 1 else 1.5))

    request_id = await house.submit(3)
    async with at_work(house.url, Hand.opened(does), types=loose_types()) as shift:
        await eventually(lambda: done(house, request_id))
    view = await house.read(request_id)
    assert [slot.error_code for slot in view.slots] == [None, "internal", None]
    assert shift.names["settle.refused"] == house.max_attempts


async def test_a_poisoned_result_may_be_better_the_next_time(house, eventually):
    """The attempt failed, not the slot."""

    async def does(order: GenerationOrder) -> Generated:
        return Generated(Loose(number=float("nan") if order.attempt == 1 else 1.5))

    request_id = await house.submit(3)
    async with at_work(house.url, Hand.opened(does), types=loose_types()):
        await eventually(lambda: done(house, request_id))
    view = await house.read(request_id)
    assert (view.status, [slot.attempts for slot in view.slots]) == (Status.COMPLETED, [2, 2, 2])


async def test_a_nul_in_the_content_is_kept_as_it_was_written(house, eventually):
    """A column of type json keeps its text; one of type jsonb could not hold it."""

    async def does(_order: GenerationOrder) -> Generated:
        return Generated(Loose(text="a\x00b"))

    request_id = await house.submit(1)
    async with at_work(house.url, Hand.opened(does), types=loose_types()):
        await eventually(lambda: done(house, request_id))
    [slot] = (await house.read(request_id)).slots
    assert slot.content is not None
    assert Loose.model_validate_json(slot.content).text == "a\x00b"


async def test_a_generator_that_raises_a_cancellation_of_its_own_fails_its_attempt(house, eventually):
    """No room is lost by it: with room for two, six such attempts and all that follow have their turn."""

    async def does(order: GenerationOrder) -> Generated:
        if order.attempt == 1:
            raise asyncio.CancelledError("somebody else's")
        return await PROBLEM.generators["offline"]().generate(order)

    request_id = await house.submit(6)
    async with at_work(house.url, Hand.opened(does), worker_capacity=2) as shift:
        await eventually(lambda: done(house, request_id))
    view = await house.read(request_id)
    assert (view.status, view.model_calls) == (Status.COMPLETED, 12)
    assert await house.rows("SELECT DISTINCT error_code FROM slot_attempts WHERE outcome = 'failed'") == [
        {"error_code": "internal"}
    ]
    assert shift.names["attempt.broke"] == 6


async def test_a_real_stop_cancels_what_runs(house, eventually):
    """Nothing is booked for what was interrupted: it is ready again, with its attempt undone."""
    hand = Hand()
    interrupted = []

    async def does(order: GenerationOrder) -> Generated:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interrupted.append(order.slot_index)
            raise
        raise AssertionError

    request_id = await house.submit(3)
    hand = Hand.opened(does)
    async with at_work(house.url, hand, graceful_stop_seconds=0.05) as shift:

        async def begun() -> int:
            return len(hand.orders)

        await eventually(begun, equals=3)
    assert sorted(interrupted) == [0, 1, 2]
    assert shift.names["attempt.broke"] == 0
    view = await house.read(request_id)
    assert (view.counts.pending, view.model_calls, {slot.attempts for slot in view.slots}) == (3, 0, {0})


MISTAKES = {
    "an unknown code": GenerationFailure("no such code", "said the plug-in"),
    "a wish for a wait that is no number": GenerationFailure(
        SlotErrorCode.PROVIDER_RATE_LIMITED, retry_after_seconds="30"
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
async def test_a_failure_that_is_told_wrongly_is_a_failed_attempt_and_ends_no_worker(house, eventually, name):
    async def does(order: GenerationOrder) -> Generated:
        if order.slot_index == 0:
            raise MISTAKES[name]
        return await PROBLEM.generators["offline"]().generate(order)

    request_id = await house.submit(2)
    async with at_work(house.url, Hand.opened(does)):
        await eventually(lambda: done(house, request_id))
    view = await house.read(request_id)
    assert [slot.status for slot in view.slots] == ["failed", "generated"]
    first = "SELECT error_code FROM slot_attempts WHERE index = 0 AND attempt = 1"
    assert await house.rows(first) == [{"error_code": "internal"}]


async def test_usage_that_is_missing_is_a_failed_attempt_and_holds_nobody_up(house, eventually):
    generate = PROBLEM.generators["offline"]().generate

    async def does(order: GenerationOrder) -> Generated:
        generated = await generate(order)
        return replace(generated, usage=None) if order.slot_index == 0 else generated

    request_id = await house.submit(3)
    async with at_work(house.url, Hand.opened(does), settle_buffer_seconds=0.1):
        await eventually(lambda: done(house, request_id), seconds=30)
    assert [slot.error_code for slot in (await house.read(request_id)).slots] == ["internal", None, None]


REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = '{state}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON slot_attempts FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize(
    ("state", "condition", "calls"),
    [("XX000", "NEW.model = 'odd'", 10), ("23514", "NEW.index = 4", 11)],
    ids=["an error that nobody thought of", "a refusal of whatever is brought"],
)
async def test_what_cannot_be_stored_for_now_holds_nobody_else_up(home, eventually, state, condition, calls):
    """Nobody knows whether it passes, so it is tried again and again, with pauses, until it can be stored."""
    await _script(home.url, REFUSE.format(state=state, condition=condition))
    request_id, stranger_id = await home.submit(10), await home.submit(1)
    odd = poisoned(Usage(model="odd"), index=4)
    async with at_work(home.url, Hand.opened(odd), settle_buffer_seconds=0.2) as shift:

        async def generated() -> int:
            return (await home.read(request_id)).counts.generated

        async def told() -> bool:
            return shift.names["settle.broke"] >= 2

        await eventually(generated, equals=9)
        await eventually(lambda: done(home, stranger_id))
        began = time.monotonic()
        await eventually(told)
        assert shift.names["settle.broke"] <= 3 + time.monotonic() - began
        await home.rows("DROP TRIGGER refuse ON slot_attempts")
        await eventually(lambda: done(home, request_id))
    assert shift.names["settle.refused"] <= 1
    view = await home.read(request_id)
    assert (view.status, view.model_calls) == (Status.COMPLETED, calls)


async def _script(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


DAMAGE = {
    "its counts are wrong": "processing_count = requested_count",
    "its version was told before": "version = 0",
}


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("name", DAMAGE)
async def test_a_generation_request_whose_row_was_damaged_is_passed_over_and_holds_up_nobody(house, eventually, name):
    before, damaged, behind = await house.submit(2), await house.submit(3), await house.submit(2)
    await house.rows(f"UPDATE generation_requests SET {DAMAGE[name]} WHERE id = $1", damaged)
    async with at_work(house.url, Hand.opened(PROBLEM.generators["offline"]().generate)) as shift:
        await eventually(lambda: done(house, before))
        await eventually(lambda: done(house, behind))
    assert shift.names["claim.passed_over"] == 1, "it is found once, and then remembered"
    assert (await house.slot(damaged))["status"] == "pending"
