"""The command line of the benchmarks."""

import argparse
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import psutil
import uvloop

from benchmarks import crowded, engine, footprint, http, kafka, neighbour, pickup, rough, sleepers, throughput
from benchmarks.ground import FULL, QUICK, Ground, Scale, ground
from benchmarks.report import Figure, show
from lqs.cycle_collector import calm_collector

GROUPS: Mapping[str, Callable[[Ground], Awaitable[list[Figure]]]] = MappingProxyType(
    {
        "throughput": throughput.measure,
        "sleepers": sleepers.measure,
        "pickup": pickup.measure,
        "http": http.measure,
        "rough": rough.measure,
        "footprint": footprint.measure,
        "crowded": crowded.measure,
        "engine": engine.measure,
        "neighbour": neighbour.measure,
        "kafka": kafka.measure,
    }
)
"""Every group of rows by the word for `--only`."""


def main() -> None:
    """Measure, then print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what is claimed about speed.")
    parser.add_argument("--only", action="append", choices=GROUPS, metavar="NAME", help=f"of: {', '.join(GROUPS)}")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="tiny amounts: shows that it runs, measures nothing")
    arguments = parser.parse_args()
    calm_collector()  # as a worker process does, for the worker in this one
    figures = uvloop.run(_measure(arguments.only or list(GROUPS), QUICK if arguments.quick else FULL))
    show(figures, as_json=arguments.json)


async def _measure(groups: list[str], scale: Scale) -> list[Figure]:
    figures: list[Figure] = []
    async with ground(scale) as found:
        for group in groups:
            started = time.monotonic()
            psutil.cpu_times_percent()  # the next call counts from here
            figures += await GROUPS[group](found)
            load, stolen = os.getloadavg()[0], getattr(psutil.cpu_times_percent(), "steal", 0.0)
            said = f"load average {load:.1f}, {stolen:.0f} % of the processors' time taken by other machines"
            print(f"{group}: {time.monotonic() - started:.0f} s, {said}", file=sys.stderr)
    return figures


if __name__ == "__main__":
    main()
