"""Figures of a label's evidence against outcomes beside the task's labels, e.g. a confirmed diagnosis, and of the baseline there."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.domain.task import CaseTask, ExtraMetric
from mmcore.metrics.figures import auroc, interval, patient_weights

Rows: TypeAlias = Sequence[PackRow]
Figures: TypeAlias = dict[str, dict[str, float]]
Known: TypeAlias = tuple[str, float, int]  # patient, score, outcome


def extra_figures(
    task: CaseTask, rows: Rows, probabilities: np.ndarray, resamples: int
) -> tuple[Figures, Figures, dict[str, str]]:
    """(metrics, the same of the baseline's field alone, skipped) of rows with probabilities (N, K); NaN rows do not count."""
    metrics: Figures = {}
    baseline: Figures = {}
    skipped: dict[str, str] = {}
    for extra in task.extra_metrics:
        column = probabilities[:, task.labels.index(extra.label)]
        found = _figure(extra, rows, column, resamples)
        if found is None:
            skipped[extra.name] = f"needs rows with the outcome {extra.outcome} both ways"
            continue
        metrics[extra.name] = found
        if len(task.baseline) == 1:
            alone = np.array([r.values.get(task.baseline[0], np.nan) for r in rows])
            figure = _figure(extra, rows, np.where(np.isnan(column), np.nan, alone), resamples)
            if figure is not None:
                baseline[extra.name] = figure
    return metrics, baseline, skipped


def _figure(extra: ExtraMetric, rows: Rows, scores: np.ndarray, resamples: int) -> dict[str, float] | None:
    known = [
        (r.patient, float(s), int(y))
        for r, s in zip(rows, scores, strict=True)
        if (y := r.outcome.get(extra.outcome)) is not None and not np.isnan(s)
    ]
    known = _highest(known) if extra.by_patient else known
    outcomes = np.array([y for _, _, y in known])
    if len(set(outcomes.tolist())) < 2:
        return None
    weights = patient_weights([p for p, _, _ in known], resamples)
    figure = interval(auroc(np.array([s for _, s, _ in known]), outcomes, weights))
    return figure | {"n": len(known), "positive": int(outcomes.sum())}


def _highest(known: Sequence[Known]) -> list[Known]:
    """The row of each patient with the highest score, the first of equals."""
    highest: dict[str, Known] = {}
    for row in known:
        if row[0] not in highest or row[1] > highest[row[0]][1]:
            highest[row[0]] = row
    return list(highest.values())


def has_extra(task: CaseTask, row: PackRow) -> bool:
    """Whether any outcome beside the labels is known for the row."""
    return any(row.outcome.get(extra.outcome) is not None for extra in task.extra_metrics)


def with_extras(
    report: Mapping[str, Json], task: CaseTask, rows: Rows, probabilities: np.ndarray, resamples: int
) -> dict[str, Json]:
    """The report with the extra figures among its metrics, its baseline's and what it skips.

    probabilities (N, K).
    """
    if not task.extra_metrics:
        return dict(report)
    metrics, baseline, skipped = extra_figures(task, rows, probabilities, resamples)
    begun: Mapping[str, Json] = {"name": " and ".join(task.baseline), "metrics": {}, "skipped": {}}
    of_baseline = _part(report, "baseline") or begun
    return {
        **report,
        "metrics": {**_part(report, "metrics"), **metrics},
        "skipped": {**_part(report, "skipped"), **skipped},
        "baseline": {**of_baseline, "metrics": {**_part(of_baseline, "metrics"), **baseline}},
    }


def _part(report: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """A part of a report, empty where there is none."""
    part = report.get(name)
    return part if isinstance(part, Mapping) else {}
