"""What every generator promises. A further one joins by a line in the catalog; a further entity type by its samples."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest
from pydantic import BaseModel

from lqs.domain.entity_type import EntityType, Generated, GenerationOrder, Generator
from lqs.generators.catalog import SIMULATED, Simulation, call_price_for, entity_types, generator_for

REQUEST = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
OTHER_REQUEST = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
SIMULATION = Simulation(seed=1, latency_median_seconds=0.001, latency_sigma=0.1, price_microusd=9)

SAMPLES: dict[str, list[dict[str, object]]] = {
    "problem": [
        {},
        {"verbs": ["se lever", "aller"]},
        {"tenses": ["present"]},
        {"tenses": ["passe_compose"], "persons": ["3s", "3p"]},
        {"persons": ["2p"], "error_codes": ["agreement.subject_verb"]},
        {"error_codes": ["participle.agreement"]},
        {"verbs": ["se souvenir"], "error_codes": ["reflexive.person", "aux.choice"]},
        {"seed": 42, "verbs": ["manger"]},
    ],
}


def subjects() -> Iterator[tuple[EntityType, str]]:
    for entity_type in entity_types().values():
        for word in [*entity_type.generators, SIMULATED]:
            yield entity_type, word


@pytest.fixture(params=list(subjects()), ids=lambda param: f"{param[0].name}-{param[1]}")
def subject(request: pytest.FixtureRequest) -> tuple[EntityType, Generator]:
    entity_type, word = request.param
    return entity_type, generator_for(entity_type, word, simulated=SIMULATION)


def samples(entity_type: EntityType) -> list[BaseModel]:
    return [entity_type.constraints_model.model_validate(sample) for sample in SAMPLES[entity_type.name]]


async def made(
    generator: Generator, constraints: BaseModel, slot_index: int = 0, request_id: UUID = REQUEST
) -> Generated:
    return await generator.generate(GenerationOrder(request_id, slot_index, 1, constraints))


async def test_it_makes_an_entity_of_the_registered_model_that_passes_verification(
    subject: tuple[EntityType, Generator],
):
    entity_type, generator = subject
    for constraints in samples(entity_type):
        entity_type.check_constraints(constraints)
        for slot_index in range(10):
            generated = await made(generator, constraints, slot_index)
            assert type(generated.entity) is entity_type.entity_model
            # Verification includes that every constraint is honoured.
            assert type(entity_type.verify(generated.entity, constraints)) is entity_type.entity_model


async def test_the_same_order_gives_the_same_entity(subject: tuple[EntityType, Generator]):
    entity_type, generator = subject
    for constraints in samples(entity_type):
        assert await made(generator, constraints, 3) == await made(generator, constraints, 3)


async def test_the_slots_of_a_request_get_different_entities(subject: tuple[EntityType, Generator]):
    entity_type, generator = subject
    for constraints in samples(entity_type):
        entities = [(await made(generator, constraints, slot_index)).entity for slot_index in range(10)]
        contents = {entity.model_dump_json(exclude={"provenance"}) for entity in entities}
        assert len(contents) == 10


async def test_requests_without_a_seed_differ_and_with_one_agree(subject: tuple[EntityType, Generator]):
    entity_type, generator = subject
    free, seeded = entity_type.constraints_model(), entity_type.constraints_model.model_validate({"seed": 7})
    assert (await made(generator, free)).entity != (await made(generator, free, request_id=OTHER_REQUEST)).entity
    one, other = await made(generator, seeded), await made(generator, seeded, request_id=OTHER_REQUEST)
    assert one.entity == other.entity


async def test_a_cancelled_call_stops_at_once_and_thousands_at_a_time_do_too(subject: tuple[EntityType, Generator]):
    entity_type, generator = subject
    constraints = entity_type.constraints_model()
    calls = [asyncio.ensure_future(made(generator, constraints, slot_index % 10)) for slot_index in range(1000)]
    for call in calls:
        call.cancel()
    async with asyncio.timeout(5):
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


@pytest.mark.parametrize(("entity_type", "word"), list(subjects()))
async def test_no_call_costs_more_than_its_price(entity_type: EntityType, word: str):
    price = call_price_for(entity_type, word, simulated=SIMULATION)
    assert price is not None
    generator = generator_for(entity_type, word, simulated=SIMULATION)
    for slot_index in range(10):
        told = (await made(generator, entity_type.constraints_model(), slot_index)).usage.cost_microusd
        assert (told or 0) <= price
