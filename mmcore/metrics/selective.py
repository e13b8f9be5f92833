"""Selective risk: how often the model errs where it is certain, beside how often it errs at all."""

import numpy as np

CERTAIN_SHARE = 0.8


def certainty_and_error(
    probabilities: np.ndarray, outcomes: np.ndarray, exclusive: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(certainty, error) of each row with a known outcome, (N',) each, from probabilities and outcomes (N, K).

    Exclusive labels: the likeliest label's probability, and 1 where it is not the true one. Independent labels: each label is
    called by the likelier of present and absent; certainty is the mean probability of those calls over the labels known in
    the row, error the share of them that is wrong.
    """
    if exclusive:
        rows = ~np.isnan(outcomes).any(1)
        p = probabilities[rows]
        return p.max(1), (p.argmax(1) != outcomes[rows].argmax(1)).astype(float)
    known = ~np.isnan(outcomes)
    rows = known.any(1)
    counts = known[rows].sum(1)
    sure = np.maximum(probabilities, 1 - probabilities)[rows]
    wrong = ((probabilities >= 0.5) != (outcomes == 1))[rows]
    return (sure * known[rows]).sum(1) / counts, (wrong & known[rows]).sum(1) / counts


def selective_error(
    certainty: np.ndarray, error: np.ndarray, weights: np.ndarray, share: float = CERTAIN_SHARE
) -> np.ndarray:
    """Mean error of the given share of rows with the highest certainty: (N,), (N,), weights (R, N) -> (R,).

    Where the border falls inside a row, that row counts in part.
    """
    order = np.argsort(-certainty, kind="stable")
    w = weights[:, order]
    room = share * w.sum(1, keepdims=True)
    taken = np.clip(room - (np.cumsum(w, 1) - w), 0, w)
    mean: np.ndarray = (taken @ error[order]) / taken.sum(1)
    return mean


def selective_risk(certainty: np.ndarray, error: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """error_all, error_certain and their ratio, (R,) each; the ratio is NaN where nothing is wrong."""
    everything = selective_error(certainty, error, weights, 1.0)
    certain = selective_error(certainty, error, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"error_all": everything, "error_certain": certain, "ratio": certain / everything}
