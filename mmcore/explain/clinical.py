"""Shapley values of the clinical fields over the additive head, against the background of centroids."""

import numpy as np
from torch import Tensor


def shapley_values(field_evidence: Tensor, label: int, against: int | None, scale: float) -> np.ndarray:
    """field_evidence (F, K) centred on the background -> (F,), log-odds of the contrast.

    In a game that is a sum of one term per player the Shapley value of a player is its own term less its mean over the
    background, which is what the head returns; shap.ExactExplainer gives the same numbers (held by a test).
    """
    difference = field_evidence[:, label].double()
    if against is not None:
        difference = difference - field_evidence[:, against].double()
    return (difference * scale).numpy()
