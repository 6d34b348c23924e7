"""Every error code has one page, and the pages in the folder are those that the table makes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lqs.api.error_pages import everything
from lqs.api.error_responses import STATUS
from lqs.dispatch.kafka.trouble import KafkaCode
from lqs.domain.error_pages import PAGES, Page, Teller, find, slug
from lqs.domain.errors import CallerError, LqsError, ServiceError
from lqs.domain.slot_errors import SlotErrorCode

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/errors"
COMMANDS = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / "src/lqs/cli").glob("**/*.py")]


def kinds(parent: type[LqsError]) -> Iterator[type[LqsError]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_error_of_the_api_has_a_page() -> None:
    codes = {kind.code for kind in kinds(LqsError) if kind not in (CallerError, ServiceError)}
    assert codes == {kind.code for kind in STATUS}
    assert codes == {page.code for page in PAGES.values() if page.teller is Teller.API}


def test_every_reason_of_a_slot_has_a_page() -> None:
    assert set(SlotErrorCode) == {page.code for page in PAGES.values() if page.teller is Teller.SLOT}


def test_every_error_of_a_command_has_a_page_and_no_page_is_about_none() -> None:
    nodes = [node for tree in COMMANDS for node in ast.walk(tree)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    failures = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Failure"]
    said = {call.args[1].value for call in failures if isinstance(call.args[1:2] and call.args[1], ast.Constant)}

    assert len(said) > 10
    assert said <= set(PAGES)
    assert set(KafkaCode) <= set(PAGES)
    assert {page.code for page in PAGES.values() if page.teller is Teller.COMMAND} <= words | set(KafkaCode)


def test_a_code_that_names_an_entity_type_has_the_page_of_them_all() -> None:
    assert find("no_problem_matches") is find("no-poem-matches") is PAGES["no_entity_matches"]
    assert find("bogus") is None


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_names_a_cause_and_a_command(page: Page) -> None:
    assert page.told.happened.endswith(".")
    assert page.told.causes
    assert "`" in page.told.next_step


def test_the_folder_has_the_pages_of_the_table_and_no_others() -> None:
    kept = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}
    made = everything()
    assert set(kept) == set(made)
    assert [name for name in made if kept[name] != made[name]] == [], "make pages"
    assert len(kept) - 1 == len(PAGES) == len({slug(code) for code in PAGES})
