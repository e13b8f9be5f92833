"""How often prediction sets keep the truth: coverage with its binomial interval, and how many labels a set holds."""

from collections.abc import Mapping, Sequence

import numpy as np

from mmcore.domain.model_facts import Json
from mmcore.metrics.conformal import absence
from mmcore.metrics.subgroups import FEWEST_PATIENTS, too_few


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> dict[str, float]:
    """{value, low, high} of a share: the exact binomial interval (Clopper and Pearson 1934). Raises ValueError for n = 0."""
    from scipy.stats import binomtest

    if n < 1:
        raise ValueError("a share of no rows has no interval; expected n >= 1")
    found = binomtest(int(hits), int(n)).proportion_ci(level, method="exact")
    return {
        "value": round(hits / n, 4),
        "low": round(float(found.low), 4),
        "high": round(float(found.high), 4),
    }


def kept(labels: Sequence[str], p_values: Sequence[Mapping[str, float]], confidence: float) -> np.ndarray:
    """(N, K, 2) bool: whether label k's presence and its absence cannot be excluded; what has no p-value stays."""
    states = [(label, absence(label)) for label in labels]
    stays = [[[p.get(s, 1.0) > 1 - confidence for s in pair] for pair in states] for p in p_values]
    return np.array(stays, dtype=bool).reshape(len(p_values), len(labels), 2)


def coverage(
    labels: Sequence[str],
    stays: np.ndarray,
    outcomes: np.ndarray,
    groups: Mapping[str, Sequence[str]],
    patients: Sequence[str],
    exclusive: bool,
) -> dict[str, Json]:
    """Share of truths that a set keeps: over all, by class and by each grouping of rows (name -> (N,) group of each row).

    stays (N, K, 2) as `kept` gives it; outcomes (N, K) in {0, 1, NaN}. Exclusive labels: a row is one trial, its label in the
    set or not. Independent labels: each known (row, label) is one trial, its state in the set {present, absent} or not.
    """
    trials = (outcomes == 1) if exclusive else ~np.isnan(outcomes)
    held = np.where(outcomes == 1, stays[:, :, 0], stays[:, :, 1])
    size = stays[:, :, 0].sum(1) if exclusive else stays.sum((1, 2)) / len(labels)
    classes = {label: (outcomes[:, k : k + 1] == 1) & _only(k, len(labels)) for k, label in enumerate(labels)}
    if not exclusive:
        classes |= {
            absence(label): (outcomes[:, k : k + 1] == 0) & _only(k, len(labels))
            for k, label in enumerate(labels)
        }
    everyone = np.ones(len(outcomes), dtype=bool)
    found: dict[str, Json] = dict(_share(held, trials, everyone, patients, fewest=0))
    found["mean_size"] = round(float(size.mean()), 4) if len(size) else None
    found["by_class"] = {
        name: _share(held, trials & only, everyone, patients) for name, only in classes.items()
    }
    for title, names in groups.items():
        found[title] = {
            name: _share(held, trials, np.asarray(names) == name, patients) for name in sorted(set(names))
        }
    return found


def _only(k: int, count: int) -> np.ndarray:
    only: np.ndarray = np.arange(count)[None] == k
    return only


def _share(
    held: np.ndarray,
    trials: np.ndarray,
    rows: np.ndarray,
    patients: Sequence[str],
    fewest: int = FEWEST_PATIENTS,
) -> dict[str, Json]:
    chosen = trials & rows[:, None]
    who = {patients[i] for i in np.flatnonzero(chosen.any(1)).tolist()}
    n = int(chosen.sum())
    if len(who) < max(fewest, 1):
        return {"n": n, "patients": len(who), "skipped": too_few(len(who)) or "no row"}
    return {"n": n, "patients": len(who), **clopper_pearson(int(held[chosen].sum()), n)}
