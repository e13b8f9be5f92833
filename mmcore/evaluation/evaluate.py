"""Scores a shipped model on a pack of patients: every row by the same path as at the bedside."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mmcore.cases.pack_rows import has_label, read_pack
from mmcore.domain.model_facts import Json
from mmcore.domain.pack import Pack, PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.prediction import RESIDUAL_LIMIT
from mmcore.evaluation.score import Bar, Scored, by_subset, score, subset
from mmcore.evaluation.secondary_outcomes import has_extra, with_extras
from mmcore.metrics.figures import auroc, interval, label_metrics, patient_weights
from mmcore.metrics.subgroups import age_band, too_few
from mmcore.metrics.trust import (
    Stated,
    calibration_report,
    coverage_report,
    decision_curves,
    selective_report,
)
from mmcore.metrics.unknown import called_where_unknown
from mmcore.prediction.engine import Engine

Figures: TypeAlias = dict[str, dict[str, float]]


def evaluate(engine: Engine, directory: Path, resamples: int = 1000, progress: Bar = iter) -> dict[str, Json]:
    """The report of contract.md for a pack: figures with 95 % intervals by bootstrap over patients.

    Rows of patients that trained or calibrated the model are left out and counted; no other row is selected.
    """
    pack = read_pack(engine.task, directory)
    fresh, left_out = unseen_rows(engine, pack)
    scored, unusable = score(engine, fresh, progress)
    if unusable:
        left_out["nothing_to_predict_from"] += unusable
    labelled = [i for i, row in enumerate(scored.rows) if has_label(engine.task, row)]
    if len(labelled) < len(scored.rows):
        left_out["other_outcome_only"] = len(scored.rows) - len(labelled)
    found = report(engine, subset(scored, labelled), dict(left_out), resamples)
    if len(engine.task.labels) > 1 and not engine.task.exclusive:  # else a row knows all labels or none
        known = _met(engine)
        unasked = [
            r for r in pack.rows if not has_label(engine.task, r) and patient_mark(r.patient) not in known
        ]
        parts = subset(scored, labelled), score(engine, unasked, progress)[0]
        found["called_where_unknown"] = _called_where_unknown(engine, parts)
    return with_extras(found, engine.task, scored.rows, scored.probabilities, resamples)


def unseen_rows(engine: Engine, pack: Pack) -> tuple[list[PackRow], Counter[str]]:
    """Labelled rows of patients that neither trained nor calibrated the model, and how many others there are, by reason."""
    known = _met(engine)
    left_out = Counter(pack.left_out)
    fresh = []
    for row in pack.rows:
        seen = patient_mark(row.patient) in known
        wanted = has_label(engine.task, row) or has_extra(engine.task, row)
        reason = "patient_trained_or_calibrated_the_model" if seen else None if wanted else "no_label"
        if reason:
            left_out[reason] += 1
        else:
            fresh.append(row)
    return fresh, left_out


def _met(engine: Engine) -> frozenset[str]:
    """Marks of the patients that trained or calibrated the model."""
    return engine.facts.met


def _called_where_unknown(engine: Engine, parts: Sequence[Scored]) -> dict[str, Json]:
    """What called_where_unknown finds in all the rows together, at the model's operating points."""
    rows = [r for part in parts for r in part.rows]
    found: dict[str, Json] = {}
    found |= called_where_unknown(
        engine.task.labels,
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.outcomes for part in parts]),
        [engine.facts.operating_point[k] for k in engine.task.labels],
        [r.source for r in rows],
        [r.patient for r in rows],
    )
    return found


