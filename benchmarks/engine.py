"""What the French engine costs: verified problems a second on one core, and its memory, in a process of its own."""

import asyncio
import json
import re
import sys
import time
from pathlib import Path

from benchmarks.ground import Ground
from benchmarks.report import Expectation, Figure, Series
from lqs.domain.entities.problem import ProblemConstraints

_REQUESTS = 200
_SLOTS = 10
_ROUNDS = 5


async def measure(ground: Ground) -> list[Figure]:
    """Problems of all kinds, each generated and verified; the first requests, which fill the caches, do not count."""
    requests = min(_REQUESTS, max(2, ground.scale.entities // 100))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.engine", str(requests), stdout=asyncio.subprocess.PIPE
    )
    written, _ = await child.communicate()
    found = json.loads(written)
    rates = Series(tuple(found["rates"]))
    return [
        Figure("engine", "verified problems on one core", rates.median, "/s", rates.spread, Expectation(at_least=2000)),
        Figure("engine", "memory of the engine", found["megabytes"], "MB", expected=Expectation(at_most=40)),
    ]


def main() -> None:
    """Print what one process measured as JSON."""
    before = _megabytes()
    from lqs.generators.problem.offline import compose  # noqa: PLC0415
    from lqs.generators.problem.verify import verify_problem  # noqa: PLC0415
    from lqs.generators.problem.wanted import wanted  # noqa: PLC0415  its memory is what is measured

    requests = int(sys.argv[1])
    anything = ProblemConstraints()
    want = wanted(anything)

    def run(first: int) -> float:
        started = time.perf_counter()
        for seed in range(first, first + requests):
            for slot in range(_SLOTS):
                verify_problem(compose(want, seed, slot), anything)
        return requests * _SLOTS / (time.perf_counter() - started)

    run(0)
    rates = [run(requests * (turn + 1)) for turn in range(_ROUNDS)]
    print(json.dumps({"rates": rates, "megabytes": _megabytes() - before}))


def _megabytes() -> float:
    """The highest resident set of this program; `getrusage` would tell that of the parent it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) / 1024


if __name__ == "__main__":
    main()
