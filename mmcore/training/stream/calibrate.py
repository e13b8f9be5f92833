"""Fits the calibration of a stream model and its operating point."""

from collections.abc import Sequence

import numpy as np

from mmcore.models.stream_model import HourlyScale

TOGETHER = (
    150.0  # each hour's own fit is pulled to that of all hours with the weight of so many patients; judgement
)
PERSISTENCE_HOURS = (
    2  # an alert is raised when the risk stays above the threshold for so many hourly looks; judgement
)
REARM = 0.8  # and may be raised again once it has been below this part of the threshold; judgement


def fit_scale(scores: np.ndarray, died: np.ndarray, hours: Sequence[float]) -> HourlyScale:
    """Scale and offset at each hour from uncalibrated scores (N, H) of calibration patients and died (N,) in {0, 1}."""
    everyone = np.tile(died, (len(hours), 1)).T
    scale, offset = _platt(scores.ravel(), everyone.ravel().astype(float), None)
    fits = [_platt(scores[:, i], died.astype(float), (scale, offset)) for i in range(len(hours))]
    return HourlyScale(
        tuple(map(float, hours)), tuple(float(a) for a, _ in fits), tuple(float(b) for _, b in fits)
    )


def _platt(scores: np.ndarray, died: np.ndarray, towards: tuple[float, float] | None) -> tuple[float, float]:
    """Logistic regression on one score by Newton's method (Platt 1999, with unsmoothed targets), pulled towards a pair.

    The scale stays positive, so that calibration never turns the order round.
    """
    w = np.array(towards or (1.0, 0.0))
    centre, pull = (
        w.copy(),
        0.12 * TOGETHER / len(scores) if towards else 1e-6,
    )  # 0.12: p (1 - p) of a usual patient
    x = np.column_stack([scores, np.ones(len(scores))])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        slope = x.T @ (p - died) / len(died) + pull * (w - centre)
        bend = (x * (p * (1 - p))[:, None]).T @ x / len(died) + pull * np.eye(2)
        step = np.linalg.solve(bend, slope)
        w = w - step
        if np.abs(step).max() < 1e-9:
            break
    return max(float(w[0]), 1e-3), float(w[1])


def operating_point(probabilities: np.ndarray, died: np.ndarray) -> float:
    """The threshold at which as many calibration patients are called as died, so that sensitivity equals precision.

    probabilities, died (N,).
    """
    order = np.sort(probabilities)[::-1]
    count = int(died.sum())
    if not 0 < count < len(order):
        return float(probabilities.mean())
    return float((order[count - 1] + order[count]) / 2)
