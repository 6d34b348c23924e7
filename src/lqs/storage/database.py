"""Connections to PostgreSQL: a pool with limits on every session, transactions, and errors that say what to do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg.pool import Pool, PoolConnectionProxy

from lqs.observability.telemetry import part

OLDEST_SERVER = 15
"""The oldest major version of PostgreSQL that the statements are tested on."""

Connection: TypeAlias = "asyncpg.Connection | PoolConnectionProxy"
"""A session, pooled or alone. `json` and `jsonb` are text in both directions."""


_ACQUIRE_SECONDS = 10
"""How long a caller waits for a connection of the pool before the database counts as unavailable."""
_CLOSE_SECONDS = 5


class DatabaseUnavailable(Exception):
    """The server cannot be used; the message says why in one sentence and never holds a password."""


class LockTimeout(DatabaseUnavailable):
    """Somebody else held a row for longer than `lock_timeout`: a frozen process, or a twin that hangs."""


class Database:
    """One process's connections to one PostgreSQL database."""

    def __init__(self, url: str, pool: "Pool", settings: dict[str, str], command_timeout_seconds: float) -> None:
        self._url = url
        self._pool = pool
        self._settings = settings
        self._command_timeout_seconds = command_timeout_seconds

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        application_name: str,
        pool_size: int,
        statement_timeout_seconds: float,
        lock_timeout_seconds: float,
    ) -> Self:
        """Connect, and see that the server is new enough.

        At most `pool_size` connections, opened as they are needed. Raises `DatabaseUnavailable`.
        """
        settings = {
            "application_name": application_name,
            "statement_timeout": _milliseconds(statement_timeout_seconds),
            "lock_timeout": _milliseconds(lock_timeout_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(5),
            # The server gives up a peer that is gone after about 25 s; without, its locks stay for two hours.
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": _milliseconds(25),
        }
        # The server ends a slow statement itself; this ends the wait for a server that is gone without a word.
        command_timeout_seconds = statement_timeout_seconds + 5
        try:
            pool = asyncpg.create_pool(
                url,
                min_size=0,
                max_size=pool_size,
                reset=_reset,
                command_timeout=command_timeout_seconds,
                timeout=10,
                server_settings=settings,
            )
            await pool
            async with pool.acquire() as connection:
                found = int(await connection.fetchval("SHOW server_version_num")) // 10_000
        except _CONNECT_ERRORS as error:
            raise _unavailable(url, error) from None
        if found < OLDEST_SERVER:
            await pool.close()
            raise DatabaseUnavailable(
                f"{_place(url)} is PostgreSQL {found}; lqs needs PostgreSQL {OLDEST_SERVER} or newer."
            )
        return cls(url, pool, settings, command_timeout_seconds)

    @property
    def url(self) -> str:
        """Where the server is, password included: not for logs, nor for command lines."""
        return self._url

    async def close(self) -> None:
        """Wait until every connection is given back, then close them all; not longer than a silent server deserves."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection outside of any transaction: each statement commits by itself.

        Raises `DatabaseUnavailable`.
        """
        with available():
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside of a READ COMMITTED transaction, committed at the end, undone by an exception.

        Raises `DatabaseUnavailable`; if that came from the commit itself, whether it took effect is unknown.
        """
        async with self.acquire() as connection:
            transaction = connection.transaction(isolation="read_committed")
            await transaction.start()
            try:
                yield connection
            except BaseException:
                await transaction.rollback()
                raise
            with part("commit"):
                await transaction.commit()

    async def _take(self) -> PoolConnectionProxy:
        with part("connection"):
            return await self._pool.acquire(timeout=_ACQUIRE_SECONDS)

    async def connect_alone(self, *, patient: bool = False) -> "asyncpg.Connection":
        """A connection outside of the pool, for LISTEN; the caller closes it.

        A patient one has no time limits: for migrations. Raises `DatabaseUnavailable`.
        """
        limits = dict.fromkeys(
            ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"), _milliseconds(0)
        )
        try:
            return await asyncpg.connect(
                self._url,
                timeout=10,
                command_timeout=None if patient else self._command_timeout_seconds,
                server_settings={**self._settings, **limits} if patient else self._settings,
            )
        except _CONNECT_ERRORS as error:
            raise _unavailable(self._url, error) from None


async def _reset(connection: "asyncpg.Connection") -> None:
    # Statements never change their session, so the driver's own reset would be a round trip for nothing.
    if connection.is_in_transaction():
        await connection.reset()


@contextmanager
def available() -> Iterator[None]:
    """Turn every failure that passes by itself (server gone, restarting, full, too slow) into `DatabaseUnavailable`."""
    try:
        yield
    except asyncpg.LockNotAvailableError as error:
        raise LockTimeout("Somebody else is busy with the same rows, and did not let go in time.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if not _passes(error):
            raise
        raise DatabaseUnavailable(
            f"The database did not carry it out: {str(error) or type(error).__name__}."
        ) from error


def refuses_value(error: BaseException) -> bool:
    """Whether the database will never take what it was given: a value it cannot hold, or a broken constraint."""
    return isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError) or _unsendable(error)


def _passes(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in _PASSING_CLASSES or error.sqlstate in _PASSING_STATES
    return not _unsendable(error)


def _unsendable(error: BaseException) -> bool:
    """The driver itself could not put a value into its wire format."""
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


_PASSING_CLASSES = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
"""Connection, authorization, no such database (being moved), rollback, resources, state, intervention, system.

Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""
_PASSING_STATES = frozenset({"25006", "25P03"})
"""A server that became read-only, as a standby is after a failover; a transaction that was idle for too long."""
_CONNECT_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)


def _unavailable(url: str, error: BaseException) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"{_place(url)} {_fault(error)}.")


def _fault(error: BaseException) -> str:
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            fault = "refused the user or the password: check both in LQS_DATABASE_URL"
        case asyncpg.InvalidCatalogNameError():
            fault = "has no such database: create it, or correct LQS_DATABASE_URL"
        case asyncpg.TooManyConnectionsError():
            fault = "has no connection left: raise its max_connections, or lower LQS_DATABASE_POOL_SIZE"
        case asyncpg.PostgresError():
            fault = f"refused the connection: {error}"
        case TimeoutError():
            fault = "did not answer within 10 s: check that it runs and can be reached"
        case OSError():
            reason = error.strerror or type(error).__name__
            fault = f"cannot be reached ({reason}): check that it runs, and that LQS_DATABASE_URL is right"
        case _:
            # The driver's own words may quote a piece of the URL, and so of the password.
            fault = (
                "cannot be asked: write LQS_DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
                "with special characters of the password percent-encoded"
            )
    return fault


def _place(url: str) -> str:
    """Where the server is, for people; vague when a password with bare special characters blurs the URL."""
    vague = "The PostgreSQL server of LQS_DATABASE_URL"
    try:
        parts = urlsplit(url)
        host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
        port = parts.port or 5432
    except ValueError:
        return vague
    if "@" in parts.path + parts.query + parts.fragment:
        return vague
    return f"PostgreSQL at {unquote(host)}:{port}"


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
