"""Three ways to show generation requests on their way: a bar for people, lines for logs, JSON for programs."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from lqs.cli.outlook import outlook
from lqs.cli.plain import clean
from lqs.cli.render import console
from lqs_client import GenerationRequest, LqsError


class Display(Protocol):
    """Shows what is going on until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def changed(self, request_id: str, state: GenerationRequest) -> None:
        """A generation request has a new state; `request_id` is as the user wrote it."""
        ...

    def troubled(self, request_id: str, error: LqsError, pause: float) -> None:
        """A look failed; the next follows in `pause` seconds."""
        ...

    def advise(self, words: str) -> None:
        """Say what would help, beside what goes on."""
        ...


def choose_display(request_ids: Sequence[str], *, as_json: bool) -> Display:
    """JSON if asked for; else a bar if people look at standard error, and lines if a program or a file does."""
    if as_json:
        return JsonDisplay()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return BarDisplay(request_ids)
    return LineDisplay()


class BarDisplay:
    """One bar for each generation request, on standard error."""

    def __init__(self, request_ids: Sequence[str]) -> None:
        several = len(request_ids) > 1
        columns = (
            *([TextColumn("{task.fields[name]}", markup=False)] if several else []),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[figures]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False, style="dim"),
        )
        self._progress = Progress(*columns, console=console(stderr=True))
        self._bars: dict[str, TaskID] = {
            request_id: self._progress.add_task("", total=None, name=clean(request_id), figures="", note="connecting")
            for request_id in request_ids
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def changed(self, request_id: str, state: GenerationRequest) -> None:
        """Move the bar by what is settled."""
        settled = state.counts.generated + state.counts.failed + state.counts.cancelled
        self._progress.update(
            self._bars[request_id],
            total=state.requested_count,
            completed=settled,
            figures=_figures(state),
            note=outlook(state),
        )

    def troubled(self, request_id: str, error: LqsError, pause: float) -> None:
        """Say beside the bar that the connection is being made again."""
        self._progress.update(self._bars[request_id], note=f"reconnecting in {pause:.0f}s")

    def advise(self, words: str) -> None:
        """Write it above the bars."""
        self._progress.console.print(words, markup=False)


class LineDisplay:
    """One line for each change, with the time, on standard error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def changed(self, request_id: str, state: GenerationRequest) -> None:
        """Write the change."""
        _say(request_id, f"{outlook(state)}  {_figures(state)}")

    def troubled(self, request_id: str, error: LqsError, pause: float) -> None:
        """Write what failed."""
        _say(request_id, f"reconnecting in {pause:.0f}s: {clean(str(error))}")

    def advise(self, words: str) -> None:
        """Write it."""
        print(words, file=sys.stderr, flush=True)


class JsonDisplay:
    """One JSON object a line on standard output for each change; the last of a generation request is its end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def changed(self, request_id: str, state: GenerationRequest) -> None:
        """Write the API's body."""
        print(json.dumps(state.raw, ensure_ascii=False), flush=True)

    def troubled(self, request_id: str, error: LqsError, pause: float) -> None:
        """Standard output stays what the API said; the trouble goes to standard error."""
        trouble: dict[str, object] = {
            "type": "about:blank",
            "title": "reconnecting",
            "detail": str(error),
            "code": "reconnecting",
        }
        trouble |= {"request_id": request_id, "pause_seconds": round(pause, 1)}
        print(json.dumps(trouble, ensure_ascii=False), file=sys.stderr, flush=True)

    def advise(self, words: str) -> None:
        """Write it to standard error as an object."""
        advice = {"type": "about:blank", "title": words, "code": "advice"}
        print(json.dumps(advice, ensure_ascii=False), file=sys.stderr, flush=True)


def _figures(state: GenerationRequest) -> str:
    settled = f"{state.counts.generated}/{state.requested_count}"
    others = (
        ("retrying", state.counts.retrying),
        ("failed", state.counts.failed),
        ("cancelled", state.counts.cancelled),
    )
    return "  ".join([settled, *(f"{word} {count}" for word, count in others if count)])


def _say(request_id: str, words: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    print(f"{now}  {clean(request_id)}  {words}", file=sys.stderr, flush=True)
