"""Groups of patients: age bands, who is too few to be judged, and the gaps between groups that chance does not explain."""

from collections.abc import Mapping, Sequence

FEWEST_PATIENTS = 20  # judgement: below, a figure says more about these patients than about the model
AGE_BANDS = ((0, 18), (18, 40), (40, 60), (60, 75), (75, 150))
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


def gaps(groups: Mapping[str, Mapping], metrics: Sequence[str] | None = None) -> list[dict]:
    """For each metric the two groups farthest apart among those whose 95 % intervals do not overlap, widest gap first.

    groups: name -> {"patients", "metrics": {metric: {value, low, high}}}; unknown groups, small ones, and figures without
    any spread (a share of very few patients) are left out. Intervals that do not overlap are a stricter test than a difference that excludes 0, and need no pairing.
    """
    shown = {
        name: g["metrics"]
        for name, g in groups.items()
        if name != "unknown" and g.get("patients", 0) >= FEWEST_PATIENTS
    }
    names = metrics or sorted({m for found in shown.values() for m in found if m.startswith(COMPARED)})
    apart = []
    for metric in names:
        have = {name: found[metric] for name, found in shown.items() if _whole(found.get(metric))}
        pairs = [
            (have[a]["value"] - have[b]["value"], a, b)
            for a in have
            for b in have
            if have[a]["low"] > have[b]["high"]
        ]
        if pairs:
            gap, better, worse = max(pairs)
            apart.append({"metric": metric, "better": better, "worse": worse, "gap": round(gap, 4)})
    return sorted(apart, key=lambda g: -g["gap"])


def _whole(figure: Mapping | None) -> bool:
    return figure is not None and figure["high"] > figure["low"]  # False for NaN too
