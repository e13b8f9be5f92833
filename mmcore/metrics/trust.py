"""What a report says about trust: calibration for every set of modalities, decision curves, selective risk, coverage of sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmcore.domain.model_facts import Json
from mmcore.metrics.calibration import calibration_by_label, calibration_figures, top_label
from mmcore.metrics.conformal import absence
from mmcore.metrics.coverage import coverage, kept
from mmcore.metrics.decision import decision_curve
from mmcore.metrics.figures import interval, macro_auroc
from mmcore.metrics.selective import CERTAIN_SHARE, certainty_and_error, selective_risk
from mmcore.metrics.subgroups import too_few

FEWEST_ROWS = 50  # rows a set of modalities needs before its calibration is judged
CURVE_RESAMPLES = 200
LEVELS = (0.8, 0.9, 0.95)
DEFINITIONS = {
    True: "stated probability of the likeliest label against whether it is the true one, 10 equal-mass bins",
    False: "stated probability of each row's likeliest label against whether it is present, 10 equal-mass bins; "
    "each label's own probability in by_label; Brier score: mean over the row's known labels",
}


@dataclass(frozen=True)
class Stated:
    """What was stated of N rows and what was true: probabilities (N, K), outcomes (N, K) in {0, 1, NaN}, bootstrap weights
    (R, N), the patient of each row, and whether the labels exclude each other."""

    labels: Sequence[str]
    exclusive: bool
    probabilities: np.ndarray
    outcomes: np.ndarray
    weights: np.ndarray
    patients: Sequence[str]


def calibration_report(
    stated: Stated, used: Sequence[str], subsets: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, Json]:
    """Calibration over all rows, by the modalities used (N,), and by subset: name -> (row indices (n,), probabilities (n, K)
    with the other modalities set aside). `share_within`: of all these with FEWEST_ROWS rows, how many a calibrated model
    could have made.
    """
    rows = {name: np.flatnonzero(np.asarray(used) == name) for name in sorted(set(used))}
    found = calibration_figures(stated.probabilities, stated.outcomes, stated.weights, stated.exclusive)
    found["definition"] = DEFINITIONS[stated.exclusive]
    if not stated.exclusive:
        found["by_label"] = calibration_by_label(
            stated.labels, stated.probabilities, stated.outcomes, stated.weights
        )
    by_modalities = {n: _of_rows(stated, at, stated.probabilities[at]) for n, at in rows.items()}
    by_subset = {n: _of_rows(stated, at, p) | _area(stated, at, p) for n, (at, p) in subsets.items()}
    found |= {"by_modalities": by_modalities, "by_subset": by_subset}
    judged = [g["within"] is True for g in (*by_modalities.values(), *by_subset.values()) if "within" in g]
    found["subsets_judged"] = len(judged)
    found["share_within"] = round(float(np.mean(judged)), 4) if judged else None
    return found


def _area(stated: Stated, at: np.ndarray, probabilities: np.ndarray) -> dict[str, Json]:
    """Macro AUROC of a subset's rows, where there are enough patients and a label occurs both ways."""
    if too_few(len({stated.patients[i] for i in at})):
        return {}
    areas = macro_auroc(probabilities, stated.outcomes[at], stated.weights[:, at])
    return {} if areas is None else {"macro_auroc": interval(areas)}


def _of_rows(stated: Stated, at: np.ndarray, probabilities: np.ndarray) -> dict[str, Json]:
    if len(at) < FEWEST_ROWS:
        return {"n": len(at), "skipped": f"fewer than {FEWEST_ROWS} rows"}
    weights = stated.weights[:, at]
    known = len(top_label(probabilities, stated.outcomes[at], stated.exclusive)[0])
    if known < FEWEST_ROWS:
        return {"n": known, "skipped": f"fewer than {FEWEST_ROWS} rows with a known outcome"}
    found = calibration_figures(probabilities, stated.outcomes[at], weights, stated.exclusive)
    found.pop("reliability")
    return found


def decision_curves(stated: Stated) -> dict[str, dict[str, list[float]]]:
    """label -> decision curve over the rows whose outcome is known; labels without both outcomes are left out."""
    found = {}
    for k, label in enumerate(stated.labels):
        rows = ~np.isnan(stated.outcomes[:, k])
        truth = stated.outcomes[rows, k]
        if len(np.unique(truth)) == 2:
            weights = stated.weights[: CURVE_RESAMPLES + 1, rows]
            found[label] = decision_curve(stated.probabilities[rows, k], truth, weights)
    return found


def selective_report(stated: Stated) -> dict[str, Json]:
    """Error over all rows, over the most certain share of them, and their ratio, each with its interval."""
    known = ~np.isnan(stated.outcomes)
    rows = known.all(1) if stated.exclusive else known.any(1)
    if not rows.any():
        return {"skipped": "no row with a known outcome"}
    certainty, error = certainty_and_error(stated.probabilities, stated.outcomes, stated.exclusive)
    found = selective_risk(certainty, error, stated.weights[:, rows])
    return {"share": CERTAIN_SHARE, "n": int(rows.sum())} | {k: interval(v) for k, v in found.items()}


def coverage_report(
    stated: Stated,
    p_values: Sequence[Mapping[str, float]],
    confidence: float,
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Json]:
    """Prediction sets at the stored confidence: coverage with binomial interval over all, by class and by group, mean size;
    and, over all and by class, `at` the other levels that the screen offers."""
    found: dict[str, Json] = {"confidence": confidence, **_covered(stated, p_values, confidence, groups)}
    value = found.pop("value", None)
    span = {"low": found.pop("low", None), "high": found.pop("high", None)}
    classes = found["by_class"]
    shares = classes if isinstance(classes, Mapping) else {}
    by_label = {k: share for k in stated.labels if (share := _value(shares.get(k))) is not None}
    others: dict[str, Json] = {
        str(level): _covered(stated, p_values, level, {})
        for level in LEVELS
        if abs(level - confidence) > 1e-9
    }
    return found | {"coverage": value, "interval": span, "by_label": by_label, "at": others}


def _value(share: Json) -> Json:
    return share.get("value") if isinstance(share, Mapping) else None


def _covered(
    stated: Stated,
    p_values: Sequence[Mapping[str, float]],
    confidence: float,
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Json]:
    stays = kept(stated.labels, p_values, confidence)
    outcomes = stated.outcomes
    if (
        not stated.exclusive
    ):  # an absence that was never calibrated is always kept, and says nothing about coverage
        judged = np.array([[absence(k) in p for k in stated.labels] for p in p_values]).reshape(
            outcomes.shape
        )
        outcomes = np.where((outcomes == 0) & ~judged, np.nan, outcomes)
    return coverage(stated.labels, stays, outcomes, groups, stated.patients, stated.exclusive)
