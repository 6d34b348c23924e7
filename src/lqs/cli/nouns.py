"""The entity types that have commands, as the command line knows them."""

from dataclasses import dataclass


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
    # the registry brings its generators and models with it: only the commands that need it wait for them
    from lqs.cli.entity_types import nouns

    return nouns()
