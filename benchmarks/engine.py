"""What the French engine costs: verified problems a second on one core, and its memory, in a process of its own."""

import asyncio
import json
import sys

from benchmarks.ground import Ground
from benchmarks.report import Expectation, Figure, Series

_REQUESTS = 200


async def measure(ground: Ground) -> list[Figure]:
    """Problems of all kinds, each generated and verified; the first requests, which fill the caches, do not count."""
    requests = min(_REQUESTS, max(2, ground.scale.entities // 100))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.french", str(requests), stdout=asyncio.subprocess.PIPE
    )
    written, _ = await child.communicate()
    found = json.loads(written)
    rates = Series(tuple(found["rates"]))
    return [
        Figure("engine", "verified problems on one core", rates.median, "/s", rates.spread, Expectation(at_least=2000)),
        Figure("engine", "memory of the engine", found["megabytes"], "MB", expected=Expectation(at_most=40)),
    ]
