"""`lqs doctor`: looks at each step of the way to the API, and says of each whether it holds and what would mend it."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated

import typer

from lqs.cli.arguments import CLIENT_EPILOG, JsonOption, UrlOption, new_app
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, describe
from lqs.cli.plain import clean
from lqs.cli.probes import Answer, Way, ask, look_up, shake_hands
from lqs.cli.program import command
from lqs_client import Authentication, Client, Forbidden, LqsError, looks_like_key
from lqs_client.credentials import Credentials, find_credentials

MOST_SKEW_SECONDS = 5.0

app = new_app()


class State(StrEnum):
    """How a check ended; skipped: there was nothing to look at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what helps."""

    name: str
    state: State
    told: str
    next_step: str | None = None


@app.command(epilog=CLIENT_EPILOG)
def doctor(
    as_json: JsonOption = False,
    url: UrlOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show only what is not well.")] = False,
) -> None:
    """Check address, DNS, TLS, server, clock, workers, key and database; the exit code is 1 if anything fails."""
    checks: list[Check] = []
    for check in _checks(find_credentials(api_url=url)):
        checks.append(check)
        if not as_json and not (quiet and check.state in (State.OK, State.SKIPPED)):
            print(f"{check.state:<8} {check.name:<9} {clean(check.told)}", flush=True)
            if check.next_step:
                print(f"{'':<18} Next: {check.next_step}", flush=True)
    if as_json:
        print(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    sys.stdout.flush()
    if any(check.state is State.FAILED for check in checks):
        raise typer.Exit(ExitCode.ERROR)


def _checks(found: Credentials) -> Iterator[Check]:
    source = "the default" if found.url_source == "nowhere" else found.url_source.replace("the caller", "--url")
    way = Way.to(found.api_url)
    if way is None:
        yield Check("address", State.FAILED, f"{found.api_url}, from {source}, is no address", command("config show"))
        yield from _database()
        return
    yield Check("address", State.OK, f"{found.api_url}, from {source}")
    names = _dns(way)
    yield names
    if names.state is not State.FAILED:
        yield _tls(way)
        yield from _server(way, found)
    yield from _database()


def _dns(way: Way) -> Check:
    if way.is_number:
        return Check("dns", State.SKIPPED, "the address is a number already")
    try:
        return Check("dns", State.OK, f"{way.host} is {', '.join(look_up(way))}")
    except OSError as error:
        step = f"correct the name: {command('config show --explain')} shows where it comes from"
        return Check("dns", State.FAILED, f"{way.host} is unknown: {error.strerror or error}", step)


def _tls(way: Way) -> Check:
    if not way.secure:
        if way.is_loopback:
            return Check("tls", State.SKIPPED, "not used; nothing leaves this machine")
        return Check("tls", State.WARNING, "not used: whoever is between reads the key", "use an address with https://")
    try:
        return Check("tls", State.OK, f"the certificate holds until {shake_hands(way)}")
    except OSError as error:
        return Check("tls", State.FAILED, str(error), "ask whoever runs the service for a valid certificate")


def _server(way: Way, found: Credentials) -> Iterator[Check]:
    try:
        alive = ask(way, "/health/live")
    except OSError as error:
        step = f"{command('up')} starts a service on this machine"
        yield Check("server", State.FAILED, f"nothing answers: {error.strerror or error}", step)
        return
    if alive.body.get("status") != "alive":
        step = f"correct the address: {command('config show --explain')}"
        yield Check("server", State.FAILED, f"what answers is no lqs (status {alive.status})", step)
        return
    yield _version(way)
    yield _clock(alive)
    yield _workers(way)
    yield _key(found)


def _version(way: Way) -> Check:
    from lqs import __version__

    told = ask(way, "/openapi.json").body.get("info", {}).get("version")
    if told == __version__:
        return Check("server", State.OK, f"lqs {told} answers")
    return Check("server", State.WARNING, f"lqs {told} answers, and this is lqs {__version__}", "use the same version")


def _clock(alive: Answer) -> Check:
    if alive.ahead_seconds is None:
        return Check("clock", State.SKIPPED, "the server does not say its time")
    ahead = alive.ahead_seconds
    if abs(ahead) <= MOST_SKEW_SECONDS:
        return Check("clock", State.OK, f"within {MOST_SKEW_SECONDS:.0f} s of the server's")
    word = "behind" if ahead > 0 else "ahead of"
    return Check("clock", State.WARNING, f"{abs(ahead):.0f} s {word} the server's", "let both set their clocks by NTP")


def _workers(way: Way) -> Check:
    ready = ask(way, "/health/ready")
    count = ready.body.get("workers_alive")
    if ready.status != 200 or not isinstance(count, int):
        detail = ready.body.get("detail", f"status {ready.status}")
        step = f"{command('doctor')} on the machine of the service, with its LQS_DATABASE_URL"
        return Check("workers", State.FAILED, f"the service cannot serve: {detail}", step)
    if count == 0:
        return Check("workers", State.WARNING, "none is alive: what is asked for waits", command("worker"))
    return Check("workers", State.OK, f"{count} alive, and the service reaches its database")


def _key(found: Credentials) -> Check:
    if found.api_key is None:
        step = f"on the machine of the service {command('up')} makes the first one, {command('admin new-key')} another"
        return Check("key", State.FAILED, "there is none", step)
    if not looks_like_key(found.api_key):
        step = f"copy it anew: {command('config set NAME --key-from-stdin')}"
        return Check("key", State.FAILED, f"what {found.key_source} has is no key of lqs", step)
    try:
        with Client(found.api_key, api_url=found.api_url, max_retries=0) as client:
            scopes = _scopes(client, found.api_key)
    except Authentication as error:
        return Check("key", State.FAILED, f"{error.detail} It comes from {found.key_source}.", command("admin new-key"))
    except LqsError as error:
        return Check("key", State.FAILED, str(error), describe(error).step())
    return Check("key", State.OK, f"valid, with the scopes {', '.join(scopes)}; from {found.key_source}")


def _scopes(client: Client, key: str) -> tuple[str, ...]:
    """Those of this very key: only one with the scope admin may look, and any other is told what it has."""
    try:
        keys = client.keys.list().results
    except Forbidden as error:
        return tuple(map(str, error.raw.get("scopes", ())))
    return next((one.scopes for one in keys if one.key_id in key), ())


def _database() -> Iterator[Check]:
    if not os.environ.get("LQS_DATABASE_URL"):
        told = "asked directly only where LQS_DATABASE_URL is set; whether the service reaches it stands under workers"
        yield Check("database", State.SKIPPED, told)
        return
    from lqs.cli.starting import sentences
    from lqs.settings import load
    from lqs.wiring import open_database, refuse_unmigrated

    async def look() -> None:
        async with open_database(load(), "lqs doctor") as database:
            await refuse_unmigrated(database)

    try:
        with sentences():
            asyncio.run(look())
    except CommandFailed as error:
        yield Check("database", State.FAILED, error.failure.what, error.failure.step())
    else:
        yield Check("database", State.OK, "it answers, and has every table")
