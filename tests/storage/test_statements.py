"""The SQL of the house on every kind of server that it has to run on."""

import secrets

import asyncpg

from lqs.storage.database import Database
from lqs.storage.migrate import pending
from lqs.storage.queries import FOLDER, queries
from lqs.wiring import migrate_all


async def test_the_migrations_run_and_every_statement_can_be_prepared(supported_server_url):
    name = f"lqs_test_{secrets.token_hex(6)}"
    creating = await asyncpg.connect(supported_server_url)
    await creating.execute(f"CREATE DATABASE {name}")
    database = await Database.open(
        supported_server_url.rpartition("/")[0] + f"/{name}",
        application_name="lqs-tests",
        pool_size=2,
        statement_timeout_seconds=30,
        lock_timeout_seconds=5,
    )
    await migrate_all(database)
    assert await pending(database) == []
    statements = [statement for file in sorted(FOLDER.glob("*.sql")) for statement in queries(file.stem).values()]
    assert statements
    async with database.acquire() as connection:
        for statement in statements:
            prepared = await connection.prepare(statement.text)
            assert len(prepared.get_parameters()) == len(statement.parameters), statement.name
    await database.close()
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await creating.close()
