"""How often a label is called where nobody knows whether it is true: the only check of it outside its own source."""

from collections.abc import Sequence

import numpy as np

from mmcore.metrics.coverage import clopper_pearson


def called_where_unknown(
    labels: Sequence[str],
    probabilities: np.ndarray,
    outcomes: np.ndarray,
    thresholds: Sequence[float],
    sources: Sequence[str],
    patients: Sequence[str],
) -> dict[str, dict[str, dict[str, float]]]:
    """label -> source -> {n, value, low, high}: the share of patients whose label is not known and who reach its threshold.

    probabilities, outcomes (N, K), NaN where unknown; sources, patients (N,). A patient counts once, called if any row is.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    where, who = np.asarray(sources), np.asarray(patients)
    for k, label in enumerate(labels):
        unknown = np.isnan(outcomes[:, k]) & ~np.isnan(probabilities[:, k])
        called = probabilities[:, k] >= thresholds[k]
        by_source = {
            str(s): _share(who[(where == s) & unknown], called[(where == s) & unknown])
            for s in np.unique(where[unknown])
        }
        if by_source:
            found[label] = by_source
    return found


def _share(patients: np.ndarray, called: np.ndarray) -> dict[str, float]:
    everyone = np.unique(patients)
    return {"n": len(everyone)} | clopper_pearson(len(np.unique(patients[called])), len(everyone))
