"""Scores a shipped model on a pack of patients: every row by the same path as at the bedside."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.pack import PackRow
from mmcore.domain.prediction import RESIDUAL_LIMIT
from mmcore.domain.task import Task
from mmcore.evaluation.calibration import (
    brier_score,
    expected_calibration_error,
    expected_if_calibrated,
    reliability,
)
from mmcore.evaluation.metrics import auroc, interval, label_metrics, patient_weights
from mmcore.services.packs import case_of, outcomes_of, read_pack
from mmcore.services.review import Engine, review

READERS = 2  # rows decoded ahead, each in a child process


@dataclass(frozen=True)
class Scored:
    """What the model said of N rows. modalities: names used, joined by +; residuals: of every attribution."""

    rows: tuple[PackRow, ...]
    probabilities: np.ndarray  # (N, K)
    logits: np.ndarray  # (N, K)
    outcomes: np.ndarray  # (N, K) in {0, 1, NaN}
    modalities: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    residuals: np.ndarray
    evidence: np.ndarray  # (N, M, K), NaN where absent


def patient_mark(patient: str) -> str:
    """A patient's key as stored in a model: a digest, so that the model names nobody."""
    return hashlib.sha256(f"threefold:{patient}".encode()).hexdigest()[:16]


def evaluate(
    engine: Engine, directory: Path, resamples: int = 1000, progress: Callable[[Iterable], Iterable] = iter
) -> dict:
    """The report of contract.md for a pack: figures with 95 % intervals by bootstrap over patients.

    Rows of patients that trained or calibrated the model are left out and counted; no other row is selected.
    """
    pack = read_pack(engine.task, directory)
    known = set(engine.facts["patients"]["train"]) | set(engine.facts["patients"]["calibration"])
    left_out = Counter(pack.left_out)
    fresh = []
    for row in pack.rows:
        seen = patient_mark(row.patient) in known
        reason = "patient_trained_or_calibrated_the_model" if seen else None if row.outcome else "no_label"
        if reason:
            left_out[reason] += 1
        else:
            fresh.append(row)
    scored, unusable = score(engine, fresh, progress)
    if unusable:
        left_out["nothing_to_predict_from"] += unusable
    return report(engine, scored, dict(left_out), resamples)


def score(
    engine: Engine, rows: Sequence[PackRow], progress: Callable[[Iterable], Iterable] = iter
) -> tuple[Scored, int]:
    """Every row reviewed with all its attributions; and how many rows had nothing to predict from."""
    task = engine.task
    kept, reviews = [], []
    memory: dict = {}
    with ThreadPoolExecutor(READERS) as pool:
        for row, case in progress(list(zip(rows, pool.map(lambda r: case_of(task, r), rows), strict=True))):
            try:
                reviews.append(review(engine, case, memory=memory))
            except NothingToPredictError:
                continue
            kept.append(row)
            if len(memory) > 64:  # notes and pictures that many rows share stay, the rest goes
                memory.pop(next(iter(memory)))
    predictions = [r.prediction for r in reviews]
    return Scored(
        rows=tuple(kept),
        probabilities=_table([[p.probabilities[k] for k in task.labels] for p in predictions], task),
        logits=_table([[p.logits[k] for k in task.labels] for p in predictions], task),
        outcomes=outcomes_of(task, kept),
        modalities=tuple("+".join(m for m, e in p.evidence.items() if e is not None) for p in predictions),
        sets=tuple(p.prediction_set for p in predictions),
        residuals=np.array([a.residual for r in reviews for a in r.attributions]),
        evidence=np.array(
            [[[e[k] if e else np.nan for k in task.labels] for e in p.evidence.values()] for p in predictions]
        ).reshape(len(predictions), len(task.modalities), len(task.labels)),
    ), len(rows) - len(kept)


def _table(numbers: list[list[float]], task: Task) -> np.ndarray:
    return np.array(numbers, dtype=float).reshape(len(numbers), len(task.labels))


def report(engine: Engine, scored: Scored, left_out: dict[str, int], resamples: int) -> dict:
    """The scored rows as the JSON of the command line contract."""
    task = engine.task
    patients = [r.patient for r in scored.rows]
    out = {
        "task": task.name,
        "model": {"version": engine.stored.version, "sha256": engine.stored.sha256},
        "n": len(scored.rows),
        "patients": len(set(patients)),
        "left_out": left_out,
    }
    if not scored.rows:
        return out | {"metrics": {}, "skipped": {"all": "no row could be scored"}}
    weights = patient_weights(patients, resamples)
    metrics, skipped = figures(engine, scored, weights)
    top = scored.probabilities.max(1)
    hit = np.take_along_axis(np.nan_to_num(scored.outcomes), scored.probabilities.argmax(1)[:, None], 1)[:, 0]
    residuals = np.abs(scored.residuals)
    return out | {
        "metrics": metrics,
        "skipped": skipped,
        "by_source": _groups(engine, scored, weights, [r.source for r in scored.rows]),
        "by_publisher": _groups(engine, scored, weights, [r.publisher for r in scored.rows]),
        "by_modalities": _groups(engine, scored, weights, scored.modalities),
        "by_sex": _groups(engine, scored, weights, [r.subgroup.get("sex") or "unknown" for r in scored.rows]),
        "by_view": _groups(
            engine, scored, weights, [r.subgroup.get("view") or "unknown" for r in scored.rows]
        ),
        "baseline": _baseline(engine, scored, weights),
        "calibration": {
            "expected_calibration_error": interval(expected_calibration_error(top, hit, weights=weights)),
            "expected_if_calibrated": expected_if_calibrated(top),
            "brier_score": interval(brier_score(scored.probabilities, scored.outcomes, weights)),
            "reliability": reliability(top, hit),
        },
        "prediction_sets": _coverage(engine, scored),
        "max_residual": float(residuals.max()) if len(residuals) else None,
        "residual_over_0.01": float((residuals > RESIDUAL_LIMIT).mean()) if len(residuals) else None,
    }


