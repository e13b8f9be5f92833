"""Scores of a student's answer: against the truth, over a session, and against where the model's evidence lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST = 0.005  # half of the smallest step that can be answered; below it the log score would be without bound
TOP = 0.1  # of the map's area: what the intersection over union is measured against
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True)
class Overlap:
    """How a mark meets the evidence. evidence: share of it inside the mark; area: share of all parts that are marked; iou:
    intersection over union with the strongest parts, None where it is not asked. All 0 to 1."""

    evidence: float
    area: float
    iou: float | None = None


def brier(probabilities: Sequence[float], outcomes: Sequence[float], exclusive: bool) -> float:
    """Squared distance from the truth (Brier 1950), 0 is best: summed over exclusive labels (at most 2), else the mean (at most 1)."""
    squares = (np.asarray(probabilities, float) - np.asarray(outcomes, float)) ** 2
    return float(squares.sum() if exclusive else squares.mean())


def log_score(probabilities: Sequence[float], outcomes: Sequence[float], exclusive: bool) -> float:
    """Minus the natural logarithm of what was given to the truth (Good 1952), 0 is best; mean over labels that are independent.

    Probabilities below LEAST count as LEAST.
    """
    chances, truth = np.asarray(probabilities, float), np.asarray(outcomes, float)
    if exclusive:
        return float(-np.log(max(chances[int(truth.argmax())], LEAST)))
    given = np.where(truth == 1, chances, 1 - chances)
    return float(-np.log(np.maximum(given, LEAST)).mean())


def is_right(probabilities: Sequence[float], outcomes: Sequence[float], exclusive: bool) -> bool:
    """Whether the likeliest of exclusive labels, and no other beside it, is the true one; else whether each lies on the right side
    of a half."""
    if not exclusive:
        return all((p >= 0.5) == (y == 1) for p, y in zip(probabilities, outcomes, strict=True))
    top = max(probabilities)
    return [y for p, y in zip(probabilities, outcomes, strict=True) if p == top] == [1]


def region_overlap(
    values: np.ndarray,
    region: tuple[float, float, float, float] | None,
    rectangles: Sequence[Sequence[float]],
) -> Overlap | None:
    """Rectangles against the positive part of an evidence map (h, w) that covers `region` of the picture; an ECG's (leads, l).

    Rectangles and region are (top, left, bottom, right) in fractions of the picture. None without a rectangle or without
    positive evidence. Area and union are of the map alone: what the model did not see does not count.
    """
    positive = np.clip(values, 0, None).astype(float)
    if not len(rectangles) or positive.sum() <= 0:
        return None
    mask = marked(positive.shape, region, rectangles)
    strongest = np.zeros(positive.size, bool)
    strongest[np.argsort(-positive, axis=None, kind="stable")[: max(1, round(TOP * positive.size))]] = True
    strongest = strongest.reshape(positive.shape) & (positive > 0)
    union = (mask | strongest).sum()
    return Overlap(
        float(positive[mask].sum() / positive.sum()),
        float(mask.mean()),
        float((mask & strongest).sum() / union) if union else 0.0,
    )


def marked(
    shape: tuple[int, int],
    region: tuple[float, float, float, float] | None,
    rectangles: Sequence[Sequence[float]],
) -> np.ndarray:
    """Which cells of a map of that shape have their centre in a rectangle: (h, w) of bool."""
    top, left, bottom, right = region or (0.0, 0.0, 1.0, 1.0)
    y = top + (bottom - top) * (np.arange(shape[0]) + 0.5)[:, None] / shape[0]
    x = left + (right - left) * (np.arange(shape[1]) + 0.5)[None] / shape[1]
    inside = np.zeros(shape, bool)
    for a, b, c, d in rectangles:
        inside |= (y >= a) & (y <= c) & (x >= b) & (x <= d)
    return inside


def part_overlap(values: Sequence[float], chosen: Sequence[bool]) -> Overlap | None:
    """Chosen parts (words, values) against the size of the evidence on each part; None where nothing is chosen or nothing speaks."""
    size, picked = np.abs(np.asarray(values, float)), np.asarray(chosen, bool)
    if not picked.any() or size.sum() <= 0:
        return None
    return Overlap(float(size[picked].sum() / size.sum()), float(picked.mean()))


def reliability_rows(stated: Sequence[float], happened: Sequence[float]) -> list[dict[str, float]]:
    """Stated probabilities sorted into fixed bins: low, high, n, mean stated, share that happened; empty bins are left out."""
    chances, truth = np.asarray(stated, float), np.asarray(happened, float)
    which = np.clip(np.searchsorted(EDGES, chances, side="right") - 1, 0, len(EDGES) - 2)
    rows = []
    for b in range(len(EDGES) - 1):
        here = which == b
        if here.any():
            means = {"stated": float(chances[here].mean()), "happened": float(truth[here].mean())}
            rows.append({"low": EDGES[b], "high": EDGES[b + 1], "n": int(here.sum())} | means)
    return rows
