"""The commands on the pool of an entity type: list, get, draw, stats, seed."""

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from lqs.cli.arguments import CLIENT_EPILOG, JsonOption, TimeoutOption, UrlOption, WrongUsage, check_ids
from lqs.cli.connection import open_client
from lqs.cli.exit_codes import ExitCode, gravest
from lqs.cli.facets import Filters, with_filters
from lqs.cli.failures import CommandFailed, describe, report
from lqs.cli.mistaken import get_entity
from lqs.cli.nouns import EntityNoun
from lqs.cli.paging import CursorOption, EveryOption, IdsOption, LimitOption, check_form, print_raw
from lqs.cli.plain import clean, columns, counted
from lqs.cli.program import command
from lqs_client import Entity, EntityPage, LqsError, Problem, Tally

_SUMMARY_CHARACTERS = 60


def add_pool_commands(app: typer.Typer, noun: EntityNoun) -> None:
    """Add them to the commands of an entity type."""
    commands: tuple[tuple[str, str, Callable[..., None]], ...] = (
        ("list", f"List {noun.plural}, newest first.", with_filters(noun, list_entities)),
        ("get", f"Look at {noun.plural}; without ids, those on standard input.", _get_command(noun)),
        ("draw", f"Take the {noun.name} that has waited longest to be served.", with_filters(noun, draw)),
        ("stats", f"Count {noun.plural}, and those that were served.", with_filters(noun, stats)),
        ("seed", _seed_help(noun), with_filters(noun, seed, only=noun.seed_by)),
    )
    for name, summary, body in commands:
        app.command(name, help=summary, epilog=CLIENT_EPILOG)(body)


def list_entities(  # noqa: PLR0913  one parameter an option
    noun: EntityNoun,
    filters: Filters,
    *,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    every: EveryOption = False,
    ids: IdsOption = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Print a page, or all of them, and say how to go on."""
    check_form(ids=ids, as_json=as_json)
    found = 0
    with open_client(url) as client:
        pool = client.pool(noun.plural)
        while True:
            page = pool.list(limit=limit, cursor=cursor, **filters)
            found += len(page.results)
            _print_page(page, ids=ids, as_json=as_json)
            cursor = page.next_cursor
            if cursor is None or not every:
                break
    sys.stdout.flush()
    if as_json or ids:
        return
    if not found:
        print(f"Nothing matches.\n  Next: {command(f'{noun.plural} stats')} (says what there is)", file=sys.stderr)
    elif cursor:
        again = f"{noun.plural} list{_flags(filters)} --limit {limit} --cursor {cursor}"
        print(f"  Next: {command(again)}", file=sys.stderr)


def _print_page(page: EntityPage, *, ids: bool, as_json: bool) -> None:
    if as_json or ids:
        print_raw(page.raw, [entity.id for entity in page.results], as_json=as_json)
    elif page.results:
        print(columns(("ID", "LEVEL", "ABOUT"), [(one.id, _level(one), _summary(one)) for one in page.results]))


def _level(entity: Entity) -> str:
    return (entity.cefr or "-") if isinstance(entity, Problem) else "-"


def _summary(entity: Entity) -> str:
    """What the entity is about, in one line: the right statement of a problem, the first text of an unknown type."""
    if isinstance(entity, Problem):
        verb, tense = entity.target.get("lemma", ""), entity.target.get("tense", "")
        right = next((one.text for one in entity.statements if one.is_correct), "")
        return f"{verb}, {tense}: {right}"
    origin = ("id", "entity_type", "generation_request_id", "created_at")
    texts = (value for name, value in entity.raw.items() if name not in origin and isinstance(value, str))
    return next(texts, "")[:_SUMMARY_CHARACTERS]


def _get_command(noun: EntityNoun) -> Callable[..., None]:
    def command(
        entity_ids: Annotated[
            list[str] | None, typer.Argument(metavar="ID", callback=_check_given, help="Ids; - for standard input.")
        ] = None,
        *,
        as_json: JsonOption = False,
        url: UrlOption = None,
    ) -> None:
        wanted = _ids_of(entity_ids)
        ends = []
        with open_client(url) as client:
            for entity_id in wanted:
                try:
                    ends.append(_print_entity(get_entity(client, noun, entity_id), as_json=as_json))
                except (LqsError, CommandFailed) as error:
                    if len(wanted) == 1:
                        raise
                    failure = describe(error)
                    report(failure, as_json=as_json)
                    ends.append(failure.exit_code)
        raise typer.Exit(gravest(ends))

    return command


def _check_given(ids: list[str] | None) -> list[str] | None:
    return ids if ids == ["-"] else check_ids(ids) or ids


def _ids_of(given: Sequence[str] | None) -> list[str]:
    if given and list(given) != ["-"]:
        return list(given)
    if not given and sys.stdin.isatty():
        raise WrongUsage("name at least one id, or give ids on standard input")
    ids = sys.stdin.read().split()
    if not ids:
        raise WrongUsage("there are no ids on standard input")
    check_ids(ids)
    return ids


def draw(
    noun: EntityNoun,
    filters: Filters,
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Draw one and print it."""
    with open_client(url) as client:
        entity = client.pool(noun.plural).draw(**filters)
    _print_entity(entity, as_json=as_json)


def _print_entity(entity: Entity, *, as_json: bool) -> ExitCode:
    if as_json:
        print(json.dumps(entity.raw, ensure_ascii=False), flush=True)
        return ExitCode.DONE
    from lqs.cli.render import console, print_entities

    print_entities(console(), [entity])
    return ExitCode.DONE


def stats(
    noun: EntityNoun,
    filters: Filters,
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Print how many there are, facet by facet."""
    with open_client(url) as client:
        found = client.pool(noun.plural).stats(**filters)
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    print(f"{counted(found.total, noun.name, noun.plural)}: {found.served} served, {found.unserved} never served")
    rows = [row for name, values in found.by_facet.items() for row in _facet_rows(name, values)]
    if rows:
        print("\n" + columns(("FACET", "VALUE", "TOTAL", "SERVED", "NEVER SERVED"), rows))


def _facet_rows(name: str, values: Mapping[str, Tally]) -> list[tuple[str, ...]]:
    return [
        ("" if number else name, clean(value), str(tally.total), str(tally.served), str(tally.unserved))
        for number, (value, tally) in enumerate(values.items())
    ]


def seed(  # noqa: PLR0913  one parameter an option
    noun: EntityNoun,
    filters: Filters,
    *,
    up_to: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many there shall be of each.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is missing, and ask for nothing.")] = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Have generated what is missing."""
    from lqs.cli.seed import Seeding, fill

    raise typer.Exit(fill(noun, filters, Seeding(url, up_to, dry_run, timeout, as_json)))


def _seed_help(noun: EntityNoun) -> str:
    each = f"every pair of {' and '.join(noun.seed_by)}" if noun.seed_by else "the pool"
    return f"Fill {each} up to a number of {noun.plural}; what is there already is left alone."


def _flags(filters: Filters) -> str:
    pairs = ((name.replace("_", "-"), value) for name, values in filters.items() for value in values)
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in pairs)