def figures(engine: Engine, scored: Scored, weights: np.ndarray) -> tuple[dict, dict]:
    """(metrics, skipped) of the rows, with the task's own pair metrics scored by the contrast of two logits."""
    task = engine.task
    thresholds = [engine.facts["operating_point"][k] for k in task.labels]
    metrics, skipped = label_metrics(
        task.labels, scored.probabilities, scored.outcomes, weights, thresholds, task.exclusive
    )
    for name, (label, group, value) in task.subset_metrics.items():
        here = np.array([r.subgroup.get(group) == value for r in scored.rows])
        k = task.labels.index(label)
        here &= ~np.isnan(scored.outcomes[:, k])
        truth = scored.outcomes[here, k]
        if len(np.unique(truth)) < 2:
            skipped[name] = f"needs rows with and without {label} where {group} is {value}"
            continue
        metrics[name] = interval(auroc(scored.probabilities[here, k], truth, weights[:, here]))
    for name, (positive, negative) in task.pair_metrics.items():
        a, b = task.labels.index(positive), task.labels.index(negative)
        rows = (scored.outcomes[:, a] == 1) | (scored.outcomes[:, b] == 1)
        truth = scored.outcomes[rows, a]
        if len(np.unique(truth)) < 2:
            skipped[name] = f"needs rows of {positive} and of {negative}"
            continue
        metrics[name] = interval(
            auroc((scored.logits[:, a] - scored.logits[:, b])[rows], truth, weights[:, rows])
        )
    return metrics, skipped


def _groups(engine: Engine, scored: Scored, weights: np.ndarray, names: Sequence[str]) -> dict:
    return {
        name: _group(engine, scored, weights, np.flatnonzero(np.asarray(names) == name))
        for name in sorted(set(names))
    }


def _group(engine: Engine, scored: Scored, weights: np.ndarray, rows: np.ndarray) -> dict:
    part = Scored(
        rows=tuple(scored.rows[i] for i in rows),
        probabilities=scored.probabilities[rows],
        logits=scored.logits[rows],
        outcomes=scored.outcomes[rows],
        modalities=(),
        sets=(),
        residuals=np.array([]),
        evidence=scored.evidence[rows],
    )
    metrics, skipped = figures(engine, part, weights[:, rows])
    return {
        "n": len(rows),
        "patients": len({r.patient for r in part.rows}),
        "metrics": metrics,
        "skipped": skipped,
    }


def _baseline(engine: Engine, scored: Scored, weights: np.ndarray) -> dict:
    """The sceptic's model on the same rows: logistic regression on task.baseline, fitted on the training patients."""
    stored = engine.facts.get("baseline")
    if not stored:
        return {}
    values = np.array([[r.values.get(name, np.nan) for name in stored["fields"]] for r in scored.rows])
    filled = np.where(np.isnan(values), stored["mean"], values)
    scores = (filled - stored["mean"]) / stored["spread"] @ np.array(stored["weights"]).T + stored[
        "intercepts"
    ]
    odds = (
        np.exp(scores - scores.max(1, keepdims=True)) if engine.task.exclusive else 1 / (1 + np.exp(-scores))
    )
    probabilities = odds / odds.sum(1, keepdims=True) if engine.task.exclusive else odds
    labels = engine.task.labels
    metrics, skipped = label_metrics(
        labels, probabilities, scored.outcomes, weights, [0.5] * len(labels), engine.task.exclusive
    )
    return {"name": " and ".join(stored["fields"]), "metrics": metrics, "skipped": skipped}


def _coverage(engine: Engine, scored: Scored) -> dict:
    """How often the true label is in the prediction set, over all and by label, and how many labels a set holds."""
    labels = engine.task.labels
    held = np.array([[k in s for k in labels] for s in scored.sets])
    true = scored.outcomes == 1
    return {
        "confidence": engine.facts["conformal"]["confidence"],
        "coverage": float(held[true].mean()) if true.any() else None,
        "by_label": {k: float(held[true[:, i], i].mean()) for i, k in enumerate(labels) if true[:, i].any()},
        "mean_size": float(held.sum(1).mean()),
    }
