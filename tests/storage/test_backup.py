"""A backup holds everything that the catalogue of the database knows, and comes back whole or not at all."""

import asyncio
import re
import secrets
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from conftest import sibling
from house import House, breaches, failed, generated
from lqs.storage.backup import BackupRefused, DatabaseNotEmpty, back_up, restore
from lqs.storage.database import Database
from lqs.storage.embedded import binaries
from lqs.storage.migrate import MigrationRefused
from lqs.wiring import migrate_all, refuse_unmigrated

TABLES = """
SELECT c.relname AS name, c.relpersistence = 'p' AS kept
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1
"""
DEFINITIONS = """
SELECT 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' '
       || attnotnull::text || attidentity::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS definition
FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT relname || ' ' || coalesce(reloptions::text, '') FROM pg_class
WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT sequencename || ' ' || last_value FROM pg_sequences
ORDER BY 1
"""


@asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    database = await Database.open(
        url, application_name="lqs-tests", pool_size=2, statement_timeout_seconds=30, lock_timeout_seconds=5
    )
    try:
        yield database
    finally:
        await database.close()


async def rows(database: Database, sql: str) -> list[asyncpg.Record]:
    async with database.acquire() as connection:
        found: list[asyncpg.Record] = await connection.fetch(sql)
    return found


