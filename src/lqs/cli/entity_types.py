"""The entity types that have commands, and the options their constraints give these commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EntityNoun:
    """An entity type as the command line knows it.

    `list_options` maps an option that may be repeated, such as verb, to the constraint it fills, such as verbs.
    """

    name: str
    plural: str
    list_options: Mapping[str, str] = field(default_factory=dict)


def entity_nouns() -> tuple[EntityNoun, ...]:
    """Every entity type, in the order of the commands."""
    return (EntityNoun("problem", "problems", {"verb": "verbs", "tense": "tenses", "person": "persons"}),)


def plural_of(name: str) -> str:
    """The noun of an entity type's commands; the name itself for a type this program does not know."""
    return next((noun.plural for noun in entity_nouns() if noun.name == name), name)
