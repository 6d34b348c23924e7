"""Figures and how they are shown: one table for people, plain when piped, or JSON."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Series:
    """What several short rounds measured."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle round, which a noisy neighbour moves least."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> str:
        """Lowest and highest round, as a share of the median: how far to trust the figure."""
        low, high = min(self.rounds) / self.median - 1, max(self.rounds) / self.median - 1
        return f"{low:+.0%} {high:+.0%}" if len(self.rounds) > 1 else ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a figure should reach. `at_least` and `at_most` are in the unit of the figure it stands with."""

    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: float) -> bool:
        """Whether the value lies within."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        return f">= {_number(self.at_least)}" if self.at_least is not None else f"<= {_number(self.at_most or 0)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `group` is the module that measured it, the word for `--only`."""

    group: str
    name: str
    value: float
    unit: str
    spread: str = ""
    expected: Expectation | None = None

    @property
    def verdict(self) -> str:
        """Whether the expectation was met; empty when there is none."""
        if self.expected is None:
            return ""
        return "ok" if self.expected.met_by(self.value) else "short"


def show(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the figures on standard output."""
    if as_json:
        print(json.dumps([asdict(figure) | {"verdict": figure.verdict} for figure in figures], indent=2))
    elif sys.stdout.isatty():
        Console().print(_table(figures))
    else:
        print("\n".join(_plain(figures)))


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("what", overflow="fold")
    for heading in ("measured", "rounds", "expected"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    previous = figures[0].group if figures else ""
    for figure in figures:
        if figure.group != previous:
            table.add_section()
            previous = figure.group
        colour = {"ok": "green", "short": "red"}.get(figure.verdict)
        verdict = f"[{colour}]{figure.verdict}[/]" if colour else ""
        table.add_row(*_cells(figure)[:-1], verdict)
    return table


def _plain(figures: Sequence[Figure]) -> list[str]:
    lines = [("what", "measured", "rounds", "expected", ""), *map(_cells, figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return [
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(cells))
        for cells in (zip(line, widths, strict=True) for line in lines)
    ]


def _cells(figure: Figure) -> tuple[str, str, str, str, str]:
    return (
        f"{figure.group}: {figure.name}",
        f"{_number(figure.value)} {figure.unit}".rstrip(),
        figure.spread,
        str(figure.expected) if figure.expected else "",
        figure.verdict,
    )


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
