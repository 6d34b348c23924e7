"""Connections: their limits, their transactions, and the sentences of a server that cannot be used."""

import socket
from urllib.parse import urlsplit

import asyncpg
import pytest

from lqs.storage import database as module
from lqs.storage.database import Database, DatabaseUnavailable


async def opened(url: str, **limits: float) -> Database:
    defaults = {"pool_size": 2, "statement_timeout_seconds": 3.5, "lock_timeout_seconds": 1.25}
    return await Database.open(url, application_name="lqs-api", **(defaults | limits))


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


async def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnavailable) as refused:
        await opened(url)
    return str(refused.value)


async def test_every_session_has_its_limits(database_url):
    expected = {
        "application_name": "lqs-api",
        "statement_timeout": "3500ms",
        "lock_timeout": "1250ms",
        "idle_in_transaction_session_timeout": "5s",
    }
    database = await opened(database_url)
    alone = await database.connect_alone()
    async with database.acquire() as pooled:
        for connection in (pooled, alone):
            assert {name: await connection.fetchval(f"SHOW {name}") for name in expected} == expected
    await alone.close()
    await database.close()


async def test_a_patient_connection_has_no_limits(database: Database):
    patient = await database.connect_alone(patient=True)
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert await patient.fetchval(f"SHOW {name}") == "0"
    await patient.close()


async def test_a_session_over_tcp_notices_a_peer_that_is_gone(database: Database):
    async with database.acquire() as connection:
        settings = await connection.fetch(
            "SELECT name, reset_val FROM pg_settings WHERE name LIKE 'tcp_keepalives%' OR name = 'tcp_user_timeout'"
        )
    assert {row["name"]: row["reset_val"] for row in settings} == {
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "25000",
    }


async def test_a_slow_statement_ends_and_the_connection_stays_good(database_url):
    database = await opened(database_url, pool_size=2, statement_timeout_seconds=0.05)
    async with database.acquire() as connection:
        with pytest.raises(asyncpg.QueryCanceledError):
            await connection.execute("SELECT pg_sleep(10)")
        assert await connection.fetchval("SELECT 1") == 1
    await database.close()


async def test_a_transaction_commits_at_its_end_and_is_undone_by_an_exception(database: Database):
    async with database.transaction() as connection:
        assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
        await connection.execute("CREATE TABLE kept (n integer)")

    async def fails_at_the_end() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO kept VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_at_the_end()
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM kept") == 0


async def test_a_transaction_left_open_does_not_reach_the_next_user(database_url):
    database = await opened(database_url, pool_size=1)
    async with database.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute("CREATE TABLE never (n integer)")
    async with database.acquire() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT to_regclass('never')") is None
    await database.close()


async def test_json_is_text_both_ways(database: Database):
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT $1::jsonb", '{"a": 1}') == '{"a": 1}'


async def test_a_server_that_does_not_run_is_named_without_the_password(free_port):
    message = await refusal(f"postgresql://anna:s3cret@127.0.0.1:{free_port}/lqs")

    assert message.startswith(f"PostgreSQL at 127.0.0.1:{free_port} cannot be reached (")
    assert "s3cret" not in message


async def test_a_missing_socket_is_named(tmp_path):
    assert f"PostgreSQL at {tmp_path}:5432 cannot be reached" in await refusal(f"postgresql:///lqs?host={tmp_path}")


async def test_a_wrong_password_is_called_one(postgres_url):
    parts = urlsplit(postgres_url)
    message = await refusal(postgres_url.replace(f":{parts.password}@", ":s3cret@"))

    assert "refused the user or the password: check both in LQS_DATABASE_URL" in message
    assert "s3cret" not in message


async def test_a_missing_database_is_called_one(postgres_url):
    assert "has no such database" in await refusal(urlsplit(postgres_url)._replace(path="/nowhere").geturl())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:s3/cret@127.0.0.1/lqs",
        "postgresql://anna:1/s3cret@127.0.0.1/lqs",
        "postgresql://anna:1#s3cret@127.0.0.1/lqs",
        "postgresql://anna:s3cret@127.0.0.1:port/lqs",
        "mysql://anna:s3cret@127.0.0.1/lqs",
        "postgresql://anna:s3cret@[::1/lqs",
    ],
)
async def test_no_piece_of_a_password_is_ever_shown(url):
    message = await refusal(url)

    for piece in ("s3cret", "s3", "cret", "anna"):
        assert piece not in message
    assert "LQS_DATABASE_URL" in message


async def test_an_old_server_is_refused(database_url, monkeypatch):
    monkeypatch.setattr(module, "OLDEST_SERVER", 99)

    assert "lqs needs PostgreSQL 99 or newer" in await refusal(database_url)
