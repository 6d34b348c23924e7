"""The pages say what the code does."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from lqs.domain import generation_request, slot
from lqs.storage import migrate

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)(?P<target>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        assert (page.parent / link["target"]).exists(), link.group()


def test_the_architecture_page_links_the_place_of_what_a_newcomer_asks_for() -> None:
    rows = {
        cells[1].strip(): cells[2]
        for line in (ROOT / "docs/architecture.md").read_text(encoding="utf-8").splitlines()
        if len(cells := line.split("|")) == 4
    }

    for question, words in {
        "Which moves are legal?": ["MOVES"],
        "How does a claim stay single?": ["name: claim(", "SKIP LOCKED"],
        "What does a timeout do?": ["SLOT_TIMEOUT", "async def expire", "async def time_out"],
        "Why does an error have its status?": ["STATUS"],
    }.items():
        targets = [match["target"] for match in LINK.finditer(rows[question])]
        linked = "\n".join((ROOT / "docs" / target).read_text(encoding="utf-8") for target in targets)
        for word in words:
            assert word in linked, (question, word)


def arrows(moves: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
    ends = {("[*]", "pending")} | {(str(status), "[*]") for status, following in moves.items() if not following}
    return ends | {(str(status), str(other)) for status, following in moves.items() for other in following}


def test_the_state_diagrams_are_the_tables_of_the_domain() -> None:
    text = (ROOT / "docs/state-machine.md").read_text(encoding="utf-8")

    drawn = [
        {tuple(line.strip().split(" --> ")) for line in diagram.splitlines() if "-->" in line}
        for diagram in re.findall(r"stateDiagram-v2\n(.*?)```", text, re.DOTALL)
    ]
    assert drawn == [arrows(generation_request.MOVES), arrows(slot.MOVES)]


def test_the_trigger_in_the_database_has_the_same_moves_as_the_domain() -> None:
    migrations = "".join(file.read_text(encoding="utf-8") for file in sorted(migrate.FOLDER.glob("*.sql")))
    sql = migrations[migrations.rindex("FUNCTION refuse_illegal_move()") :]

    written = {
        status: set(re.findall(r"'(\w+)'", following))
        for status, following in re.findall(r"WHEN '(\w+)' THEN ARRAY\[([^\]]*)\]", sql)
    }
    assert written == {str(s): set(map(str, f)) for s, f in generation_request.MOVES.items() if f}


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")

    for page in (ROOT / "docs/decisions").glob("0*.md"):
        assert f"({page.name})" in listed
        assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]}: ")


def test_the_readme_shows_only_commands_that_make_knows() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    shown = set(re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"demo", "test"} <= shown <= targets


def test_the_map_of_the_pages_leads_to_each() -> None:
    targets = {
        (ROOT / "docs" / link["target"]).resolve()
        for link in LINK.finditer((ROOT / "docs/README.md").read_text(encoding="utf-8"))
    }
    whole_rooms = ("errors", "decisions")
    pages = {
        page
        for page in (ROOT / "docs").glob("**/*.md")
        if page.parent.name not in whole_rooms and page.name != "README.md"
    }
    assert pages <= targets
