"""What the generated pages share: their first lines, tables, cells."""

from collections.abc import Iterable, Sequence

NOTE = "Written from the code by `make pages`."


def page(title: str, about: str, *sections: str) -> str:
    """A whole page."""
    return "\n\n".join([f"# {title}", about, NOTE, *sections]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [list(head), ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: object) -> str:
    """Words to be typed or read as they stand; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
