"""The command line of the fault harness."""

import argparse
import secrets
import sys
from dataclasses import replace
from pathlib import Path

import uvloop

from faults.campaign import FULL, SHORT, find, run
from faults.planted import BUGS


def main() -> None:
    """Do it, print one line, exit with 1 if anything was found that must not be."""
    parser = argparse.ArgumentParser(
        prog="python -m faults", description="Hurt the service, then see what it promised."
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="every choice follows from it")
    parser.add_argument("--short", action="store_true", help="every kind and place once, in less than two minutes")
    parser.add_argument("--faults", type=int, default=FULL.faults, help="how many")
    parser.add_argument("--minutes", type=float, default=FULL.seconds / 60, help="at most so long")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the whole report as JSON")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep what the processes say")
    parser.add_argument(
        "--planted", nargs="*", metavar="WORDS", help="plant bugs (all, or those with these words) and see each caught"
    )
    asked = parser.parse_args()
    if asked.planted is not None:
        sys.exit(_find(asked.planted, asked.logs))
    print(f"seed {asked.seed}", file=sys.stderr, flush=True)
    scale = SHORT if asked.short else replace(FULL, faults=asked.faults, seconds=asked.minutes * 60)
    report = uvloop.run(run(asked.seed, scale, logs=asked.logs))
    for sentence in (*report.findings[:50], *(f"not run: {what}" for what in report.not_run)):
        print(sentence, file=sys.stderr)
    if asked.report:
        report.write(asked.report)
    print(report.line)
    sys.exit(0 if report.clean else 1)


def _find(words: list[str], logs: Path | None) -> int:
    bugs = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    wrong = uvloop.run(find(bugs, logs=logs))
    print("\n".join(wrong) or f"{len(bugs)} of {len(bugs)} planted bugs were caught")
    return 1 if wrong or not bugs else 0


if __name__ == "__main__":
    main()
