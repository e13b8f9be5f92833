"""How far an encoding lies from the training data: distance in the directions that vary there, and off them."""

import base64

import numpy as np

KEPT = 24  # principal directions; judgement: this project's
TOLERATED = 0.99  # share of calibration pictures that count as familiar


def fit_familiar(train: np.ndarray, calibration: np.ndarray, most: int = KEPT) -> dict:
    """Mean, directions (`most`) and limits (JSON values) from pooled features (N, D), rows of NaN left out; {} if too few."""
    train = train[~np.isnan(train).all(1)] if train.size else train
    calibration = calibration[~np.isnan(calibration).all(1)] if calibration.size else calibration
    if len(train) < 4 * most or len(calibration) < 20:
        return {}
    mean = train.mean(0)
    _, spread, directions = np.linalg.svd(train - mean, full_matrices=False)
    kept = min(most, train.shape[1] // 2)  # of few features too, some room is left off the directions
    found = {
        "mean": _packed(mean),
        "directions": _packed(directions[:kept]),
        "spread": _packed(spread[:kept] / np.sqrt(len(train))),
        "width": int(train.shape[1]),
    }
    inside, outside = strangeness(found, calibration)
    return found | {
        "inside_limit": float(np.quantile(inside, TOLERATED)),
        "outside_limit": float(np.quantile(outside, TOLERATED)),
    }


def strangeness(familiar: dict, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Mahalanobis distance within the kept directions, distance off them) of features (N, D): (N,) each, 0 is the mean."""
    mean = _unpacked(familiar["mean"])
    directions = _unpacked(familiar["directions"]).reshape(-1, familiar["width"])
    gap = features - mean
    along = gap @ directions.T
    inside = np.sqrt(((along / _unpacked(familiar["spread"])) ** 2).mean(1))
    return inside, np.linalg.norm(gap - along @ directions, axis=1)


def strange_by(familiar: dict, features: np.ndarray) -> np.ndarray:
    """(N,) how many times farther than the calibration data features (N, D) lie from the training data, either way."""
    inside, outside = strangeness(familiar, features)
    within, off = inside.astype(float), outside.astype(float)
    return np.maximum(within / familiar["inside_limit"], off / familiar["outside_limit"])


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f2").tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)
