"""The figures of a stream model on a pack of stays it has not seen, at several hours of the same stays."""

from pathlib import Path
from typing import TypeAlias

import numpy as np

from mmcore.domain.model_facts import Json
from mmcore.domain.prediction import RESIDUAL_LIMIT
from mmcore.domain.task import StreamTask
from mmcore.evaluation.score_stays import (
    NEAR_HOURS,
    NEWS2,
    Bar,
    ScoredStays,
    baseline_names,
    fresh_stays,
    score,
)
from mmcore.intake.stream.pack import read_stays
from mmcore.metrics.calibration import (
    brier_score,
    expected_calibration_error,
    expected_if_calibrated,
    reliability,
)
from mmcore.metrics.conformal import fit_rounds, p_values
from mmcore.metrics.figures import auroc, interval, label_metrics, patient_weights, share
from mmcore.metrics.trust import Stated, coverage_report, decision_curves, selective_report
from mmcore.stores.stream_store import StoredStream
from mmcore.tasks import stream_task

Figures: TypeAlias = dict[str, dict[str, float]]


def evaluate_stays(
    task_name: str,
    stored: StoredStream,
    directory: Path,
    resamples: int = 1000,
    progress: Bar = iter,
) -> dict[str, Json]:
    """The report of contract.md for a pack of stays: figures with 95 % intervals by bootstrap over patients.

    Stays that trained or calibrated the model are left out and counted, as are those without a label or any measurement.
    """
    task = stream_task(task_name)
    pack = read_stays(directory, task)
    known = {mark for part in ("train", "calibration") for mark in stored.model.facts.patients[part]}
    fresh, left_out = fresh_stays(task, pack, known)
    scored = score(task, stored, pack, fresh, progress)
    return report(
        task, stored, scored, left_out | {f"measurements_{k}": v for k, v in pack.refused.items()}, resamples
    )


def report(
    task: StreamTask, stored: StoredStream, scored: ScoredStays, left_out: dict[str, int], resamples: int
) -> dict[str, Json]:
    """The scored stays as the JSON of the command line contract."""
    keys = [s.key for s in scored.stays]
    out: dict[str, Json] = {
        "task": task.name,
        "model": {"version": stored.version, "sha256": stored.sha256},
        "n": len(keys),
        "patients": len(set(keys)),
        "left_out": left_out,
    }
    if not keys:
        return out | {"metrics": {}, "skipped": {"all": "no row could be scored"}}
    weights = patient_weights(keys, resamples)
    everyone = np.arange(len(keys))
    metrics, skipped = figures(task, stored, scored, everyone, weights)
    last, residuals = scored.probabilities[:, -1], np.abs(scored.residuals)
    errors = interval(expected_calibration_error(last, scored.died, weights=weights))
    return out | {
        "hour": scored.hours[-1],
        "metrics": metrics,
        "skipped": skipped,
        "by_source": _groups(task, stored, scored, weights, "set")
        | _groups(task, stored, scored, weights, "unit"),
        "by_sex": _groups(task, stored, scored, weights, "sex"),
        "by_age_band": _groups(task, stored, scored, weights, "age_band"),
        "by_modalities": {"clinical": {"n": len(keys), "patients": len(set(keys)), "metrics": metrics}},
        "baseline": _baselines(task, stored, scored, weights),
        "calibration": {
            "expected_calibration_error": errors,
            "expected_if_calibrated": expected_if_calibrated(last),
            "brier_score": interval(brier_score(last[:, None], scored.died[:, None], weights)),
            "reliability": reliability(last, scored.died),
            "by_hour": _calibration_by_hour(scored, weights),
        },
        **_trust(task, stored, scored, weights),
        "max_residual": float(residuals.max()),
        "residual_over_0.01": float((residuals > RESIDUAL_LIMIT).mean()),
    }


def _trust(
    task: StreamTask, stored: StoredStream, scored: ScoredStays, weights: np.ndarray
) -> dict[str, Json]:
    """Selective risk, decision curve and coverage of the risk at the last hour, at which calls are made."""
    last, keys = scored.probabilities[:, -1], [s.key for s in scored.stays]
    stated = Stated(task.labels, task.exclusive, last[:, None], scored.died[:, None], weights, keys)
    found: dict[str, Json] = {
        "selective_risk": selective_report(stated),
        "decision_curves": decision_curves(stated),
    }
    conformal = stored.model.facts.conformal
    scores = conformal.scores.get(f"{scored.hours[-1]:g}")
    if scores is None:
        return found
    rounds = fit_rounds(scores)
    plausible = [p_values(rounds, {task.labels[0]: float(p)}) for p in last]
    groups = {"by_source": scored.groups["set"].tolist(), "by_unit": scored.groups["unit"].tolist()}
    return found | {"prediction_sets": coverage_report(stated, plausible, conformal.confidence, groups)}


