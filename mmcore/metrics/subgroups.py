"""Groups of patients: age bands, who is too few to be judged, and the gaps between groups that chance does not explain."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TypeAlias, TypedDict

FEWEST_PATIENTS = 20  # judgement: below, a figure says more about these patients than about the model
AGE_BANDS = ((0, 18), (18, 40), (40, 60), (60, 75), (75, 150))
Figure: TypeAlias = Mapping[str, float]  # value, low, high


class Group(TypedDict):
    """What was measured of a group: how many patients, and metric -> figure."""

    patients: int
    metrics: Mapping[str, Figure]


class Gap(TypedDict):
    """Two groups of which one fares better in a metric than chance explains, and by how much."""

    metric: str
    better: str
    worse: str
    gap: float


COMPARED = ("macro_auroc", "auroc", "sensitivity", "specificity", "accuracy")  # beginnings of metric names


def age_band(age_years: float | None) -> str:
    """60_75 for 60 up to, not including, 75; "unknown" without an age."""
    for low, high in AGE_BANDS:
        if age_years is not None and low <= age_years < high:
            return f"{low}_{high}"
    return "unknown"


def too_few(patients: int) -> str | None:
    """Why a group's figures are not given, or None."""
    return f"fewer than {FEWEST_PATIENTS} patients ({patients})" if patients < FEWEST_PATIENTS else None


def gaps(groups: Mapping[str, Group], metrics: Sequence[str] | None = None) -> list[Gap]:
    """For each metric the two groups farthest apart among those whose 95 % intervals do not overlap, widest gap first.

    groups: name -> {"patients", "metrics": {metric: {value, low, high}}}; unknown groups, small ones, and figures without
    any spread (a share of very few patients) are left out. Intervals that do not overlap are a stricter test than a difference that excludes 0, and need no pairing.
    """
    shown = {
        name: g["metrics"]
        for name, g in groups.items()
        if name != "unknown" and g["patients"] >= FEWEST_PATIENTS
    }
    names = metrics or sorted({m for found in shown.values() for m in found if m.startswith(COMPARED)})
    found = [_gap(metric, {name: f[metric] for name, f in shown.items() if metric in f}) for metric in names]
    return sorted((gap for gap in found if gap is not None), key=lambda g: -g["gap"])


def _gap(metric: str, figures: Mapping[str, Figure]) -> Gap | None:
    """The two groups farthest apart in one metric: group -> its figure; None where no intervals lie apart."""
    have = {name: f for name, f in figures.items() if f["high"] > f["low"]}  # False for NaN too
    pairs = [
        (have[a]["value"] - have[b]["value"], a, b)
        for a, b in permutations(have, 2)
        if have[a]["low"] > have[b]["high"]
    ]
    if not pairs:
        return None
    gap, better, worse = max(pairs)
    return {"metric": metric, "better": better, "worse": worse, "gap": round(gap, 4)}
