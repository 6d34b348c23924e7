"""The process that `engine` measures: it loads nothing of the service but the data model, so that memory tells."""

import json
import sys
import time

from benchmarks.memory import most_memory
from lqs.cycle_collector import calm_collector
from lqs.domain.entities.problem import ProblemConstraints

_SLOTS = 10
_ROUNDS = 5


def main() -> None:
    """Print what was measured as JSON: problems a second in each round, and megabytes."""
    before = most_memory()
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

    calm_collector()  # as the worker process does, in which the engine runs
    run(0)
    rates = [run(requests * (turn + 1)) for turn in range(_ROUNDS)]
    print(json.dumps({"rates": rates, "megabytes": most_memory() - before}))


if __name__ == "__main__":
    main()
