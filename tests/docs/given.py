"""What the pages take for granted, and what of them is not run: all in this one place.

A page runs on the one service of these tests, as an owner of its own, with address and key in the environment; a page
that is not named here needs nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PLACEHOLDERS = ("ID", "BULK_ID", "DEAD_LETTER_ID", "OTHER_ID")
"""Words that readers replace; here they become the shell's variables of the same names."""


@dataclass(frozen=True, slots=True)
class Given:
    """What holds before the first block of a page.

    `before` is run first; `stands_for` are words of the page and what is meant here, with {url}, {port} and
    {database_url} (of an empty database) for what differs each time. If nothing `runs`, the page starts it itself.
    """

    before: str = ""
    stands_for: Mapping[str, str] = field(default_factory=dict)
    runs: bool = True


_ONE = "ID=$(asked '{}'); ended $ID"
_FAILED = """
IDS=($(failed 5)); ID=${IDS[0]}
read -r DEAD_LETTER_ID OTHER_ID _ < <(
    call '/dead-letters?limit=100' | told "*[one['id'] for one in it['results'] if one['request_id'] == '${IDS[3]}']"
)
"""
"""Five generation requests of which every slot failed, and two dead letters of the fourth."""

GIVEN: Mapping[str, Given] = MappingProxyType(
    {
        "README.md": Given(_ONE),
        "docs/tutorial/first-hour.md": Given(stands_for={"http://127.0.0.1:8421": "{url}"}, runs=False),
        "docs/how-to/find-and-wait.md": Given(_ONE),
        "docs/how-to/keep-change-and-erase-records.md": Given(_ONE),
        "docs/how-to/run-on-your-own-postgresql.md": Given(
            stands_for={"postgresql://lqs:secret@db.example.org:5432/lqs": "{database_url}"}, runs=False
        ),
        "docs/how-to/spend-and-share.md": Given(_ONE),
        "docs/how-to/try-again-what-failed.md": Given(
            _FAILED,
            {
                "ID --slots all": "${{IDS[1]}} --slots all",
                "ID --slots 2,4": "${{IDS[2]}} --partial-ok --slots 2,4",
                "ID --max-cost": "${{IDS[4]}} --max-cost",
            },
        ),
        "docs/how-to/use-the-command-line.md": Given(
            f'{_ONE}; echo "$LQS_API_KEY" >key.txt; failed 1',
            {"lqs generation list --state open --all --ids": "echo $ID"},
        ),
        "docs/how-to/use-the-pool.md": Given(
            """asked '{"constraints": {"verbs": ["finir"]}}'; asked '{"constraints": {"tags": ["home"]}}'""",
            {"--up-to 10": "--up-to 1 --tense passe_compose"},
        ),
        "docs/how-to/work-on-many-at-once.md": Given(
            """BULK_ID=$(call /generation-requests/bulk -d '{"action": "retry", "filter": {"status": ["failed"]}}' |
            told "it['bulk_id']")"""
        ),
    }
)


def given(page: str) -> Given:
    """What this page takes for granted."""
    return GIVEN.get(page, Given())


@dataclass(frozen=True, slots=True)
class NotRun:
    """A block that is not run: the one on `page` that has these `words`, and why."""

    page: str
    words: str
    why: str


NOT_RUN = (
    NotRun("README.md", "make test", "It would run itself; tests/journeys/test_demo.py runs the demo."),
    NotRun("docs/how-to/run-on-kafka.md", "lqs kafka topics", "tests/kafka/test_topic_commands.py runs them."),
    NotRun("docs/how-to/run-on-kafka.md", "lqs kafka dead-letters", "tests/kafka/test_dead_letters.py runs them."),
    NotRun(
        "docs/reference/benchmarks.md", "make bench", "It takes minutes; tests/journeys/test_benchmarks.py does not."
    ),
    NotRun("docs/reference/faults.md", "make faults ", "It takes a quarter of an hour; tests/faults/ does not."),
    NotRun("docs/reference/faults.md", "make faults-kafka", "It takes a quarter of an hour."),
    NotRun(
        "docs/how-to/back-up-and-restore.md",
        "lqs admin restore",
        "It needs an empty place; tests/journeys/test_backup.py backs up, restores and verifies.",
    ),
    NotRun(
        "docs/how-to/back-up-and-restore.md",
        "pg_dump",
        "It needs PostgreSQL's own programs, which may be missing here, or older than the server; no test does it.",
    ),
    NotRun("docs/how-to/run-under-systemd.md", "sudo", "systemd does not run here."),
    NotRun("docs/how-to/run-in-containers.md", "docker compose", "There is no container engine here."),
    NotRun(
        "docs/how-to/trace-and-measure.md",
        "docker run",
        "There is no container engine here; tests/journeys/test_traces.py has a collector of its own.",
    ),
    NotRun(
        "docs/how-to/upgrade-and-roll-back.md",
        "lqs admin backup",
        "It ends the service; tests/journeys/test_upgrade.py migrates, tests/journeys/test_backup.py backs up.",
    ),
)