def figures(
    task: StreamTask, stored: StoredStream, scored: ScoredStays, rows: np.ndarray, weights: np.ndarray
) -> tuple[Figures, dict[str, str]]:
    """(metrics, skipped) of some of the stays; calls are made at the last hour by the stored operating point.

    rows (n,): places of these stays; weights (R, N) of resampling all N.
    """
    label, died, w = task.labels[0], scored.died[rows], weights[:, rows]
    threshold = float(stored.model.facts.operating_point[label])
    last = scored.probabilities[rows, -1]
    metrics, skipped = label_metrics((label,), last[:, None], died[:, None], w, [threshold], task.exclusive)
    both = len(np.unique(died)) == 2
    for hour in task.stream.hours:
        name = f"auroc_{hour}h"
        if float(hour) not in scored.hours:
            skipped[name] = f"no stay is measured in the {NEAR_HOURS:g} hours before hour {hour}"
        elif not both:
            skipped[name] = "every stay has the same outcome"
        else:
            column = scored.probabilities[rows, scored.hours.index(float(hour))]
            metrics[name] = interval(auroc(column, died, w))
    name = f"min_sensitivity_precision_{task.stream.hours[-1]}h"
    if float(task.stream.hours[-1]) not in scored.hours or not both:
        skipped[name] = skipped.get(f"auroc_{task.stream.hours[-1]}h", "")
    else:
        called, ill = last >= threshold, died == 1
        metrics[name] = min_sensitivity_precision(called, ill, w)
        metrics[f"precision_{label}"] = interval(share(ill, called, w))
    if both:
        metrics["auprc"] = metrics[f"auprc_{label}"]
    return metrics, skipped


def min_sensitivity_precision(called: np.ndarray, ill: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """The smaller of sensitivity and precision, the score of the PhysioNet/CinC Challenge 2012, with its interval.

    called, ill (N,) bool; weights (R, N) of resampling.
    """
    return interval(np.minimum(share(called, ill, weights), share(ill, called, weights)))


def _groups(
    task: StreamTask, stored: StoredStream, scored: ScoredStays, weights: np.ndarray, kind: str
) -> dict[str, Json]:
    names = scored.groups[kind]
    found: dict[str, Json] = {}
    for name in sorted(set(names.tolist())):
        rows = np.flatnonzero(names == name)
        metrics, skipped = figures(task, stored, scored, rows, weights)
        found[name] = {"n": len(rows), "patients": len(rows), "metrics": metrics, "skipped": skipped}
    return found


def _baselines(
    task: StreamTask, stored: StoredStream, scored: ScoredStays, weights: np.ndarray
) -> dict[str, Json]:
    """The score at admission, else the early-warning score, which stands under `news2` too, on the rows that have them, called at
    thresholds of calibration patients."""
    names = baseline_names(task)
    found = {name: _baseline(stored, scored, weights, name, told) for name, told in names.items()}
    return found[next(iter(names))] | {"news2": found[NEWS2]}


def _baseline(
    stored: StoredStream, scored: ScoredStays, weights: np.ndarray, name: str, told: str
) -> dict[str, Json]:
    points = scored.baselines[name]
    rows = ~np.isnan(points)
    died, w = scored.died[rows], weights[:, rows]
    if len(np.unique(died)) < 2:
        return {
            "name": told,
            "n": int(rows.sum()),
            "metrics": {},
            "skipped": {name: "not known both ways"},
        }
    area = interval(auroc(points[rows], died, w))
    metrics = {"macro_auroc": area, f"auroc_{stored.model.label}": area}
    called = points[rows] >= stored.model.facts.baseline[name]
    metrics[f"min_sensitivity_precision_{scored.hours[-1]:g}h"] = min_sensitivity_precision(
        called, died == 1, w
    )
    return {"name": told, "n": int(rows.sum()), "metrics": metrics, "skipped": {}}


def _calibration_by_hour(scored: ScoredStays, weights: np.ndarray) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for i, hour in enumerate(scored.hours):
        p = scored.probabilities[:, i]
        found[f"{hour:g}h"] = {
            "expected_calibration_error": interval(
                expected_calibration_error(p, scored.died, weights=weights)
            ),
            "expected_if_calibrated": expected_if_calibrated(p),
        }
    return found
