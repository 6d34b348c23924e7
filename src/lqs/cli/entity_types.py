"""The entity types that have commands, and the options their constraints give these commands: all from the registry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from lqs.domain.facets import Facet, shape


@dataclass(frozen=True, slots=True)
class ListOption:
    """An option that may be repeated: `--<name>` adds to the constraint `field`; `words` is every value, if few."""

    name: str
    field: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FacetOption:
    """An option that finds entities by a facet: `names` are its words, `words` every value it takes, if few."""

    facet: str
    names: tuple[str, ...]
    description: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntityNoun:
    """An entity type as the command line knows it; `seed_by` are the facets whose combinations a seed fills."""

    name: str
    plural: str
    list_options: tuple[ListOption, ...]
    facet_options: tuple[FacetOption, ...]
    seed_by: tuple[str, ...]


def entity_nouns() -> tuple[EntityNoun, ...]:
    """Every entity type, in the order of the registry."""
    # the registry brings its generators with it: only the commands that need it wait for them
    from lqs.generators.catalog import entity_types

    return tuple(
        EntityNoun(
            kind.name,
            kind.plural,
            tuple(_list_options(kind.constraints_model)),
            tuple(_facet_option(facet, kind.entity_model) for facet in kind.facets),
            kind.seed_by,
        )
        for kind in entity_types().values()
    )


def plural_of(name: str) -> str:
    """The noun of an entity type's commands; the name itself for a type this program does not know."""
    return next((noun.plural for noun in entity_nouns() if noun.name == name), name)


def _facet_option(facet: Facet, model: type[BaseModel]) -> FacetOption:
    names = tuple(name.replace("_", "-") for name in (facet.name, *facet.aliases))
    return FacetOption(facet.name, names, facet.description, shape(model, facet.path).words)


def _list_options(model: type[BaseModel]) -> Iterator[ListOption]:
    """A field that holds a list of texts becomes an option named for one of them: verbs becomes --verb."""
    schema = model.model_json_schema()
    for field, described in schema.get("properties", {}).items():
        for variant in described.get("anyOf", [described]):
            entries = _resolved(variant.get("items", {}), schema)
            if variant.get("type") == "array" and entries.get("type") == "string":
                singular = field if field.endswith("us") else field.removesuffix("s")
                name = singular.replace("_", "-")
                yield ListOption(name, field, tuple(entries.get("enum", ())))


def _resolved(entries: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = entries.get("$ref", "").removeprefix("#/$defs/")
    found = schema.get("$defs", {}).get(reference, entries)
    return found if isinstance(found, dict) else entries
