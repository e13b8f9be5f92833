"""Is a stated probability kept? Calibration error, its value for a perfect model, Brier score, temperature-like scales."""

from collections.abc import Sequence

import numpy as np

from mmcore.domain.model_facts import Json
from mmcore.metrics.figures import interval


def expected_calibration_error(
    probabilities: np.ndarray, outcomes: np.ndarray, n_bins: int = 10, weights: np.ndarray | None = None
) -> np.ndarray:
    """Mean gap between stated probability and observed rate over equal-mass bins (Naeini et al., AAAI 2015).

    probabilities, outcomes: (N,) of the positive class and 0 or 1; weights (R, N) of resampling or None. Returns (R,), 0 to 1.
    Raises ValueError on arrays that are empty or differ in length.
    """
    if not len(probabilities) or len(probabilities) != len(outcomes):
        raise ValueError(
            f"{len(probabilities)} probabilities for {len(outcomes)} outcomes; expected as many, at least one"
        )
    weights = np.ones((1, len(outcomes))) if weights is None else weights
    order = np.argsort(probabilities, kind="stable")
    gap = weights[:, order] * (outcomes[order] - probabilities[order])
    bins = [part for part in np.array_split(np.arange(len(order)), n_bins) if len(part)]
    error: np.ndarray = sum(np.abs(gap[:, part].sum(1)) for part in bins) / weights.sum(1)
    return error


def expected_if_calibrated(
    probabilities: np.ndarray, n_bins: int = 10, draws: int = 2000, seed: int = 0
) -> dict[str, float]:
    """Where 95 % of perfectly calibrated models with these probabilities (N,) of the top label would fall."""
    rng = np.random.default_rng(seed)
    order = np.sort(probabilities)
    gap = (rng.random((draws, len(order))) < order) - order
    bins = [part for part in np.array_split(np.arange(len(order)), n_bins) if len(part)]
    errors = sum(np.abs(gap[:, part].sum(1)) for part in bins) / len(order)
    low, high = np.percentile(errors, [2.5, 97.5])
    return {"low": round(float(low), 4), "high": round(float(high), 4)}


def brier_score(
    probabilities: np.ndarray, outcomes: np.ndarray, weights: np.ndarray, exclusive: bool = True
) -> np.ndarray:
    """Mean squared distance of probabilities (N, K) from outcomes (N, K) (Brier 1950): (R,).

    Exclusive labels: summed over labels, 0 to 2. Independent labels: the mean over each row's known labels, 0 to 1.
    """
    known = ~np.isnan(outcomes)
    rows = known.all(1) if exclusive else known.any(1)
    squares = np.where(known, (probabilities - outcomes) ** 2, 0.0)[rows].sum(1)
    if not exclusive:
        squares = squares / known[rows].sum(1)
    mean: np.ndarray = (weights[:, rows] @ squares) / weights[:, rows].sum(1)
    return mean


def top_label(
    probabilities: np.ndarray, outcomes: np.ndarray, exclusive: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(stated, happened, rows): the highest probability of each row whose outcome of that label is known, and that outcome.

    (N, K) arrays -> (N',), (N',), (N,) bool. Exclusive labels: rows with their label only, since of a row that is known not to
    have one label a wrong call would count and a right one would not. Of independent labels too it is the likeliest one, present or not; with a single
    label it is that label.
    """
    top = probabilities.argmax(1)[:, None]
    stated, happened = (np.take_along_axis(a, top, 1)[:, 0] for a in (probabilities, outcomes))
    rows = ~np.isnan(outcomes).any(1) if exclusive else ~np.isnan(happened)
    return stated[rows], happened[rows], rows


def calibration_figures(
    probabilities: np.ndarray, outcomes: np.ndarray, weights: np.ndarray, exclusive: bool
) -> dict[str, Json]:
    """Calibration of the top label with its interval, where a calibrated model would fall, whether the error is within, and
    the Brier score. {} without rows.

    probabilities, outcomes (N, K), NaN for unknown; weights (R, N) of resampling.
    """
    stated, happened, rows = top_label(probabilities, outcomes, exclusive)
    if not len(stated):
        return {}
    found = _one_figure(stated, happened, weights[:, rows])
    found["brier_score"] = interval(brier_score(probabilities, outcomes, weights, exclusive))
    return found


def calibration_by_label(
    labels: Sequence[str], probabilities: np.ndarray, outcomes: np.ndarray, weights: np.ndarray
) -> dict[str, dict[str, Json]]:
    """label -> the same figures of its own probability, over the rows whose outcome is known; Brier score 0 to 1.

    probabilities, outcomes (N, K), NaN for unknown; weights (R, N) of resampling.
    """
    found = {}
    for k, label in enumerate(labels):
        rows = ~np.isnan(outcomes[:, k])
        if rows.any():
            p, y, w = probabilities[rows, k], outcomes[rows, k], weights[:, rows]
            found[label] = _one_figure(p, y, w)
            found[label]["brier_score"] = interval((w @ (p - y) ** 2) / w.sum(1))
    return found


def _one_figure(stated: np.ndarray, happened: np.ndarray, weights: np.ndarray) -> dict[str, Json]:
    error = interval(expected_calibration_error(stated, happened, weights=weights))
    expected = expected_if_calibrated(stated)
    return {
        "n": len(stated),
        "expected_calibration_error": error,
        "expected_if_calibrated": expected,
        "within": error["value"] <= expected["high"],
        "reliability": reliability(stated, happened),
    }


def reliability(probabilities: np.ndarray, outcomes: np.ndarray, n_bins: int = 10) -> list[dict[str, float]]:
    """Stated probability, observed rate and n of each equal-mass bin, for the diagram.

    probabilities, outcomes (N,).
    """
    order = np.argsort(probabilities, kind="stable")
    return [
        {
            "stated": float(probabilities[part].mean()),
            "observed": float(outcomes[part].mean()),
            "n": len(part),
        }
        for part in np.array_split(order, n_bins)
        if len(part)
    ]
