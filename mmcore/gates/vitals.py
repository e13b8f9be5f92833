"""What speaks against the clinical values as a whole: each plausible by itself, and most of them beyond belief together."""

from collections.abc import Mapping, Sequence

from mmcore.domain.notice import Notice
from mmcore.domain.task import Field, Question

FEWEST = 3  # such values; two may well meet in one very ill patient
MOST = 0.6  # share of the numbers given; judgement: this project's, as are both numbers below
FAR = 0.6  # of the way from the reference range to the end of what is accepted at all, upwards in ratios


def find_vitals_gate(
    task: Question, ranges: Mapping[str, Sequence[float] | None], values: Mapping[str, float]
) -> Notice | None:
    """Why the values should add nothing, or None. ranges: field -> [low, high] of 98 in 100 training patients, None if unknown."""
    numbers = {f.name: values[f.name] for f in task.fields if f.name in values and f.kind == "number"}
    strange = [k for k, v in numbers.items() if _extreme(task.field(k), ranges.get(k), v)]
    if len(strange) < FEWEST or len(strange) < MOST * len(numbers):
        return None
    return Notice("vitals_all_extreme", {"count": len(strange), "of": len(numbers)}, "clinical")


def _extreme(field: Field, known: Sequence[float] | None, value: float) -> bool:
    """Outside what the training patients had or, where that is not known, most of the way to what cannot be."""
    if known:
        return not known[0] <= value <= known[1]
    low, high = field.reference or field.plausible
    bottom, top = field.plausible
    reach = high * (top / high) ** FAR if high > 0 else high + FAR * (top - high)  # twice as much is one step
    return value > reach > high or value < low - FAR * (low - bottom) < low
