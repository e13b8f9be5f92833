"""How far an encoding lies from the training data: distance in the directions that vary there, and off them."""

import base64
from dataclasses import replace

import numpy as np

from mmcore.domain.model_facts import Familiar

KEPT = 24  # principal directions; judgement: this project's
TOLERATED = 0.99  # share of calibration pictures that count as familiar


def fit_familiar(train: np.ndarray, calibration: np.ndarray, most: int = KEPT) -> Familiar | None:
    """Mean, directions (`most`) and limits from pooled features (N, D), rows of NaN left out; None if too few."""
    train = train[~np.isnan(train).all(1)] if train.size else train
    calibration = calibration[~np.isnan(calibration).all(1)] if calibration.size else calibration
    if len(train) < 4 * most or len(calibration) < 20:
        return None
    mean = train.mean(0)
    _, spread, directions = np.linalg.svd(train - mean, full_matrices=False)
    kept = min(most, train.shape[1] // 2)  # of few features too, some room is left off the directions
    packed = _packed(mean), _packed(directions[:kept]), _packed(spread[:kept] / np.sqrt(len(train)))
    found = Familiar(*packed, int(train.shape[1]), 0.0, 0.0)
    inside, outside = (float(np.quantile(x, TOLERATED)) for x in strangeness(found, calibration))
    return replace(found, inside_limit=inside, outside_limit=outside)


def strangeness(familiar: Familiar, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Mahalanobis distance within the kept directions, distance off them) of features (N, D): (N,) each, 0 is the mean."""
    mean = _unpacked(familiar.mean)
    directions = _unpacked(familiar.directions).reshape(-1, familiar.width)
    gap = features - mean
    along = gap @ directions.T
    inside = np.sqrt(((along / _unpacked(familiar.spread)) ** 2).mean(1))
    return inside, np.linalg.norm(gap - along @ directions, axis=1)


def times_as_strange(familiar: Familiar, features: np.ndarray) -> np.ndarray:
    """(N,) how many times farther than 99 of 100 calibration patients features (N, D) lie from the training patients."""
    inside, outside = strangeness(familiar, features)
    ratio: np.ndarray = np.maximum(inside / familiar.inside_limit, outside / familiar.outside_limit)
    return ratio


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f2").tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)
