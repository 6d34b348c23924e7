"""The `type` of an error answer opens its page."""

from pathlib import Path

import pytest

from .conftest import Api, Caller

FOLDER = Path(__file__).parents[2] / "docs/errors"


@pytest.mark.parametrize(
    ("method", "path", "page"),
    [
        ("GET", "/generation-requests/x", "not-found.md"),
        ("PUT", "/generation-requests", "method-not-allowed.md"),
        ("GET", "/problems/random", "no-entity-matches.md"),
        ("GET", "/generation-requests?bogus=1", "parameter-unknown.md"),
    ],
)
async def test_the_type_of_an_error_answer_is_the_address_of_its_page(
    api: Api, alice: Caller, method: str, path: str, page: str
) -> None:
    error = (await alice.http.request(method, path)).json()

    answer = await api.anonymous().get(error["type"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == (FOLDER / page).read_text(encoding="utf-8")


async def test_a_code_that_there_is_not_has_no_page(api: Api) -> None:
    answer = await api.anonymous().get("/errors/bogus")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
