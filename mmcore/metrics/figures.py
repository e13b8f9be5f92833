"""Figures of a model with intervals by bootstrap over patients; every metric takes a matrix of resampling weights."""

from collections.abc import Sequence

import numpy as np


def auroc(scores: np.ndarray, outcomes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, ties counted half: scores, outcomes (N,), weights (R, N) -> (R,), NaN where one class is gone."""
    order = np.argsort(scores, kind="stable")
    _, tie = np.unique(scores[order], return_inverse=True)
    positive = weights[:, order] * (outcomes[order] == 1)
    negative = weights[:, order] * (outcomes[order] == 0)
    starts = np.flatnonzero(np.r_[True, np.diff(tie) > 0])
    up, down = np.add.reduceat(positive, starts, axis=1), np.add.reduceat(negative, starts, axis=1)
    below = np.cumsum(down, axis=1) - down
    with np.errstate(invalid="ignore", divide="ignore"):
        area: np.ndarray = (up * (below + down / 2)).sum(1) / (up.sum(1) * down.sum(1))
    return area


def auprc(scores: np.ndarray, outcomes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision: scores, outcomes (N,), weights (R, N) -> (R,), NaN without positives."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True])
    hits = np.cumsum(weights[:, order] * (outcomes[order] == 1), axis=1)[:, ends]
    taken = np.cumsum(weights[:, order], axis=1)[:, ends]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(taken > 0, hits / taken, 0.0)
        area: np.ndarray = (np.diff(hits, axis=1, prepend=0) * precision).sum(1) / hits[:, -1]
    return area


def macro_auroc(probabilities: np.ndarray, outcomes: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Mean area over the labels that occur both ways: (N, K) arrays, weights (R, N) -> (R,); None without such a label."""
    known = ~np.isnan(outcomes)
    both = [k for k in range(outcomes.shape[1]) if len(np.unique(outcomes[known[:, k], k])) == 2]
    areas = [
        auroc(probabilities[known[:, k], k], outcomes[known[:, k], k], weights[:, known[:, k]]) for k in both
    ]
    return np.mean(areas, axis=0) if areas else None


def share(hit: np.ndarray, among: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted share of `hit` rows among `among` rows, both (N,) bool, weights (R, N) -> (R,); NaN where none is left."""
    with np.errstate(invalid="ignore"):
        found: np.ndarray = (weights @ (hit & among).astype(float)) / (weights @ among.astype(float))
    return found


def f1(called: np.ndarray, outcomes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """F1 score of calls against outcomes, (N,) bool each, weights (R, N) -> (R,)."""
    both, either = (called & outcomes).astype(float), called.astype(float) + outcomes.astype(float)
    with np.errstate(invalid="ignore"):
        score: np.ndarray = 2 * (weights @ both) / (weights @ either)
    return score


def patient_weights(patients: Sequence[str], resamples: int, seed: int = 0) -> np.ndarray:
    """Weights (1 + resamples, N): row 0 is all ones, the others how often a bootstrap over patients draws each row."""
    _, which = np.unique(np.asarray(patients), return_inverse=True)
    count = which.max() + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.vstack([np.ones(len(which)), drawn[:, which]])


def interval(values: np.ndarray) -> dict[str, float]:
    """{value, low, high} from a metric's (1 + R,) results: the first is the figure, the rest give its 95 % interval."""
    rest = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(rest, [2.5, 97.5]) if len(rest) else (float("nan"), float("nan"))
    return {"value": round(float(values[0]), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def label_metrics(
    labels: Sequence[str],
    probabilities: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    thresholds: Sequence[float],
    exclusive: bool,
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """(metrics, skipped) of probabilities (N, K) against outcomes (N, K) in {0, 1, NaN}; NaN rows leave that label's figures.

    macro_auroc is the mean over labels that occur both ways; accuracy is of the likeliest label (exclusive), or the mean share of right calls among a row's known labels.
    """
    metrics: dict[str, dict[str, float]] = {}
    skipped: dict[str, str] = {}
    areas = []
    for k, label in enumerate(labels):
        known = ~np.isnan(outcomes[:, k])
        score, truth, w = probabilities[known, k], outcomes[known, k], weights[:, known]
        if len(np.unique(truth)) < 2:
            reason = "no row" if not len(truth) else f"every row is {'present' if truth[0] else 'absent'}"
            skipped |= {
                f"{name}_{label}": reason for name in ("auroc", "auprc", "sensitivity", "specificity", "f1")
            }
            continue
        areas.append(auroc(score, truth, w))
        called, ill = score >= thresholds[k], truth == 1
        metrics[f"auroc_{label}"] = interval(areas[-1])
        metrics[f"auprc_{label}"] = interval(auprc(score, truth, w))
        metrics[f"sensitivity_{label}"] = interval(share(called, ill, w))
        metrics[f"specificity_{label}"] = interval(share(~called, ~ill, w))
        metrics[f"f1_{label}"] = interval(f1(called, ill, w))
    if areas:
        metrics["macro_auroc"] = interval(np.mean(areas, axis=0))
    else:
        skipped["macro_auroc"] = "no label occurs both ways"
    complete = ~np.isnan(outcomes).any(1) if exclusive else ~np.isnan(outcomes).all(1)
    if complete.any():
        metrics["accuracy"] = interval(
            _accuracy(probabilities, outcomes, weights, thresholds, exclusive, complete)
        )
    return metrics, skipped


def _accuracy(
    probabilities: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    thresholds: Sequence[float],
    exclusive: bool,
    complete: np.ndarray,
) -> np.ndarray:
    if exclusive:
        return share(probabilities.argmax(1) == np.nan_to_num(outcomes).argmax(1), complete, weights)
    known = ~np.isnan(outcomes)
    agree = known & ((probabilities >= np.asarray(thresholds)) == (np.nan_to_num(outcomes) == 1))
    right = agree.sum(1) / known.sum(1).clip(1)
    found: np.ndarray = (weights[:, complete] @ right[complete]) / weights[:, complete].sum(1)
    return found
