"""Migrations: applied once, in order, together with their row, by one process at a time."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from lqs.storage.database import Database
from lqs.storage.invariants import violations
from lqs.storage.migrate import FOLDER, MigrationImpossible, MigrationRefused, migrate, pending, read

FIRST = {"0001_words.sql": "CREATE TABLE words (word text); INSERT INTO words VALUES ('un');"}
SECOND = {"0002_more_words.sql": "INSERT INTO words VALUES ('deux');"}


def folder_with(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for name, sql in files.items():
        (folder / name).write_text(sql, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_with(tmp_path / "migrations", FIRST | SECOND)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    database = await Database.open(
        empty_url, application_name="lqs-tests", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=5
    )
    yield database
    await database.close()


async def words(database: Database) -> list[str]:
    async with database.acquire() as connection:
        return [row["word"] for row in await connection.fetch("SELECT word FROM words ORDER BY ctid")]


async def test_migrations_are_applied_in_order_and_only_once(empty, folder):
    assert await pending(empty, folder) == ["0001_words", "0002_more_words"]
    assert await migrate(empty, folder) == ["0001_words", "0002_more_words"]
    assert await migrate(empty, folder) == []
    assert await pending(empty, folder) == []
    assert await words(empty) == ["un", "deux"]


async def test_only_what_is_new_is_applied(empty, folder):
    folder_with(folder, FIRST)
    await migrate(empty, folder)
    folder_with(folder, FIRST | SECOND)

    assert await pending(empty, folder) == ["0002_more_words"]
    assert await migrate(empty, folder) == ["0002_more_words"]


async def test_each_migration_leaves_a_row(empty, folder):
    await migrate(empty, folder)
    async with empty.acquire() as connection:
        rows = await connection.fetch("SELECT * FROM schema_migrations ORDER BY version")

    assert [(row["version"], row["name"], row["sha256"]) for row in rows] == [
        (migration.version, migration.name, migration.sha256) for migration in read(folder)
    ]
    assert all(row["applied_at"] for row in rows)


@pytest.mark.parametrize("action", [migrate, pending])
async def test_an_edited_migration_is_refused(empty, folder, action):
    await migrate(empty, folder)
    (folder / "0001_words.sql").write_text("CREATE TABLE words (word text)", encoding="utf-8")

    with pytest.raises(MigrationImpossible, match=r"0001_words is not the one this database has .* Restore the file"):
        await action(empty, folder)


async def test_a_renamed_migration_is_refused(empty, folder):
    await migrate(empty, folder)
    (folder / "0001_words.sql").rename(folder / "0001_sentences.sql")

    with pytest.raises(MigrationRefused, match=r"0001_sentences is not the one this database has \(0001_words\)"):
        await migrate(empty, folder)


@pytest.mark.parametrize("action", [migrate, pending])
async def test_a_database_newer_than_the_code_is_refused(empty, folder, action):
    await migrate(empty, folder)
    (folder / "0002_more_words.sql").unlink()

    with pytest.raises(MigrationImpossible, match="newer than this lqs: it has migration 0002_more_words"):
        await action(empty, folder)


async def test_windows_line_ends_are_no_edit(empty, folder):
    (folder / "0002_more_words.sql").write_bytes(b"INSERT INTO words\nVALUES ('deux');\n")
    await migrate(empty, folder)
    (folder / "0002_more_words.sql").write_bytes(b"INSERT INTO words\r\nVALUES ('deux');\r\n")

    assert await pending(empty, folder) == []


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"0002_b.sql": ""}, "0002_b comes where 0001 is due"),
        ({"0001_a.sql": "", "0003_c.sql": ""}, "0003_c comes where 0002 is due"),
        ({"0001_a.sql": "", "0001_b.sql": ""}, "0001_b is given twice"),
        ({"1_a.sql": ""}, "1_a.sql is no name for a migration"),
        ({"0001_A B.sql": ""}, "0001_A B.sql is no name for a migration"),
    ],
)
def test_gaps_twins_and_wrong_names_are_refused(folder, files, complaint):
    with pytest.raises(MigrationRefused, match=complaint):
        read(folder_with(folder, files))


async def test_a_failing_migration_is_undone_and_the_ones_before_it_stay(empty, folder):
    folder_with(folder, FIRST | {"0002_broken.sql": "INSERT INTO words VALUES ('deux'); SELECT 1 / 0;"})

    with pytest.raises(MigrationImpossible, match="0002_broken failed and was undone: division by zero"):
        await migrate(empty, folder)
    assert await words(empty) == ["un"]
    assert await pending(empty, folder) == ["0002_broken"]


async def test_a_migration_that_failed_for_a_passing_reason_is_not_taken_for_hopeless(empty, folder):
    full = "DO $$ BEGIN RAISE EXCEPTION 'no space is left' USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(MigrationRefused, match="0002_full failed and was undone: no space is left") as refusal:
        await migrate(empty, folder_with(folder, FIRST | {"0002_full.sql": full}))
    assert not isinstance(refusal.value, MigrationImpossible)


async def test_a_migration_that_commits_by_itself_is_refused(empty, folder):
    folder_with(folder, FIRST | {"0002_commits.sql": "INSERT INTO words VALUES ('deux'); COMMIT;"})

    with pytest.raises(MigrationRefused, match="0002_commits ends its own transaction"):
        await migrate(empty, folder)


ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from lqs.storage.database import Database
from lqs.storage.invariants import violations
from lqs.storage.migrate import migrate

async def main():
    database = await Database.open(
        sys.argv[1], application_name="migrating", pool_size=2,
        statement_timeout_seconds=0.1, lock_timeout_seconds=0.1,
    )
    print(*await migrate(database, Path(sys.argv[2])))
    await database.close()

asyncio.run(main())
"""

