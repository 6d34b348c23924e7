"""Options that say which entities are meant: one for each facet of the entity type, and the generation request."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeAlias, cast

import typer

from lqs.cli.arguments import check_ids, check_word
from lqs.cli.nouns import EntityNoun, FacetOption
from lqs.domain.facets import ORIGIN

Filters: TypeAlias = Mapping[str, Sequence[str]]
"""By facet, the values of which an entity has one."""

_ORIGIN = FacetOption(ORIGIN, (ORIGIN.replace("_", "-"),), "The generation request that made it.", ())


def with_filters(noun: EntityNoun, body: Callable[..., None], *, only: Sequence[str] | None = None) -> Any:
    """A command with an option for each facet, or `only` for these; `body` gets the noun, the filters and its own."""
    options = [one for one in (*noun.facet_options, _ORIGIN) if only is None or one.facet in only]

    def command(**given: Any) -> None:
        filters = {one.facet: values for one in options if (values := _read(one, given.pop(one.facet)))}
        body(noun, filters, **given)

    fixed = [one for one in inspect.signature(body).parameters.values() if one.name not in ("noun", "filters")]
    positional = [one for one in fixed if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    declared = [*positional, *map(_declared, options), *(one for one in fixed if one not in positional)]
    cast(Any, command).__signature__ = inspect.Signature(declared)
    return command


def _declared(option: FacetOption) -> inspect.Parameter:
    words = f" One of {', '.join(option.words)}." if option.words else ""
    flags = [f"--{name}" for name in option.names]
    declared = typer.Option(
        *flags, metavar=option.names[0].upper(), help=f"{option.description}{words} Repeat for one or the other."
    )
    annotation = Annotated[list[str] | None, declared]
    return inspect.Parameter(option.facet, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _read(option: FacetOption, texts: Sequence[str] | None) -> list[str]:
    values = [value for text in texts or () for value in text.split(",")]
    for value in values if option.words else ():
        check_word(f"--{option.names[0]}", value, option.words)
    if option is _ORIGIN:
        check_ids(values)
    return values
