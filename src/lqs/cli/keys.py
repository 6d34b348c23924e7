"""`lqs keys`: make, list and revoke API keys."""

import json
import sys
from datetime import datetime
from typing import Annotated

import typer

from lqs.cli.arguments import (
    CLIENT_EPILOG,
    SCOPE_HELP,
    JsonOption,
    UrlOption,
    new_app,
    parse_moment,
    parse_money,
    parse_scopes,
)
from lqs.cli.connection import open_client
from lqs.cli.plain import columns, moment
from lqs.domain.money import money
from lqs_client import ApiKey

app = new_app("Make, list and revoke API keys; needs a key with the scope admin.")


@app.command(epilog=CLIENT_EPILOG)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for, in your words.")],
    scopes: Annotated[list[str], typer.Option("--scope", metavar="SCOPE", help=f"{SCOPE_HELP}.")],
    expires_at: Annotated[
        datetime | None,
        typer.Option(parser=parse_moment, metavar="TIME", help="When it stops working.", show_default=False),
    ] = None,
    daily_budget: Annotated[
        int | None,
        typer.Option(
            parser=parse_money,
            metavar="DOLLARS",
            help="What its calls may cost in a day (UTC), in US dollars, such as 2.50.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Make an API key. Its secret goes to standard output, this once; nobody can show it again."""
    wanted = parse_scopes(scopes)
    with open_client(url) as client:
        key = client.keys.create(name, scopes=wanted, expires_at=expires_at, daily_budget_microusd=daily_budget)
    if as_json:
        print(json.dumps(key.raw, ensure_ascii=False))
        return
    print(key.secret, flush=True)
    allowed = ", ".join(key.scopes)
    print(f"Key {key.key_id} ({allowed}): keep it now, it is not shown again.", file=sys.stderr)
    print("  Next: set LQS_API_KEY to it where it is used", file=sys.stderr)


@app.command(name="list", epilog=CLIENT_EPILOG)
def list_keys(as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the API keys, without their secrets."""
    with open_client(url) as client:
        found = client.keys.list()
    if as_json:
        print(json.dumps(found.raw, ensure_ascii=False))
        return
    head = ("KEY ID", "NAME", "SCOPES", "CREATED", "LAST USED", "SPENT TODAY", "STATE")
    print(columns(head, [_row(key) for key in found.results]))


@app.command(epilog=CLIENT_EPILOG)
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="Id of the key, as lqs keys list shows it.")],
    url: UrlOption = None,
) -> None:
    """Revoke an API key: it stops working and cannot be brought back."""
    with open_client(url) as client:
        client.keys.revoke(key_id)
    print(f"Key {key_id} is revoked.", file=sys.stderr)


def _row(key: ApiKey) -> tuple[str, ...]:
    scopes = ",".join(key.scopes)
    used = moment(key.last_used_at, "never")
    return (key.key_id, key.name, scopes, moment(key.created_at), used, _spent(key), _state(key))


def _spent(key: ApiKey) -> str:
    if key.daily_budget_microusd is None:
        return "no limit"
    return f"{money(key.spent_today_microusd)} of {money(key.daily_budget_microusd)}"


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {moment(key.revoked_at)}"
    return f"until {moment(key.expires_at)}" if key.expires_at else "valid"
