"""The loader of named statements: what PostgreSQL's own syntax must not be mistaken for, and what it refuses."""

from pathlib import Path

import pytest

from lqs.storage.database import Database
from lqs.storage.queries import StatementInvalid, queries


def load(folder: Path, source: str):
    (folder / "slots.sql").write_text(source, encoding="utf-8")
    return queries("slots", folder)


def body(statement) -> str:
    return statement.text.split("\n", 1)[1]


def test_parameters_become_numbers_in_declared_order(tmp_path):
    claim = load(
        tmp_path, "-- name: claim(worker_id, batch)\nSELECT :batch, :worker_id,\n :batch+1 WHERE x=:worker_id;\n"
    )["claim"]

    assert claim.name == "claim"
    assert claim.parameters == ("worker_id", "batch")
    assert body(claim) == "SELECT $2, $1,\n $2+1 WHERE x=$1"


def test_a_statement_says_its_name_to_whoever_watches_the_server(tmp_path):
    assert load(tmp_path, "-- name: claim()\nSELECT 1")["claim"].text == "-- slots.claim\nSELECT 1"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("SELECT :a -- it's :b\n, 1", "SELECT $1 \n, 1"),
        ("SELECT :a /* :b /* it's */ :c ' */ , 1", "SELECT $1   , 1"),
        ("SELECT :a, ':b'", "SELECT $1, ':b'"),
        ("SELECT :a, 'it''s :b'", "SELECT $1, 'it''s :b'"),
        ("SELECT :a, '--', ':b'", "SELECT $1, '--', ':b'"),
        (r"SELECT :a, '\', :a", r"SELECT $1, '\', $1"),
        (r"SELECT :a, E'it\'s :b'", r"SELECT $1, E'it\'s :b'"),
        (r"SELECT :a, e'\\', :a", r"SELECT $1, e'\\', $1"),
        ('SELECT :a, x AS "it\'s :b"', 'SELECT $1, x AS "it\'s :b"'),
        ('SELECT :a, x AS "say "":b"""', 'SELECT $1, x AS "say "":b"""'),
        ("SELECT :a, $$it's :b$$", "SELECT $1, $$it's :b$$"),
        ("SELECT :a, $tag$ $$ :b $other$ -- $tag$, :a", "SELECT $1, $tag$ $$ :b $other$ -- $tag$, $1"),
        ("SELECT a$b$c, :a, d$b$", "SELECT a$b$c, $1, d$b$"),
        ("SELECT :a::text, '1'::int", "SELECT $1::text, '1'::int"),
        ("SELECT :a :: text", "SELECT $1 :: text"),
        ("SELECT x[1:2], :a", "SELECT x[1:2], $1"),
        ("SELECT x[low:high], x[f(1):high], :a", "SELECT x[low:high], x[f(1):high], $1"),
        ("SELECT x[:a : :a]", "SELECT x[$1 : $1]"),
        ("SELECT make_interval(secs => :a), f(b := 1)", "SELECT make_interval(secs => $1), f(b := 1)"),
        ("SELECT (:a),:a", "SELECT ($1),$1"),
        ("SELECT 'é' < :a", "SELECT 'é' < $1"),
    ],
)
def test_only_parameters_are_replaced(tmp_path, written, sent):
    assert body(load(tmp_path, f"-- name: pick(a)\n{written}\n")["pick"]) == sent


def test_a_name_line_counts_only_where_a_comment_can_stand(tmp_path):
    source = (
        "-- About slots: it's all here.\n/* and here */\n-- name: one\nSELECT '\n-- name: two(x)\n'\n  -- name: three\n"
    )

    assert list(load(tmp_path, source)) == ["one"]


def test_statements_cannot_be_changed_after_loading(tmp_path):
    statements = load(tmp_path, "-- name: one()\nSELECT 1")

    with pytest.raises(TypeError):
        statements["two"] = statements["one"]
    with pytest.raises(AttributeError):
        statements["one"].text = "SELECT 2"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("-- name: claim(a)\nSELECT 1", "slots.sql: claim declares but never uses a"),
        ("-- name: claim(a)\nSELECT :a, :b", "slots.sql: claim uses :b, which its name line does not declare"),
        ("-- name: claim(a)\nSELECT 1 -- :a", "slots.sql: claim declares but never uses a"),
        ("-- name: claim(a, a)\nSELECT :a", "slots.sql: claim declares a parameter twice"),
        ("-- name: claim()\nSELECT 1\n-- name: claim()\nSELECT 2", "slots.sql: claim is there twice"),
        ("-- name: claim()\nSELECT $1", "slots.sql: claim uses $1; declare a parameter"),
        ("-- name: claim()\nSELECT 'it", "slots.sql: claim has a ' that is never closed"),
        ("-- name: claim()\nSELECT 1 /* /* */", "slots.sql: claim has a /* that is never closed"),
        ("-- name: claim()\nSELECT $x$ $y$", "slots.sql: claim has a $x$ that is never closed"),
        ("-- name: claim()\n  ;\n", "slots.sql: claim has no text"),
        ("-- name: claim(a\nSELECT :a", "slots.sql: this name line is not like"),
        ("-- name: claim(a,)\nSELECT :a", "slots.sql: this name line is not like"),
        ("-- name: claim(a b)\nSELECT :a", "slots.sql: this name line is not like"),
        ("SELECT 1\n-- name: claim()\nSELECT 1", "slots.sql: before the first name line there is text"),
    ],
)
def test_a_faulty_file_is_refused_when_it_is_loaded(tmp_path, source, complaint):
    with pytest.raises(StatementInvalid) as refusal:
        load(tmp_path, source)

    assert str(refusal.value).startswith(complaint)


async def test_a_statement_runs_with_its_arguments_by_name(tmp_path, database: Database):
    statements = load(
        tmp_path,
        "-- name: numbers(low, high)\nSELECT n, 'it''s :x' AS quoted, (ARRAY[1, 2, 3])[2:3] AS slice -- it's\n"
        "FROM generate_series(:low::integer, :high) AS n ORDER BY n;\n"
        "-- name: nothing()\nSELECT 1 WHERE false\n",
    )
    async with database.acquire() as connection:
        rows = await statements["numbers"].fetch(connection, high=4, low=3)
        row = await statements["numbers"].fetchrow(connection, low=7, high=9)
        assert [tuple(row) for row in rows] == [(3, "it's :x", [2, 3]), (4, "it's :x", [2, 3])]
        assert row is not None
        assert row["n"] == 7
        assert await statements["numbers"].fetchval(connection, low=5, high=5) == 5
        assert await statements["nothing"].fetchrow(connection) is None
        assert await statements["nothing"].execute(connection) == "SELECT 0"


async def test_wrong_arguments_are_named(tmp_path, database: Database):
    claim = load(tmp_path, "-- name: claim(worker_id, batch)\nSELECT :worker_id, :batch")["claim"]
    async with database.acquire() as connection:
        with pytest.raises(TypeError, match="statement claim misses batch and has no parameter bach"):
            await claim.fetch(connection, worker_id=1, bach=2)
