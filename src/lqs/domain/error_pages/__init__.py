"""Every error code there is, with its cause and what to run next: the one table behind pages, answers and commands."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lqs.domain.error_pages.answers import ANSWERS
from lqs.domain.error_pages.commands import COMMANDS
from lqs.domain.error_pages.kafka import KAFKA
from lqs.domain.error_pages.page import Page as Page
from lqs.domain.error_pages.page import Teller as Teller
from lqs.domain.error_pages.page import Told as Told
from lqs.domain.error_pages.page import slug as slug
from lqs.domain.error_pages.slots import SLOTS
from lqs.domain.errors import NothingMatches
from lqs.domain.slot_errors import KINDS

_NOTHING_MATCHES = re.compile(r"no_[a-z_]+_matches")


def _all() -> Iterator[Page]:
    for kind, told in ANSWERS.items():
        yield Page(kind.code, kind.title, Teller.API, kind.retryable, told)
    for code, told in SLOTS.items():
        yield Page(code.value, KINDS[code].message.removesuffix("."), Teller.SLOT, KINDS[code].retryable, told)
    for name, (title, told) in {**COMMANDS, **KAFKA}.items():
        yield Page(name, title, Teller.COMMAND, None, told)


PAGES: Mapping[str, Page] = MappingProxyType({page.code: page for page in _all()})
"""The pages by their code, one for each."""


def find(code: str) -> Page | None:
    """The page of a code, written with hyphens or underscores; codes that name an entity type share theirs."""
    code = code.replace("-", "_")
    return PAGES.get(NothingMatches.code if _NOTHING_MATCHES.fullmatch(code) else code)
