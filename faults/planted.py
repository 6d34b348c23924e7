"""Bugs to plant: each a small change of the product's code, the scenario in which it bites, and how it must be found.

They are made in a copy. A change that no longer fits the code fails loudly, and then belongs to be written anew.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import lqs

_SLOTS = "storage/sql/slots.sql"
_CLAIMS = "storage/sql/claims.sql"
_REQUESTS = "storage/sql/generation_requests.sql"
_COMMIT_HERE = "        await connection.execute('COMMIT')\n        await connection.execute('BEGIN')\n"


class DoesNotFit(Exception):
    """The code that a planted bug changes is not there, or is there several times."""


@dataclass(frozen=True, slots=True)
class Change:
    """One exact piece of a file of the product, and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake that could have been made. `found_as`: the words of the report, one of which must count it."""

    name: str
    changes: tuple[Change, ...]
    scenario: str
    found_as: frozenset[str]


def plant(bug: Bug, folder: Path) -> Path:
    """A copy of the product's code with this bug in it, to be put on the path. Raises `DoesNotFit`."""
    package = Path(lqs.__file__).parent
    for name in (package.name, "lqs_client"):
        shutil.copytree(package.parent / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for change in bug.changes:
        file = folder / package.name / change.file
        text = file.read_text(encoding="utf-8")
        if text.count(change.old) != 1:
            raise DoesNotFit(f"{bug.name}: {change.file} has {text.count(change.old)} times what it changes")
        file.write_text(text.replace(change.old, change.new), encoding="utf-8")
    return folder


def _bug(name: str, scenario: str, found_as: str, *changes: tuple[str, str, str]) -> Bug:
    return Bug(name, tuple(Change(*change) for change in changes), scenario, frozenset(found_as.split()))


BUGS = (
    _bug(
        "a settle looks at no fence",
        "zombie, others at work",
        "mismatched",
        (
            _CLAIMS,
            "s.status = 'processing' AND s.fence = t.fence\n    RETURNING",
            "s.status = 'processing'\n    RETURNING",
        ),
    ),
    _bug(
        "a repeated settle counts again",
        "answer to a settle lost",
        "mismatched broke",
        (
            _CLAIMS,
            "AND s.status = 'processing' AND s.fence = t.fence\n    RETURNING",
            "AND s.fence = t.fence\n    RETURNING",
        ),
        (_CLAIMS, "    FROM moved\n), stored", "    FROM moved ON CONFLICT DO NOTHING\n), stored"),
        (
            _CLAIMS,
            "    WHERE m.content IS NOT NULL\n), pooled",
            "    WHERE m.content IS NOT NULL ON CONFLICT DO NOTHING\n), pooled",
        ),
        (
            _CLAIMS,
            "    WHERE m.content IS NOT NULL\n)\nSELECT",
            "    WHERE m.content IS NOT NULL ON CONFLICT DO NOTHING\n)\nSELECT",
        ),
    ),
    _bug(
        "counts are written in a transaction of their own",
        "worker dies, moved but not committed",
        "mismatched",
        (
            "lifecycle/settle.py",
            "        booked = await book(",
            f"{_COMMIT_HERE}        crash_point(CrashPoint.SETTLE_BOOKED)\n        booked = await book(",
        ),
    ),
    _bug(
        "every result stores its entity, and no key forbids a second one",
        "zombie, others done",
        "duplicated",
        (
            _CLAIMS,
            "m.content::json\n    FROM moved m\n    JOIN generation_requests r",
            "m.content::json\n"
            "    FROM unnest(:request_ids::uuid[], :indexes::smallint[], :entity_ids::uuid[], :contents::text[])"
            " AS m (request_id, index, entity_id, content)\n    JOIN generation_requests r",
        ),
        (
            "storage/migrations/0001_core.sql",
            "    PRIMARY KEY (id, entity_type),\n"
            "    CONSTRAINT one_entity_a_slot UNIQUE (generation_request_id, slot_index, entity_type)\n",
            "    PRIMARY KEY (id, entity_type)\n",
        ),
    ),
    _bug(
        "a rescue moves slots that are settled",
        "worker dies, some settled",
        "stuck broke",
        (
            _SLOTS,
            "WHERE s.request_id = ANY (:request_ids::uuid[]) AND s.status = 'processing'\n"
            "  AND NOT EXISTS (SELECT FROM workers w",
            "WHERE s.request_id = ANY (:request_ids::uuid[])\n  AND NOT EXISTS (SELECT FROM workers w",
        ),
    ),
    _bug(
        "a rescue leaves the dead holder in place",
        "worker dies, models asked",
        "stuck broke",
        (
            _SLOTS,
            "crashes = s.crashes + 1, attempts = s.attempts - 1, fence = s.fence + 1, worker_id = NULL,"
            " deadline_at = NULL",
            "crashes = s.crashes + 1, attempts = s.attempts - 1, fence = s.fence + 1",
        ),
    ),
    _bug(
        "nobody rescues",
        "worker dies, models asked",
        "stuck",
        (
            "worker/housekeeping.py",
            "            rescue, database, lease_seconds=rules.lease_seconds,",
            "            rescue, database, lease_seconds=1000 * rules.lease_seconds,",
        ),
    ),
    _bug(
        "a claim does not raise the fence",
        "everyday",
        "stuck broke",
        *(
            (
                _CLAIMS,
                "fence = s.fence + 1, worker_id = :worker_id,\n        deadline_at = lqs_now() + make_interval(secs => "
                f"{row}.slot",
                f"worker_id = :worker_id,\n        deadline_at = lqs_now() + make_interval(secs => {row}.slot",
            )
            for row in ("held", "r")
        ),
    ),
    _bug(
        "a settle does not lock the generation request",
        "everyday",
        "mismatched stuck broke",
        (_REQUESTS, "ORDER BY id\nFOR NO KEY UPDATE;", "ORDER BY id;"),
    ),
    _bug(
        "a late result is counted",
        "zombie, others at work",
        "mismatched stuck broke",
        (
            "lifecycle/settle.py",
            "        booked = await book(",
            "        rows = [*rows, *({'request_id': report.request_id, 'index': report.index, 'status': report.status,"
            " 'before': 'processing', 'error_code': None} for report in refused)]\n"
            "        booked = await book(",
        ),
    ),
    _bug(
        "an event is written in a transaction of its own",
        "worker dies, moved but not committed",
        "mismatched",
        (
            "lifecycle/booking.py",
            "        await event_log.append(connection, events)",
            "        from lqs.crash_points import CrashPoint, crash_point\n"
            f"{_COMMIT_HERE}        crash_point(CrashPoint.SETTLE_BOOKED)\n"
            "        await event_log.append(connection, events)",
        ),
    ),
    _bug(
        "202 before the commit",
        "api dies, stored but not committed",
        "lost",
        (
            "lifecycle/submit.py",
            "                crash_point(CrashPoint.SUBMIT_STORED)\n",
            "                for (_, future), answer in zip(batch, answers, strict=True):\n"
            "                    _tell(future, answer)\n"
            "                await asyncio.sleep(0.1)\n"
            "                crash_point(CrashPoint.SUBMIT_STORED)\n",
        ),
    ),
    _bug(
        "commits are acknowledged before they are on the disk",
        "server dies",
        "lost",
        (
            "storage/database.py",
            '            "application_name": application_name,\n',
            '            "application_name": application_name,\n            "synchronous_commit": "off",\n',
        ),
    ),
    _bug(
        "an idempotency key is written in a transaction of its own",
        "api dies, keys taken",
        "mismatched lost broke",
        (
            "lifecycle/submit.py",
            "        uses = await idempotency.take_all(connection, wanted)\n",
            "        async with self._database.transaction() as apart:\n"
            "            uses = await idempotency.take_all(apart, wanted)\n",
        ),
    ),
    _bug(
        "reading asks for no owner",
        "everyday",
        "leaked",
        (
            "storage/sql/views.sql",
            "(r.owner_id = :owner_id OR :owner_id::uuid IS NULL);",
            "(r.owner_id = :owner_id OR r.id IS NOT NULL);",
        ),
    ),
    _bug(
        "counts and slots are read at two moments",
        "everyday",
        "mismatched",
        (
            "storage/views.py",
            '    rows = await SQL["read"].fetch(connection, ids=ids, owner_id=owner_id, whole=whole)\n'
            '    return {row["id"]: _view(row) for row in rows}\n',
            "    import asyncio\n"
            "    from dataclasses import replace\n"
            '    before = await SQL["read"].fetch(connection, ids=ids, owner_id=owner_id, whole=whole)\n'
            "    await asyncio.sleep(0.05)\n"
            '    rows = await SQL["read"].fetch(connection, ids=ids, owner_id=owner_id, whole=whole)\n'
            '    counts = {row["id"]: counts_from(row) for row in [*rows, *before]}\n'
            '    return {row["id"]: replace(_view(row), counts=counts[row["id"]]) for row in rows}\n',
        ),
    ),
    _bug(
        "a generation request is called failed while it waits for a retry",
        "everyday",
        "flipped",
        (
            "api/representation.py",
            '        "status": view.status,\n        "done"',
            '        "status": "failed" if view.counts.retrying else view.status,\n        "done"',
        ),
    ),
    _bug(
        "an expiry fails what is generated",
        "deadlines pass",
        "stuck broke mismatched",
        (_SLOTS, "status = ANY (:befores::text[])) old", "(status = ANY (:befores::text[]) OR true)) old"),
    ),
    _bug(
        "a heartbeat raises the dead",
        "silent worker",
        "stuck",
        (
            "storage/sql/workers.sql",
            "WHERE id = :id AND dead_at IS NULL\nRETURNING recalls;",
            "WHERE id = :id\nRETURNING recalls;",
        ),
    ),
    _bug(
        "a graceful cancellation lets go on what waits",
        "cancelled before it began",
        "mismatched",
        (
            "lifecycle/cancel.py",
            "await (slots.cancel_unfinished if abort else slots.cancel_waiting)(connection, [*first, *stricter])",
            "await slots.cancel_unfinished(connection, [*first, *stricter]) if abort else {}",
        ),
    ),
    _bug(
        "results are dropped while the database is away",
        "cut off with results",
        "stuck",
        (
            "worker/settling.py",
            "                await asyncio.sleep(_RETRY_SECONDS)\n            except Exception",
            "                self._on_committed(results)\n                return\n            except Exception",
        ),
    ),
    _bug(
        "slots of a claim without an answer are forgotten",
        "answer to a claim lost",
        "stuck",
        (
            "worker/claiming.py",
            "        if self._lost_an_answer:\n            returned",
            "        if self._lost_an_answer and not self:\n            returned",
        ),
    ),
)
"""Every planted bug."""
