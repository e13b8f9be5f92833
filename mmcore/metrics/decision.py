"""Decision curves: is acting on the model better than treating everybody or nobody?"""

from collections.abc import Sequence

import numpy as np

THRESHOLDS = (0.01, 0.02, 0.05, *(round(0.1 + 0.05 * i, 2) for i in range(17)))


def net_benefit(
    probabilities: np.ndarray, outcomes: np.ndarray, threshold: float, weights: np.ndarray
) -> np.ndarray:
    """Share of true positives less the false ones at the odds of the threshold (Vickers and Elkin 2006).

    probabilities, outcomes (N,) in [0, 1] and {0, 1}; who is at or above the threshold is treated; weights (R, N) -> (R,),
    at most the prevalence. threshold in (0, 1): the chance at which one would rather treat.
    """
    treated = probabilities >= threshold
    true = weights @ (treated & (outcomes == 1)).astype(float)
    false = weights @ (treated & (outcomes == 0)).astype(float)
    benefit: np.ndarray = (true - false * threshold / (1 - threshold)) / weights.sum(1)
    return benefit


def decision_curve(
    probabilities: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    thresholds: Sequence[float] = THRESHOLDS,
) -> dict[str, list[float]]:
    """Net benefit over thresholds: of the model with its 95 % interval, of treating all, and of treating none (0 throughout).

    probabilities, outcomes (N,); weights (R, N) of resampling, the first row as given.
    """
    everyone = np.ones_like(probabilities)
    model = np.stack([net_benefit(probabilities, outcomes, t, weights) for t in thresholds])  # (T, R)
    treat_all = np.array([net_benefit(everyone, outcomes, t, weights[:1])[0] for t in thresholds])
    spread = model[:, 1:] if model.shape[1] > 1 else model
    low, high = np.percentile(spread, [2.5, 97.5], axis=1)
    return {
        "thresholds": [float(t) for t in thresholds],
        "model": _rounded(model[:, 0]),
        "low": _rounded(low),
        "high": _rounded(high),
        "treat_all": _rounded(treat_all),
        "treat_none": [0.0] * len(thresholds),
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 5) for v in values]
