"""The whole service from one process: PostgreSQL, migrated, with the API and a worker as children."""

import asyncio
import http.client
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import CommandFailed, Failure
from lqs.cli.operate import LIFELINE
from lqs.cli.starting import kept_port, reached_host, web_address
from lqs.cli.supervise import KeepsEnding, Part, StopSignals, Supervisor
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.wiring import migrate_all, open_database, refuse_wrong_traces

GRACE_SECONDS = 3.0
"""How long the worker lets calls finish before it hands them back, so that all ends within 5 s of Ctrl-C."""
READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
_LOOK_SECONDS = 0.5
_PARTS = (Part("The API", ("serve", LIFELINE)), Part("The worker", ("worker", LIFELINE)))

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `log_file` takes what the children say (None: standard error); `tell` hears about troubles."""

    settings: Settings
    signals: StopSignals
    tell: Callable[[str], None]
    log_file: Path | None = None
    durable: bool = True


async def run_service(
    plan: Plan,
    prepare: Callable[[Database, str], Awaitable[Result]],
    use: Callable[[str, Result], Awaitable[ExitCode]],
) -> ExitCode:
    """Start everything, let `use` have it, and stop everything: first the children, then PostgreSQL.

    `prepare` gets the migrated database and the address of the API before anything serves; `use` gets the address and
    what `prepare` returned. Raises `CommandFailed` and what makes a start impossible.
    """
    refuse_wrong_traces()
    with ExitStack() as kept:
        port = kept.enter_context(kept_port(plan.settings.api_host, plan.settings.api_port))
        return await _run(plan, port, kept.close, prepare, use)


async def _run(
    plan: Plan,
    port: int,
    release: Callable[[], None],
    prepare: Callable[[Database, str], Awaitable[Result]],
    use: Callable[[str, Result], Awaitable[ExitCode]],
) -> ExitCode:
    host = plan.settings.api_host
    url = web_address(host, port)
    async with _server(plan) as (database_url, embedded):
        settings = plan.settings.model_copy(update={"database_url": database_url})
        async with open_database(settings, "lqs up") as database:
            await migrate_all(database)
            prepared = await prepare(database, url)
        with _output(plan.log_file) as output:
            supervisor = Supervisor(
                _PARTS,
                _environment(settings, port),
                output=output,
                tell=plan.tell,
                stop_seconds=settings.graceful_stop_seconds + 1,
            )
            plan.signals.at_once = supervisor.kill
            keepers = [supervisor.run(), *([_keep_server(embedded, plan.tell)] if embedded else [])]

            async def use_when_ready() -> ExitCode:
                await _wait_until_ready(host, port)
                release()
                return await use(url, prepared)

            try:
                return await _with_keepers(keepers, use_when_ready)
            except KeepsEnding as error:
                raise _spoken(error, plan.log_file) from None


async def _with_keepers(
    keepers: Sequence[Coroutine[Any, Any, None]], use: Callable[[], Awaitable[ExitCode]]
) -> ExitCode:
    """Run `use` while the keepers run, and end them after it; the first that fails ends everything."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keeper) for keeper in keepers]
            code = await use()
            for task in tasks:
                task.cancel()
            return code
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


def with_grace(settings: Settings) -> Settings:
    """The settings with the short grace time of a service on a terminal, unless one was chosen."""
    if "graceful_stop_seconds" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"graceful_stop_seconds": GRACE_SECONDS})


@asynccontextmanager
async def _server(plan: Plan) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    if plan.settings.database_url is not None:
        yield plan.settings.database_url, None
        return
    embedded = EmbeddedPostgres(plan.settings.data_dir, durable=plan.durable)
    try:
        yield await embedded.start(), embedded
    finally:
        await embedded.stop()


async def _keep_server(embedded: EmbeddedPostgres, tell: Callable[[str], None]) -> None:
    """Start PostgreSQL again when it ends by itself; it is no child of ours, so nobody else would know."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if embedded.pid() is None:
            tell(f"PostgreSQL ended; it is started again. {embedded.log_file} may say why.")
            await embedded.start()


def _environment(settings: Settings, port: int) -> Mapping[str, str]:
    assert settings.database_url is not None
    return {
        **os.environ,
        "LQS_DATABASE_URL": settings.database_url,
        "LQS_API_PORT": str(port),
        "LQS_GRACEFUL_STOP_SECONDS": str(settings.graceful_stop_seconds),
    }


@contextmanager
def _output(log_file: Path | None) -> Iterator[int | None]:
    if log_file is None:
        yield None
        return
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _wait_until_ready(host: str, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not await asyncio.to_thread(_is_ready, reached_host(host), port):
        if time.monotonic() > deadline:
            what = f"the service did not get ready within {READY_SECONDS:.0f} s"
            step = "the same command again with LQS_LOG_LEVEL=debug, and report what it prints"
            raise CommandFailed(Failure(ExitCode.ERROR, "not_ready", what, (), step))
        await asyncio.sleep(_POLL_SECONDS)


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status == 200 and json.load(answer)["workers_alive"] >= 1
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _spoken(error: KeepsEnding, log_file: Path | None) -> CommandFailed:
    where = "above" if log_file is None else f"in {log_file}"
    step = f"correct what it complains about {where}, then run the command again"
    code = ExitCode.USAGE if error.exit_code == ExitCode.USAGE else ExitCode.ERROR
    return CommandFailed(Failure(code, "keeps_ending", str(error), (), step))
