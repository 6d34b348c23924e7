"""The pages of this repository as what a test can do something with: their code blocks, in order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    str(file.relative_to(ROOT))
    for file in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("schemas/**/*.md")])
)
"""By their ways from the root of the repository."""
RUN = ("sh", "python", "sql")
"""Languages whose blocks are run."""
READ = ("json", "yaml", "toml", "ini", "mermaid")
"""Languages whose blocks are read by what such text is for."""
SHOWN = "text"
"""What the block before it prints."""

_FENCE = re.compile(r"^( *)```(.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: `about` is what stands behind its language, `line` where it begins."""

    page: str
    line: int
    language: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str, text: str) -> Sequence[Block]:
    """All code blocks of a page. Raises `ValueError` for what looks like code and says no language."""
    found: list[Block] = []
    opened: tuple[int, str, str] | None = None
    within: list[str] = []
    before = ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened, within = (number, fence[1], fence[2].strip()), []
        elif opened is not None and fence and not fence[2]:
            found.append(_block(page, opened, within))
            opened = None
        elif opened is not None:
            within.append(line.removeprefix(opened[1]))
        elif line.startswith("    ") and not before.strip():
            raise ValueError(f"{page}:{number}: code that is indented says no language; put it between fences")
        before = line
    if opened is not None:
        raise ValueError(f"{page}:{opened[0]}: this block has no end")
    return found


def blocks_of(page: str) -> Sequence[Block]:
    """All code blocks of a page of the repository."""
    return blocks(page, (ROOT / page).read_text(encoding="utf-8"))


def with_blocks() -> Sequence[str]:
    """The pages that have any, or what looks like one."""
    return [page for page in PAGES if re.search(r"^ *```|^    ", (ROOT / page).read_text(encoding="utf-8"), re.M)]


def _block(page: str, opened: tuple[int, str, str], within: Sequence[str]) -> Block:
    number, _, words = opened
    language, _, about = words.partition(" ")
    if language not in (*RUN, *READ, SHOWN):
        known = ", ".join((*RUN, *READ, SHOWN))
        raise ValueError(f"{page}:{number}: {language or 'no language'!r} is none of {known}")
    return Block(page, number, language, about.strip(), "\n".join(within) + "\n")
