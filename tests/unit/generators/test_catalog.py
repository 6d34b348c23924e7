"""The registry of entity types and the words that name generators."""

import pytest

from lqs.domain.entities.problem import Problem
from lqs.generators.catalog import Simulation, call_price_for, entity_types, generator_for
from lqs.generators.problem.naming import NamedVerbConstraints
from lqs.generators.problem.offline import OfflineProblemGenerator
from lqs.generators.simulated import SimulatedGenerator


def test_problem_is_registered_complete():
    problem = entity_types()["problem"]
    assert (problem.name, problem.plural) == ("problem", "problems")
    assert (problem.entity_model, problem.constraints_model) == (Problem, NamedVerbConstraints)
    assert problem.default_generator in problem.generators


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        entity_types()["sentence"] = entity_types()["problem"]  # type: ignore[index]


def test_a_word_names_its_generator():
    assert isinstance(generator_for(entity_types()["problem"], "offline"), OfflineProblemGenerator)


def test_simulated_is_a_word_but_never_the_default():
    problem = entity_types()["problem"]
    assert isinstance(generator_for(problem, "simulated", simulated=Simulation(seed=3)), SimulatedGenerator)
    assert problem.default_generator != "simulated"


def test_the_price_of_a_call_is_known_for_what_the_catalog_knows():
    problem = entity_types()["problem"]
    assert call_price_for(problem, "offline") == 0
    assert call_price_for(problem, "simulated", simulated=Simulation(price_microusd=7)) == 7
    assert call_price_for(problem, "magic") is None


def test_an_unknown_word_is_refused_with_the_ones_that_are_known():
    with pytest.raises(ValueError, match="“magic” is not a generator of problems; choose from: offline, simulated"):
        generator_for(entity_types()["problem"], "magic")
