"""Every code block of every page is run, or is read by what such text is for: README, docs and schemas."""

import pytest
from tests.docs.conftest import Ground
from tests.docs.given import GIVEN, NOT_RUN, given
from tests.docs.pages import PAGES, Block, blocks_of
from tests.docs.running_pages import run_page


def not_run(block: Block) -> bool:
    return any(one.page == block.page and one.words in block.text for one in NOT_RUN)


@pytest.mark.timeout(600)
async def test_what_a_page_shows_is_so(page: str, ground: Ground) -> None:
    blocks = [block for block in blocks_of(page) if not not_run(block)]
    await run_page(blocks, ground.session, given(page), ground.places)


def test_what_is_not_run_is_still_on_its_page_and_nothing_is_said_of_pages_that_are_gone() -> None:
    for one in NOT_RUN:
        assert [block for block in blocks_of(one.page) if one.words in block.text], one
        assert one.why.endswith(".")
    assert set(GIVEN) <= set(PAGES)
