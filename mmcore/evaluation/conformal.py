"""Prediction sets by class: the labels that cannot be excluded at a chosen confidence."""

from collections.abc import Mapping, Sequence

import numpy as np


def conformalize(
    labels: Sequence[str], probabilities: np.ndarray, outcomes: np.ndarray
) -> dict[str, list[float]]:
    """label -> sorted nonconformity scores 1 - p of the calibration rows that have it; (N, K) arrays.

    Scores belong to the prior that the probabilities were made with. Since each label is compared with its own rows only
    (Vovk's Mondrian conformal prediction, 2003), coverage holds for every label whatever share of patients has it.
    """
    rows = {label: outcomes[:, k] == 1 for k, label in enumerate(labels)}
    return {
        label: [round(float(s), 4) for s in np.sort(1 - probabilities[rows[label], k])]
        for k, label in enumerate(labels)
    }


def predict_set(
    scores: Mapping[str, Sequence[float]], probabilities: Mapping[str, float], confidence: float
) -> tuple[str, ...]:
    """Labels whose p-value, the share of calibration scores at least as strange, exceeds 1 - confidence.

    A label with too few calibration rows to exclude anything is always in the set.
    """
    kept = []
    for label, probability in probabilities.items():
        known = np.asarray(scores[label])
        strange = 1 + np.count_nonzero(known >= round(1 - probability, 4))
        if strange / (len(known) + 1) > 1 - confidence:
            kept.append(label)
    return tuple(kept)
