"""Times pieces of work, alone or several against each other in one run."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

RUNS = 7  # contract.md
Result = TypeVar("Result")


def timed(step: Callable[[], Result]) -> tuple[Result, float]:
    """What a step returns, and the milliseconds it took."""
    started = time.perf_counter()
    result = step()
    return result, (time.perf_counter() - started) * 1000


def interleaved_medians(work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """name -> median milliseconds of 7 runs, taken in turn so that a busy moment meets all; a first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for run in range(RUNS + 1):
        for name, step in work.items():
            _, taken_ms = timed(step)
            if run:
                times[name].append(taken_ms)
    return {name: statistics.median(values) for name, values in times.items()}
