"""`lqs generation pin`, `unpin` and `change`: how long a record is kept, its notes and its priority."""

import json
import sys
from typing import Annotated, Any

import typer

from lqs.cli.arguments import CLIENT_EPILOG, JsonOption, UrlOption, WrongUsage, check_ids, check_word, parse_metadata
from lqs.cli.connection import open_client
from lqs.cli.plain import moment
from lqs.domain.generation_request import Priority
from lqs_client import GenerationRequest

IdArgument = Annotated[str, typer.Argument(metavar="ID", callback=check_ids, help="Id of the generation request.")]
IdArguments = Annotated[
    list[str], typer.Argument(metavar="ID", callback=check_ids, help="Ids of the generation requests.")
]


def pin(request_ids: IdArguments, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Keep the records of generation requests until they are unpinned."""
    _pin(request_ids, url, pinned=True, as_json=as_json)


def unpin(request_ids: IdArguments, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """No longer keep the records of generation requests for ever: their retention begins anew."""
    _pin(request_ids, url, pinned=False, as_json=as_json)


def change(  # noqa: PLR0913  one parameter an option
    request_id: IdArgument,
    *,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A note to set; repeat for more.")
    ] = None,
    forget: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="A note to take away; repeat for more.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option(metavar="WORD", help="high, normal or low; while it is pending.")
    ] = None,
    if_version: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only if it has this version.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Change the notes of a generation request, or its priority."""
    notes: dict[str, str | None] = dict(parse_metadata(metadata or ()))
    notes |= dict.fromkeys(forget or ())
    if priority is not None:
        check_word("--priority", priority, tuple(Priority))
    if not notes and priority is None:
        raise WrongUsage("say what to change: --metadata, --forget or --priority")
    with open_client(url) as client:
        changed = client.change(request_id, metadata=notes or None, priority=priority, if_version=if_version)
    _tell(changed, f"Changed: version {changed.version}.", as_json=as_json)


def add_keeping(app: typer.Typer) -> None:
    """Add what is here to the commands of generation requests."""
    for command in (pin, unpin, change):
        app.command(epilog=CLIENT_EPILOG)(command)


def _pin(request_ids: list[str], url: str | None, *, pinned: bool, as_json: bool) -> None:
    with open_client(url) as client:
        for request_id in request_ids:
            request = client.change(request_id, pinned=pinned)
            until = "for ever" if pinned else f"until {moment(request.expires_at, 'its retention has passed')}"
            _tell(request, f"{request_id} is kept {until}.", as_json=as_json)


def _tell(request: GenerationRequest, text: str, *, as_json: bool) -> None:
    if as_json:
        body: Any = request.raw
        print(json.dumps(body, ensure_ascii=False))
    else:
        print(text, file=sys.stderr)