def report(engine: Engine, scored: Scored, left_out: dict[str, int], resamples: int) -> dict[str, Json]:
    """The scored rows as the JSON of the command line contract."""
    task = engine.task
    patients = [r.patient for r in scored.rows]
    out: dict[str, Json] = {
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
    residuals = np.abs(scored.residuals)
    return (
        out
        | {"metrics": metrics, "skipped": skipped}
        | _by_group(engine, scored, weights)
        | {"baseline": _baseline(engine, scored, weights)}
        | _trust(engine, scored, weights)
        | {
            "max_residual": float(residuals.max()) if len(residuals) else None,
            "residual_over_0.01": float((residuals > RESIDUAL_LIMIT).mean()) if len(residuals) else None,
        }
    )


def figures(engine: Engine, scored: Scored, weights: np.ndarray) -> tuple[Figures, dict[str, str]]:
    """(metrics, skipped) of the rows, with the task's own pair metrics scored by the contrast of two logits.

    weights (R, N) of resampling.
    """
    task = engine.task
    thresholds = [engine.facts.operating_point[k] for k in task.labels]
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


def _trust(engine: Engine, scored: Scored, weights: np.ndarray) -> dict[str, Json]:
    """Calibration, decision curves, selective risk and coverage of the rows."""
    task, rows = engine.task, scored.rows
    stated = Stated(
        task.labels, task.exclusive, scored.probabilities, scored.outcomes, weights, [r.patient for r in rows]
    )
    groups = {"by_source": [r.source for r in rows], "by_modalities": list(scored.modalities)}
    subsets = by_subset(engine.stored.model, scored.inputs) if scored.inputs else {}
    return {
        "calibration": calibration_report(stated, scored.modalities, subsets),
        "prediction_sets": coverage_report(
            stated, scored.p_values, engine.facts.conformal.confidence, groups
        ),
        "selective_risk": selective_report(stated),
        "decision_curves": decision_curves(stated),
    }


def sex_of(row: PackRow) -> str:
    """F, M or unknown."""
    return row.subgroup.get("sex") or {0.0: "F", 1.0: "M"}.get(row.values.get("sex", np.nan), "unknown")


def _by_group(engine: Engine, scored: Scored, weights: np.ndarray) -> dict[str, Json]:
    """Figures by where rows come from and what is used, all of them; by who the patients are, where there are enough."""
    rows = scored.rows
    sex = [sex_of(r) for r in rows]
    age = [age_band(r.values.get("age_years")) for r in rows]
    who = {
        "by_sex": sex,
        "by_age_band": age,
        "by_sex_and_age": [f"{s} {a}" for s, a in zip(sex, age, strict=True)],
        "by_view": [r.subgroup.get("view") or "unknown" for r in rows],
    }
    made: dict[str, Json] = {
        "by_source": _groups(engine, scored, weights, [r.source for r in rows]),
        "by_publisher": _groups(engine, scored, weights, [r.publisher for r in rows]),
        "by_modalities": _groups(engine, scored, weights, scored.modalities),
    }
    made |= {title: _groups(engine, scored, weights, names, sparing=True) for title, names in who.items()}
    return made


def _groups(
    engine: Engine, scored: Scored, weights: np.ndarray, names: Sequence[str], sparing: bool = False
) -> dict[str, Json]:
    return {
        name: _group(engine, scored, weights, np.flatnonzero(np.asarray(names) == name), sparing)
        for name in sorted(set(names))
    }


def _group(
    engine: Engine, scored: Scored, weights: np.ndarray, rows: np.ndarray, sparing: bool
) -> dict[str, Json]:
    """Figures of some rows; `sparing` gives none where the patients are too few, and says so."""
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
    patients = len({r.patient for r in part.rows})
    found: dict[str, Json] = {"n": len(rows), "patients": patients}
    reason = too_few(patients) if sparing else None
    if reason:
        return found | {"metrics": {}, "skipped": {"all": reason}}
    metrics, skipped = figures(engine, part, weights[:, rows])
    return found | {"metrics": metrics, "skipped": skipped}


def _baseline(engine: Engine, scored: Scored, weights: np.ndarray) -> dict[str, Json]:
    """The sceptic's model on the same rows: logistic regression on task.baseline, fitted on the training patients."""
    stored = engine.facts.baseline
    if not stored:
        return {}
    values = np.array([[r.values.get(name, np.nan) for name in stored.fields] for r in scored.rows])
    filled = np.where(np.isnan(values), stored.mean, values)
    scores = (filled - stored.mean) / stored.spread @ np.array(stored.weights).T + stored.intercepts
    odds = (
        np.exp(scores - scores.max(1, keepdims=True)) if engine.task.exclusive else 1 / (1 + np.exp(-scores))
    )
    probabilities = odds / odds.sum(1, keepdims=True) if engine.task.exclusive else odds
    labels = engine.task.labels
    metrics, skipped = label_metrics(
        labels, probabilities, scored.outcomes, weights, [0.5] * len(labels), engine.task.exclusive
    )
    return {"name": " and ".join(stored.fields), "metrics": metrics, "skipped": skipped}
