"""What the pages about error codes say, in the words of the command line."""

import re

from lqs.cli.program import command, program

_OURS = re.compile(r"`((?:LQS_\w+=\S+ )*)lqs(?: ([^`]+))?`")


def address(code: str) -> str | None:
    """Where the API serves the page of a code, as the `type` of an error has it; None without a page."""
    # the pages are many words: only what went wrong pays for reading them
    from lqs.domain.error_pages import find, slug

    return f"/errors/{slug(code)}" if find(code) else None


def next_step(code: str) -> str | None:
    """What the page of a code says to do next, with commands that can be pasted; None without a page."""
    from lqs.domain.error_pages import find

    page = find(code)
    if page is None:
        return None
    return _OURS.sub(_to_paste, page.told.next_step).replace("`", "")


def _to_paste(found: re.Match[str]) -> str:
    return found[1] + (command(found[2]) if found[2] else program())
