"""The page about settings."""

from itertools import groupby

from tools.pages.text import code, page, table

from lqs.settings.told import CLIENTS, ToldSetting, told_settings

_SINCE = {CLIENTS: "They come before [profiles](../how-to/use-the-command-line.md).\n\n"}


def settings_page() -> str:
    """Every environment variable of lqs itself, and where those of OpenTelemetry stand."""
    sections = groupby(told_settings(), key=lambda one: one.section)
    return page(
        "Settings",
        "Settings are environment variables, read and checked when a process starts: a wrong or unknown one stops it "
        "with a sentence that names it. The API and the workers read the same ones. Their units are in their names. "
        "`lqs help settings` tells the same. The standard variables of OpenTelemetry (`OTEL_...`) are read, too: "
        "[Trace a generation request](../how-to/trace-and-measure.md).",
        *(f"## {heading}\n\n{_SINCE.get(heading, '')}{_table(list(rows))}" for heading, rows in sections),
    )


def _table(rows: list[ToldSetting]) -> str:
    head = ("variable", "unless set", "takes", "")
    return table(head, [(code(one.variable), one.unless_set, one.takes, one.sentence) for one in rows])
