"""`lqs serve`, `lqs worker`, `lqs migrate`: one part of the service each, on the database that the settings name."""

import asyncio
import json
import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from lqs.cli.arguments import new_app
from lqs.cli.starting import free_port, kept_port, sentences, web_address

serve_app = new_app()
worker_app = new_app()
migrate_app = new_app()

LIFELINE = "--end-with-stdin"
_STDIN = 0
_LAST_SECONDS = 10
"""How much longer than its own grace time a process may take to end once its supervisor is gone."""

LifelineOption = Annotated[bool, typer.Option(LIFELINE, hidden=True, help="End when standard input does.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@serve_app.command()
def serve(end_with_stdin: LifelineOption = False) -> None:
    """Serve the API, without a worker, until Ctrl-C or SIGTERM."""
    with sentences():
        from lqs.api.process import run_api
        from lqs.lifeline import end_with_parent
        from lqs.settings import load

        settings = load()
        asyncio.run(_check_database())
        host, wanted = settings.api_host, settings.api_port
        # for a child its supervisor keeps the port
        with nullcontext(free_port(host, wanted)) if end_with_stdin else kept_port(host, wanted) as port:
            if end_with_stdin:
                end_with_parent(_STDIN, grace_seconds=_LAST_SECONDS)
            else:
                print(f"The API listens on {web_address(host, port)}", file=sys.stderr, flush=True)
            run_api(host, port, header_timeout_seconds=settings.header_timeout_seconds)


@worker_app.command()
def worker(end_with_stdin: LifelineOption = False) -> None:
    """Generate what was asked for, until Ctrl-C or SIGTERM; a second one ends it at once."""
    with sentences():
        from lqs.lifeline import end_with_parent
        from lqs.settings import load
        from lqs.worker.process import run_worker

        settings = load()
        if end_with_stdin:
            end_with_parent(_STDIN, grace_seconds=settings.graceful_stop_seconds + _LAST_SECONDS)
        elif sys.stderr.isatty():
            print("The worker starts; Ctrl-C stops it.", file=sys.stderr, flush=True)
        run_worker()


@migrate_app.command()
def migrate(as_json: JsonOption = False) -> None:
    """Bring the database to the tables this version needs."""
    with sentences():
        applied = asyncio.run(_migrate())
    if as_json:
        print(json.dumps({"applied": applied}))
    elif applied:
        print("\n".join(f"Applied {name}." for name in applied))
    else:
        print("Nothing to do: the database has every migration.")


async def _check_database() -> None:
    """Raise what would stop the API at its start, here where it becomes a sentence."""
    from lqs.settings import load
    from lqs.wiring import open_database, refuse_unmigrated, refuse_wrong_traces

    refuse_wrong_traces()
    async with open_database(load(), "lqs serve") as database:
        await refuse_unmigrated(database)


async def _migrate() -> list[str]:
    from lqs.settings import load
    from lqs.wiring import migrate_all, open_database

    async with open_database(load(), "lqs migrate") as database:
        return await migrate_all(database)
