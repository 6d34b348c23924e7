"""The options that the constraints and facets of entity types give their commands: all from the registry."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from lqs.cli.nouns import EntityNoun, FacetOption, ListOption
from lqs.domain.facets import Facet, shape
from lqs.generators.catalog import entity_types


def nouns() -> tuple[EntityNoun, ...]:
    """Every entity type, in the order of the registry."""
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
