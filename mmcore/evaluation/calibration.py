"""Is a stated probability kept? Calibration error, its value for a perfect model, Brier score, temperature-like scales."""

import numpy as np


def expected_calibration_error(
    probabilities: np.ndarray, outcomes: np.ndarray, n_bins: int = 10, weights=None
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
    return sum(np.abs(gap[:, part].sum(1)) for part in bins) / weights.sum(1)


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


def brier_score(probabilities: np.ndarray, outcomes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared distance of probabilities (N, K) from outcomes (N, K), summed over labels (Brier 1950): (R,), 0 to 2."""
    known = ~np.isnan(outcomes).any(1)
    squares = ((probabilities[known] - outcomes[known]) ** 2).sum(1)
    return (weights[:, known] @ squares) / weights[:, known].sum(1)


def reliability(probabilities: np.ndarray, outcomes: np.ndarray, n_bins: int = 10) -> list[dict[str, float]]:
    """Stated probability, observed rate and n of each equal-mass bin, for the diagram."""
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