WAITING = """
SELECT array_agg(waiting.locktype ORDER BY waiting.locktype)
FROM pg_stat_activity AS session JOIN pg_locks AS waiting USING (pid)
WHERE session.application_name = 'migrating' AND NOT waiting.granted
AND clock_timestamp() - session.query_start > interval '0.4 s'
"""


async def test_of_two_processes_one_migrates_and_the_other_waits_longer_than_any_time_limit(
    empty, empty_url, folder, creating, eventually
):
    (folder / "0002_more_words.sql").write_text("LOCK TABLE gate; INSERT INTO words VALUES ('deux');", encoding="utf-8")
    async with empty.acquire() as connection:
        await connection.execute("CREATE TABLE gate ()")
    async with empty.transaction() as gatekeeper:
        await gatekeeper.execute("LOCK TABLE gate")
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", ANOTHER_PROCESS, empty_url, str(folder), stdout=asyncio.subprocess.PIPE
            )
            for _ in range(2)
        ]
        await eventually(lambda: creating.fetchval(WAITING), equals=["advisory", "relation"])
    outputs = [(await process.communicate())[0].decode().split() for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(outputs) == [[], ["0001_words", "0002_more_words"]]
    assert await words(empty) == ["un", "deux"]


async def test_nothing_is_changed_under_a_service_that_runs(empty, empty_url, folder):
    folder_with(folder, FIRST)
    await migrate(empty, folder)
    serving = await asyncpg.connect(empty_url, server_settings={"application_name": "serves"})
    try:
        assert await migrate(empty, folder, never_beside=["serves"]) == []
        folder_with(folder, FIRST | SECOND)
        with pytest.raises(MigrationRefused, match=r"runs on this database \(serves\).* end all its processes"):
            await migrate(empty, folder, never_beside=["serves", "works"], patience_seconds=0.3)
    finally:
        await serving.close()
    assert await words(empty) == ["un"]


LOOKED = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE application_name = 'lqs-tests' AND datname = $1 AND query LIKE 'SELECT DISTINCT application_name %'
"""


async def test_a_service_that_is_about_to_end_is_waited_for(empty, empty_url, folder, creating, eventually):
    serving = await asyncpg.connect(empty_url, server_settings={"application_name": "serves"})
    try:
        migrating = asyncio.create_task(migrate(empty, folder, never_beside=["serves"], patience_seconds=100))
        await eventually(lambda: creating.fetchval(LOOKED, urlsplit(empty_url).path.removeprefix("/")))
        assert not migrating.done()
    finally:
        await serving.close()
    assert await migrating == ["0001_words", "0002_more_words"]


async def test_the_migrations_of_the_house_bring_an_empty_database_up_to_date(empty):
    assert await migrate(empty) == [migration.name for migration in read(FOLDER)]
    assert await pending(empty) == []


OLD = """
INSERT INTO owners (id, name) VALUES (md5('o')::uuid, 'old');
INSERT INTO flows (owner_id, class, next_pass) VALUES (md5('o')::uuid, 'normal', 9);
INSERT INTO generation_requests (id, owner_id, entity_type, status, end_reason, version, requested_count, max_attempts,
    generated_count, failed_count, constraints, metadata, requested_at, started_at, completed_at, deadline_at,
    model_calls)
VALUES (md5('r')::uuid, md5('o')::uuid, 'problem', 'failed', 'all_settled', 3, 1, 3, 0, 1, '{}', '{}', '2026-11-01',
        '2026-11-01', '2026-11-02', '2026-11-03', 1);
INSERT INTO slots (request_id, index, status, attempts, fence, pass, error_code, started_at, finished_at)
VALUES (md5('r')::uuid, 0, 'failed', 1, 2, 1, 'provider_auth', '2026-11-01', '2026-11-02');
INSERT INTO slot_attempts (request_id, index, fence, attempt, outcome, error_code, worker_id, duration_ms, finished_at,
    input_tokens, output_tokens, cost_microusd)
VALUES (md5('r')::uuid, 0, 1, 1, 'failed', 'provider_auth', md5('w')::uuid, 1, '2026-11-01', 0, 0, 30),
       (md5('r')::uuid, 0, 2, 1, 'late_result', NULL, md5('w')::uuid, 1, '2026-11-01', 0, 0, 12);
INSERT INTO generation_events (request_id, seq, type, body, occurred_at)
SELECT md5('r')::uuid, n, kind, jsonb_build_object('status', 'failed', 'run', 1, 'counts', jsonb_build_object(
    'pending', 0, 'processing', 0, 'retrying', 0, 'generated', 0, 'failed', 1, 'cancelled', 0)), '2026-11-02'
FROM (VALUES (1, 'generation_request.accepted'), (2, 'generation_request.slot.failed'),
             (3, 'generation_request.failed')) e (n, kind);
"""


async def test_a_database_of_the_core_keeps_its_truth_when_it_is_brought_up_to_date(empty, tmp_path):
    first = folder_with(tmp_path / "core", {"0001_core.sql": (FOLDER / "0001_core.sql").read_text(encoding="utf-8")})
    await migrate(empty, first)
    async with empty.acquire() as connection:
        await connection.execute(OLD)
    assert await migrate(empty) == [migration.name for migration in read(FOLDER)[1:]]
    async with empty.acquire() as connection:
        row = await connection.fetchrow("SELECT *, expires_at - completed_at AS kept FROM generation_requests")
        assert await violations(connection) == []
    assert (row["priority"], row["cost_microusd"], row["wasted_microusd"]) == ("normal", 42, 42)
    assert (row["run_requested_at"], row["kept"].days) == (row["requested_at"], 7)
