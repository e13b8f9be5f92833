"""Times several pieces of work against each other in one run."""

import statistics
import time
from collections.abc import Callable, Mapping

RUNS = 7  # contract.md


def interleaved_medians(work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """name -> median milliseconds of 7 runs, taken in turn so that a busy moment meets all; a first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for run in range(RUNS + 1):
        for name, step in work.items():
            started = time.perf_counter()
            step()
            if run:
                times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}