async def contents(database: Database) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a digest of them."""
    found = {}
    for table in await rows(database, TABLES):
        counted = (
            f"SELECT count(*) AS n, md5(string_agg(t::text, '\n' ORDER BY t::text)) AS digest FROM {table['name']} t"
        )
        [row] = await rows(database, counted)
        found[table["name"]] = (row["n"], row["digest"])
    return found


async def definitions(database: Database) -> set[str]:
    """Columns, constraints, indexes, functions, triggers, options and sequences; without the brackets of conditions,
    which the server puts anew."""
    return {re.sub(r"[()\s]", "", row["definition"]) for row in await rows(database, DEFINITIONS)}


async def something_of_everything(house: House) -> None:
    """A row in every table, by work in every state, and by what is remembered of work that is gone."""
    await house.key(daily_budget_microusd=5)
    await house.rows("UPDATE publication SET wanted_until = now() + interval '1 hour'")
    request_id, worker_id, [slot] = await house.claimed()
    await house.settle(worker_id, failed(slot))
    await house.retry(request_id)
    await house.purge_one(await house.ended(key="of-something-purged"))
    await house.abort(await house.submit())
    request_id, worker_id, slots = await house.claimed(2, key="of-something-running")
    await house.settle(worker_id, generated(slots[0]))
    await house.submit(3, key="of-something-waiting")
    await house.rows(
        "INSERT INTO bulk_operations (id, owner_id, action, filter, options, requested_at)"
        " VALUES (gen_random_uuid(), $1, 'cancel', '{}', '{}', now())",
        house.owner_id,
    )
    await house.rows("INSERT INTO key_days (key_id, day) SELECT key_id, current_date FROM api_keys LIMIT 1")
    await house.rows("INSERT INTO announcements SELECT request_id, index, 1, 1, now() FROM slots LIMIT 1")


async def test_everything_that_the_catalogue_knows_comes_back(house: House, empty_url: str, tmp_path: Path) -> None:
    await something_of_everything(house)
    before = await contents(house.database)
    assert [name for name, (count, _) in before.items() if count == 0] == [], "tables that this test does not fill yet"

    made = await back_up(house.database, tmp_path / "backup")
    async with database_at(empty_url) as restored:
        assert await restore(restored, tmp_path / "backup") == made
        after = await contents(restored)
        assert [row["name"] for row in await rows(restored, TABLES) if not row["kept"]] == ["announcements"]
        assert (after.pop("announcements")[0], before.pop("announcements")[0]) == (0, 1)
        assert after == before
        assert await definitions(restored) ^ await definitions(house.database) == set()
        assert await breaches(empty_url) == []
        await refuse_unmigrated(restored)


async def test_a_backup_is_for_its_owner_alone_and_none_is_written_over(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    made = await back_up(database, file)
    assert (file.stat().st_mode & 0o777, made.size_bytes) == (0o600, file.stat().st_size)
    held = file.read_bytes()
    with pytest.raises(BackupRefused, match="is there already"):
        await back_up(database, file)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nothing")
    with pytest.raises(BackupRefused, match="is there already"):
        await back_up(database, dangling)
    assert file.read_bytes() == held
    assert set(tmp_path.iterdir()) == {file, dangling}


async def test_of_two_backups_to_one_name_at_once_one_is_refused(database: Database, tmp_path: Path) -> None:
    ended = await asyncio.gather(*[back_up(database, tmp_path / "backup") for _ in range(2)], return_exceptions=True)
    [refused] = [one for one in ended if isinstance(one, BaseException)]
    assert isinstance(refused, BackupRefused)
    assert "is there already" in str(refused)
    assert list(tmp_path.iterdir()) == [tmp_path / "backup"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere/backup", "No such file or directory"),
        ("a-file/backup", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
async def test_a_place_that_takes_no_file_is_told(database: Database, tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(BackupRefused, match=f"cannot be written: {why}"):
        await back_up(database, tmp_path / name)
    assert list(tmp_path.iterdir()) == [tmp_path / "a-file"]


async def test_what_keeps_its_migrations_otherwise_is_not_of_lqs(
    empty_url: str, database: Database, tmp_path: Path
) -> None:
    async with database_at(empty_url) as another:
        await rows(another, "CREATE TABLE schema_migrations (version text PRIMARY KEY)")
        await rows(another, "INSERT INTO schema_migrations VALUES ('20261123')")
        with pytest.raises(BackupRefused, match="holds nothing of lqs"):
            await back_up(another, tmp_path / "backup")
    dumped = [str(binaries() / "pg_dump"), "--format=custom", f"--file={tmp_path / 'dump'}", empty_url]
    await asyncio.to_thread(subprocess.run, dumped, check=True)
    with pytest.raises(BackupRefused, match="dump is a dump of PostgreSQL, but not of a database of lqs"):
        await restore(database, tmp_path / "dump")


async def test_a_database_whose_url_has_a_space_is_backed_up(database: Database, tmp_path: Path) -> None:
    query = "options=-c%20geqo%3Doff%20-c%20search_path%3Dpublic"
    async with database_at(f"{database.url}{'&' if '?' in database.url else '?'}{query}") as spaced:
        assert (await back_up(spaced, tmp_path / "backup")).file == tmp_path / "backup"


async def test_nothing_is_restored_over_what_is_there(database: Database, tmp_path: Path) -> None:
    await back_up(database, tmp_path / "backup")
    before = await contents(database)
    with pytest.raises(DatabaseNotEmpty, match=r"it has \w+, \w+, \w+ and others\. Restore into a new one"):
        await restore(database, tmp_path / "backup")
    assert await contents(database) == before


async def test_what_is_no_whole_backup_leaves_the_database_empty(house: House, empty_url: str, tmp_path: Path) -> None:
    await something_of_everything(house)
    await back_up(house.database, whole := tmp_path / "backup")
    held = whole.read_bytes()
    middle = held.rindex(b"\x78\x9c") + 20  # inside of the compressed rows of the last table
    damaged = {
        "cut": held[: len(held) // 2],
        "flipped": held[:middle] + bytes([held[middle] ^ 255]) + held[middle + 1 :],
    }
    async with database_at(empty_url) as target:
        for name, content in damaged.items() | {("text", b"no backup")}:
            (tmp_path / name).write_bytes(content)
            with pytest.raises(BackupRefused, match=f"{name} (is no whole backup|was not restored)"):
                await restore(target, tmp_path / name)
            assert await rows(target, TABLES) == []
        with pytest.raises(BackupRefused, match="cannot be read"):
            await restore(target, tmp_path / "missing")
        with pytest.raises(BackupRefused, match="holds nothing of lqs"):
            await back_up(target, tmp_path / "another")


async def test_a_backup_of_a_newer_lqs_is_refused_before_anything_is_made(
    database: Database, empty_url: str, tmp_path: Path
) -> None:
    await rows(database, "INSERT INTO schema_migrations (version, name, sha256) VALUES (9999, '9999_later', 'x')")
    await back_up(database, tmp_path / "backup")
    async with database_at(empty_url) as target:
        with pytest.raises(MigrationRefused, match="newer than this lqs: it has migration 9999_later"):
            await restore(target, tmp_path / "backup")
        assert await rows(target, TABLES) == []


async def test_a_server_and_a_newer_one_take_what_it_held_and_nothing_of_its_neighbours(
    supported_server_url: str, empty_url: str, tmp_path: Path
) -> None:
    async with (
        emptied(supported_server_url) as source_url,
        emptied(supported_server_url) as same_url,
        database_at(source_url) as source,
    ):
        await migrate_all(source)
        await rows(source, "INSERT INTO owners (id, name) VALUES (gen_random_uuid(), 'Zoé\tde l''été')")
        await rows(source, 'CREATE SCHEMA "An ""other"" one"')
        await rows(source, 'CREATE TABLE "An ""other"" one".schema_migrations (version text)')
        await back_up(source, tmp_path / "backup")
        for url in (same_url, empty_url):
            async with database_at(url) as target:
                await restore(target, tmp_path / "backup")
                assert await contents(target) == await contents(source)
                assert await rows(target, "SELECT FROM pg_namespace WHERE nspname LIKE 'An %'") == []


@asynccontextmanager
async def emptied(server_url: str) -> AsyncIterator[str]:
    """The URL of a new database of this server, gone afterwards."""
    server, name = await asyncpg.connect(server_url), f"lqs_test_{secrets.token_hex(6)}"
    await server.execute(f"CREATE DATABASE {name}")
    try:
        yield sibling(server_url, name)
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()
