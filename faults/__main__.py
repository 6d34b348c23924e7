"""The command line of the fault harness."""

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from faults.campaign import FULL, SHORT, find, run
from faults.lanes import Part
from faults.planted import BUGS

Result = TypeVar("Result")
_LONGEST_END_SECONDS = 600
"""How much longer than it should a run may take on a machine that does other things, before it gives up."""
_LONGEST_PLAY_SECONDS = 90


def main() -> None:
    """Do it, print one line, exit with 1 if anything was found that must not be."""
    parser = argparse.ArgumentParser(
        prog="python -m faults", description="Hurt the service, then see what it promised."
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="every choice follows from it")
    parser.add_argument(
        "--short",
        nargs="*",
        choices=[part.value for part in Part],
        help="every place once and every kind twice, in about two minutes; or only one of these parts",
    )
    parser.add_argument("--faults", type=int, default=FULL.faults, help="how many")
    parser.add_argument("--minutes", type=float, default=FULL.seconds / 60, help="at most so long")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the whole report as JSON")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep what the processes say")
    parser.add_argument(
        "--planted", nargs="*", metavar="WORDS", help="plant bugs (all, or those with these words) and see each caught"
    )
    parser.add_argument(
        "--kafka", nargs="*", metavar="KIND", help="hurt the service on a real Kafka (in all ways, or in these)"
    )
    parser.add_argument("--protocol", action="append", choices=("classic", "consumer"), help="of the group; both")
    asked = parser.parse_args()
    if asked.planted is not None:
        sys.exit(_find(asked.planted, asked.logs))
    print(f"seed {asked.seed}", file=sys.stderr, flush=True)
    if asked.kafka is not None:
        sys.exit(_on_kafka(asked))
    if asked.short is None:
        scale = replace(FULL, faults=asked.faults, seconds=asked.minutes * 60)
    else:
        scale = replace(SHORT, parts=tuple(map(Part, asked.short)) or tuple(Part))
    report = uvloop.run(_bounded(run(asked.seed, scale, logs=asked.logs), scale.seconds + _LONGEST_END_SECONDS))
    for sentence in (*report.findings[:50], *(f"not run: {what}" for what in report.not_run)):
        print(sentence, file=sys.stderr)
    if asked.report:
        report.write(asked.report)
    print(report.line)
    sys.exit(0 if report.clean else 1)


async def _bounded(work: Coroutine[Any, Any, Result], seconds: float) -> Result:
    """Do it within this time; told to stop, clean up first. Raises `TimeoutError`."""
    running = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with asyncio.timeout(seconds):
        return await running


def _on_kafka(asked: argparse.Namespace) -> int:
    """One line a kind; 0 if nothing was found that must not be, 2 if no broker can be had."""
    from broker.jars import why_not  # noqa: PLC0415  only here is a broker needed
    from faults.kafka import run as kafka  # noqa: PLC0415
    from faults.kafka.kinds import KINDS  # noqa: PLC0415

    if why := why_not():
        print(f"No Kafka here: {why}.", file=sys.stderr)
        return 2
    if unknown := set(asked.kafka) - set(KINDS):
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}.", file=sys.stderr)
        return 2
    seconds = kafka.FULL_SECONDS if asked.short is None else kafka.SHORT_SECONDS
    protocols = asked.protocol or (["classic", "consumer"] if asked.short is None else ["classic"])
    plan = kafka.Plan(asked.kafka or list(KINDS), protocols, seconds, asked.seed, asked.logs)

    def tell(one: kafka.Found) -> None:
        print(one.line, flush=True)
        for sentence in one.broken[:20]:
            print(f"  {sentence}", file=sys.stderr)

    every = uvloop.run(kafka.run(plan, tell))
    return 0 if every and all(one.sound for one in every) else 1


def _find(words: list[str], logs: Path | None) -> int:
    """Plant these bugs; 0 if each was caught."""
    bugs = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    wrong = uvloop.run(_bounded(find(bugs, logs=logs), _LONGEST_PLAY_SECONDS * (1 + len(bugs))))
    print("\n".join(wrong) or f"{len(bugs)} of {len(bugs)} planted bugs were caught")
    return 1 if wrong or not bugs else 0


if __name__ == "__main__":
    main()
