"""The pages about error codes: written from the table, served where the `type` of an error answer points.

`python -m lqs.api.error_pages FOLDER` writes all of them into a folder, and removes what is none.
"""

import sys
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from lqs.api.answers import error_docs
from lqs.api.bodies import refuse_unknown_parameters
from lqs.api.error_responses import STATUS
from lqs.domain.error_pages import PAGES, Page, Teller, find, slug
from lqs.domain.errors import NotFound

INDEX = "README.md"
_STATUS = MappingProxyType({kind.code: status for kind, status in STATUS.items()})
_SAME_CALL = MappingProxyType[bool | None, str](
    {True: "The same call can succeed later.", False: "The same call again would end the same.", None: ""}
)
_BY_ITSELF = MappingProxyType[bool | None, str](
    {
        True: "It is tried again by itself, as long as attempts and time are left.",
        False: "It is not tried again by itself.",
    }
)

router = APIRouter(tags=["errors"])


@router.get(
    "/errors/{code}",
    operation_id="get_error_page",
    summary="What does this error code mean?",
    response_class=PlainTextResponse,
    responses={200: {"description": "The page about the code, in Markdown."}, **error_docs(400, 404)},
)
async def error_page(request: Request, code: str) -> Response:
    """The page that the `type` of an error answer points to: cause and what to do next. It needs no key."""
    refuse_unknown_parameters(request)
    page = find(code)
    if page is None:
        raise NotFound("There is no error of this code; `lqs help errors` lists all of them.")
    return PlainTextResponse(written(page), headers={"Cache-Control": "public, max-age=3600"})


def written(page: Page) -> str:
    """The page in Markdown."""
    told = page.told
    again = _BY_ITSELF if page.teller is Teller.SLOT else _SAME_CALL
    status = f", HTTP status {_STATUS[page.code]}" if page.code in _STATUS else ""
    return "\n".join(
        [
            f"# {page.code}: {page.title}\n",
            f"{_sentence(f'This is {page.teller}{status}')} {again[page.retryable]}".rstrip() + "\n",
            f"{told.happened}\n",
            "## Why\n",
            *(f"- {_sentence(cause)}" for cause in told.causes),
            "\n## What to do next\n",
            _sentence(told.next_step),
            "",
        ]
    )


def index() -> str:
    """The list of all pages, in Markdown."""
    lines = [
        "# Error codes\n",
        "Every code with its cause and what to do next; `lqs help errors CODE` shows a page, too.",
    ]
    for teller in Teller:
        lines += [f"\n## {teller[0].upper()}{teller[1:]}\n", "| code | |", "|---|---|"]
        pages = sorted((page for page in PAGES.values() if page.teller is teller), key=lambda page: page.code)
        lines += [f"| [`{page.code}`]({slug(page.code)}.md) | {page.title} |" for page in pages]
    return "\n".join([*lines, ""])


def everything() -> dict[str, str]:
    """The text of every file of the folder, by its name."""
    return {INDEX: index(), **{f"{slug(code)}.md": written(page) for code, page in PAGES.items()}}


def write(folder: Path) -> None:
    """Make the folder what the table says."""
    folder.mkdir(parents=True, exist_ok=True)
    files = everything()
    for file in folder.glob("*.md"):
        if file.name not in files:
            file.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _sentence(text: str) -> str:
    first = text if text.startswith(("`", "lqs ", "LQS_")) else text[0].upper() + text[1:]
    return first if first.endswith(".") else f"{first}."


if __name__ == "__main__":
    write(Path(sys.argv[1]))
