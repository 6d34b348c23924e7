"""What a run found: one line for people and logs, and a twin for machines."""

import json
import statistics
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lqs.crash_points import CrashPoint

ZEROS = ("lost", "unexpected", "duplicated", "mismatched", "flipped", "stuck", "leaked", "broke")
"""The words that must be 0, in the order of the line."""


PLACES = [point for point in CrashPoint if not point.value.startswith("relay.")]
"""Where a process can be ended that has no broker."""


@dataclass
class Report:
    """The sums of a run. Recovery times are seconds, by kind of fault; `findings` says what is behind the words."""

    seed: int
    commit: str
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    acknowledged: int = 0
    indeterminate: int = 0
    recovered: int = 0
    words: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    phases: Counter[str] = field(default_factory=Counter)
    not_run: list[str] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Add what another part of the same run found."""
        for name in ("kinds", "points", "missed", "words", "phases"):
            getattr(self, name).update(getattr(other, name))
        for name in ("answers", "acknowledged", "indeterminate", "recovered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.findings += other.findings
        self.not_run = sorted({*self.not_run, *other.not_run})
        for kind, seconds in other.recoveries.items():
            self.recoveries.setdefault(kind, []).extend(seconds)

    @property
    def clean(self) -> bool:
        """Whether nothing was found that must not be."""
        return not any(self.words.values())

    @property
    def line(self) -> str:
        """The report in one line."""
        every = [seconds for recoveries in self.recoveries.values() for seconds in recoveries]
        fields = {
            "seed": self.seed,
            "commit": self.commit,
            "minutes": f"{self.seconds / 60:.1f}",
            "faults": self.kinds.total(),
            "kinds": len(self.kinds),
            "places": f"{len(self.points)}/{len(PLACES)}",
            "acknowledged": self.acknowledged,
            "indeterminate": self.indeterminate,
            "recovered": self.recovered,
            **{word: self.words[word] for word in ZEROS},
            "recovery_p50": f"{percentile(every, 50):.1f}s",
            "recovery_p95": f"{percentile(every, 95):.1f}s",
        }
        return " ".join(f"{name}={value}" for name, value in fields.items())

    def write(self, file: Path) -> None:
        """The twin for machines: everything, counts by kind and place, and recovery by kind."""
        whole = {
            **vars(self),
            "faults": self.kinds.total(),
            "words": {word: self.words[word] for word in ZEROS},
            "recoveries": {kind: _summary(seconds) for kind, seconds in sorted(self.recoveries.items())},
            "line": self.line,
        }
        file.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def percentile(values: Sequence[float], share: int) -> float:
    """The value that so many percent do not exceed; 0 when there are none."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def commit() -> str:
    """The commit of this tree, with a plus sign if it was changed since; `unknown` outside of a repository."""
    root = Path(__file__).parents[1]
    asked = [["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"]]
    try:
        head, changed = (
            subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
            for words in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+" if changed else head


def _summary(seconds: Sequence[float]) -> Mapping[str, float]:
    return {
        "faults": len(seconds),
        "p50": round(percentile(seconds, 50), 2),
        "p95": round(percentile(seconds, 95), 2),
        "worst": round(max(seconds), 2),
    }
