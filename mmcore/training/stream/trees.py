"""Fits boosted trees on snapshots of stays and turns them into a table of leaves."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mmcore.models.stream_trees import LeafTable

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

Bound: TypeAlias = float | np.float32
Conditions: TypeAlias = dict[int, tuple[Bound, Bound, bool, float]]  # feature -> low, high, unknown, share


@dataclass(frozen=True)
class TreeSettings:
    """What was chosen by cross-validation within the training patients."""

    rate: float = 0.04
    rounds: int = 300
    leaves: int = 12
    depth: int = 6
    smallest_leaf: int = 120
    l2: float = 5.0
    features: float = 0.25  # share of the features that a split may look at


def fit_one(
    x: np.ndarray, died: np.ndarray, weights: np.ndarray | None, settings: TreeSettings, seed: int
) -> LeafTable:
    """One boosted model of rows x (N, F) float32 against died (N,) in {0, 1} as a table of leaves.

    weights (N,), None for equal ones. Features that never vary are left out.
    """
    varying = np.flatnonzero(_varies(x))
    table = leaves_of(booster(x[:, varying], died, weights, settings, seed))
    placed = np.where(table.feature >= 0, varying[table.feature], -1).astype(np.int16)
    return replace(table, feature=placed)


def _varies(x: np.ndarray) -> np.ndarray:
    """(F,) whether a feature has at least two known values."""
    varies: np.ndarray = np.fmin.reduce(x, axis=0) < np.fmax.reduce(x, axis=0)
    return varies


def booster(
    x: np.ndarray, died: np.ndarray, weights: np.ndarray | None, settings: TreeSettings, seed: int
) -> "HistGradientBoostingClassifier":
    """A fitted HistGradientBoostingClassifier.

    x (N, F) float32, died (N,) in {0, 1}, weights (N,) or None for equal ones.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=settings.rate,
        max_iter=settings.rounds,
        max_leaf_nodes=settings.leaves,
        max_depth=settings.depth,
        min_samples_leaf=settings.smallest_leaf,
        l2_regularization=settings.l2,
        max_features=settings.features,
        early_stopping=False,
        random_state=seed,
    ).fit(x, died, sample_weight=weights)


def leaves_of(fitted: "HistGradientBoostingClassifier") -> LeafTable:
    """The leaves of a fitted HistGradientBoostingClassifier (two classes, no categories).

    Thresholds are rounded down to float32, which changes no comparison with a float32 feature.
    """
    found: list[tuple[float, Conditions]] = [(float(np.ravel(fitted._baseline_prediction)[0]), {})]
    for stage in fitted._predictors:
        _walk(stage[0].nodes, 0, {}, found)
    width = max(1, *(len(conditions) for _, conditions in found))
    shape = (len(found), width)
    feature = np.full(shape, -1, dtype=np.int16)
    low, high = np.full(shape, -np.inf, dtype=np.float32), np.full(shape, np.inf, dtype=np.float32)
    unknown, share = np.ones(shape, dtype=bool), np.ones(shape)
    for i, (_, conditions) in enumerate(found):
        for d, (place, (a, b, missing, part)) in enumerate(conditions.items()):
            feature[i, d], low[i, d], high[i, d], unknown[i, d], share[i, d] = place, a, b, missing, part
    return LeafTable(np.array([value for value, _ in found]), feature, low, high, unknown, share)


def _walk(nodes: np.ndarray, at: int, conditions: Conditions, found: list[tuple[float, Conditions]]) -> None:
    node = nodes[at]
    if node["is_leaf"]:
        found.append((float(node["value"]), conditions))
        return
    place, threshold = int(node["feature_idx"]), _down(float(node["num_threshold"]))
    for child, is_left in ((node["left"], True), (node["right"], False)):
        a, b, missing, part = conditions.get(place, (-np.inf, np.inf, True, 1.0))
        low, high = (a, min(b, threshold)) if is_left else (max(a, threshold), b)
        stays = bool(missing) and bool(node["missing_go_to_left"]) == is_left
        ratio = float(nodes[child]["count"]) / float(node["count"])
        _walk(nodes, int(child), conditions | {place: (low, high, stays, part * ratio)}, found)


def _down(threshold: float) -> np.float32:
    """The largest float32 that is not above a threshold."""
    near = np.float32(threshold)
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))
