"""Python's cycle collector, tuned for a process that works without pause."""

import gc


def calm_collector() -> None:
    """Let the cycle collector look rarely at the thousands of attempts that a worker holds.

    They are freed by their reference counts; walking over all of them again and again cost a tenth of the worker's
    processor time. Cycles that do arise, such as those of exceptions, are found later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
