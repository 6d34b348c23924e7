"""Plain texts: small things every command prints, without the cost of a rendering library."""

from collections.abc import Sequence
from datetime import datetime

_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


def clean(text: str) -> str:
    """The text without control characters: what a model or a server wrote must not steer a terminal."""
    return text.translate(_CONTROL)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their headings, aligned, two spaces apart; whatever a cell says, it stays in its line."""
    table = [[" ".join(clean(cell).split()) for cell in line] for line in (head, *rows)]
    widths = [max(len(line[place]) for line in table) for place in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table)
    return "\n".join(line.rstrip() for line in lines)


def moment(when: datetime | None, absent: str = "-") -> str:
    """A time to the second, with its zone."""
    return absent if when is None else when.isoformat(timespec="seconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """A duration in the units that matter, such as 0.4s or 2m15s."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def share(part: float | None) -> str:
    """A share of 1 in percent."""
    return "-" if part is None else f"{part:.0%}" if part in (0, 1) else f"{part * 100:.1f}%"


def counted(count: int, noun: str, plural: str) -> str:
    """A count with its noun."""
    return f"{count} {noun if count == 1 else plural}"
