"""The train command for streams: splits, experts, calibration, comparison, cross-validation, control, evaluation, card."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np

from mmcore.cards.write import write_card
from mmcore.domain.errors import PackError
from mmcore.domain.model_facts import Json
from mmcore.domain.progress import Progress
from mmcore.domain.task import StreamTask
from mmcore.evaluation.stays import evaluate_stays, min_sensitivity_precision
from mmcore.metrics.figures import auprc, auroc, interval, patient_weights
from mmcore.models.stream_model import StreamModel, probability
from mmcore.stores.model_folders import next_version
from mmcore.stores.stream_store import load_stream, save_stream
from mmcore.tasks import stream_task
from mmcore.training.splits import CALIBRATION, SEED, TEST, TRAIN, fold_of, split_patients
from mmcore.training.stream.fit import (
    Snapshots,
    conclude,
    fit_experts,
    gather,
    risk_at_snapshot,
    scores_at,
)

Item = TypeVar("Item")
SEEDS, FOLD_SEEDS, FOLDS = 3, 1, 5


def train_stream(
    task_name: str, data: Path, out: Path, seed: int | None, cross_validate: bool, progress: Progress
) -> dict[str, Json]:
    """Train on DIR and write OUT/model with history and report; resumes where an earlier run of the same OUT stopped."""
    task = stream_task(task_name)
    seed = SEED if seed is None else seed
    found = gather(task, data, out, progress)
    keys = [s.key for s in found.stays]
    split = split_patients(keys, seed)
    parts = np.array([split[k] for k in keys])
    if not all(
        (parts == p).any() and len(set(found.died[parts == p])) == 2 for p in (TRAIN, CALIBRATION, TEST)
    ):
        raise PackError("pack_too_small", directory=data.name)
    train = np.flatnonzero(parts == TRAIN)
    experts = fit_experts(found, train, found.died, SEEDS, out / "checkpoints" / "final", progress)
    model = conclude(task, found, parts, experts, seed, out, progress)
    folder = out / "model" / task.name / next_version(task.name)
    save_stream(model, folder)
    compared: dict[str, Json] = {"trees": _compared(model, found, parts)}
    result: dict[str, Json] = {
        "task": task.name,
        "version": folder.name,
        "seed": seed,
        "split": {p: int((parts == p).sum()) for p in (TRAIN, CALIBRATION, TEST)},
        "deaths": {p: int(found.died[parts == p].sum()) for p in (TRAIN, CALIBRATION, TEST)},
        "alerts": asdict(model.facts.alerts),
        "compared": compared,
    }
    stored = load_stream(task.name, folder)
    result["test"] = evaluate_stays(task.name, stored, data, progress=lambda items: _counted(items, progress))
    _write(folder, out, result)
    if cross_validate:
        compared["recurrent"] = _recurrent(task, found, parts, seed, out, progress)
        _write(folder, out, result)
        result["cross_validation"] = _cross_validated(model, found, out, progress)
        _write(folder, out, result)
        result["shuffled_labels"] = _shuffled(model, found, parts, out, progress)
        _write(folder, out, result)
    return result


def _write(folder: Path, out: Path, result: Mapping[str, Json]) -> None:
    write_card(folder, result)
    (out / "report.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")


def _compared(model: StreamModel, found: Snapshots, parts: np.ndarray) -> dict[str, Json]:
    hours = tuple(int(h) for h in _hours(model))
    stated = np.stack([risk_at_snapshot(model, found.at(h), h) for h in hours], 1)
    return {p: hour_figures(hours, stated[parts == p], found.died[parts == p]) for p in (CALIBRATION, TEST)}


def _hours(model: StreamModel) -> tuple[int, ...]:
    return stream_task(model.task).stream.hours


def hour_figures(
    hours: tuple[int, ...], scores: np.ndarray, died: np.ndarray, threshold: float | None = None
) -> dict[str, Json]:
    """AUROC at each hour and average precision at the last, of scores (N, H) against died (N,), with intervals."""
    weights = patient_weights([str(i) for i in range(len(died))], 1000)
    made = {f"auroc_{h}h": interval(auroc(scores[:, i], died, weights)) for i, h in enumerate(hours)}
    made["auprc"] = interval(auprc(scores[:, -1], died, weights))
    if threshold is not None:
        name = f"min_sensitivity_precision_{hours[-1]}h"
        made[name] = min_sensitivity_precision(scores[:, -1] >= threshold, died == 1, weights)
    return {"n": len(died), "metrics": made}


def _recurrent(
    task: StreamTask, found: Snapshots, parts: np.ndarray, seed: int, out: Path, progress: Progress
) -> dict[str, Json]:
    """The recurrent model on the same splits; its scores are kept on disk."""
    from mmcore.training.stream.recurrent import RecurrentSettings, fit_recurrent, grid_of, inputs_of

    path, train = out / "cache" / "recurrent.npy", np.flatnonzero(parts == TRAIN)
    if not path.exists():
        grid = grid_of(found.stays, task)
        inputs = inputs_of(grid, train)
        np.save(path, fit_recurrent(inputs, found.died, train, RecurrentSettings(), seed, progress))
    scores = np.load(path)[:, [h - 1 for h in task.stream.hours]]
    return {
        p: hour_figures(task.stream.hours, scores[parts == p], found.died[parts == p])
        for p in (CALIBRATION, TEST)
    }


def _cross_validated(model: StreamModel, found: Snapshots, out: Path, progress: Progress) -> dict[str, Json]:
    """Each stay scored by experts that never saw its patient, with the calibration and threshold of the shipped model."""
    folds = np.array([fold_of(s.key, FOLDS) for s in found.stays])
    stated = np.full((len(folds), len(found.hours)), np.nan)
    scale, offset = model.calibration.at(np.array(found.hours, dtype=float))
    for fold in range(FOLDS):
        rows, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        experts = fit_experts(
            found, rows, found.died, FOLD_SEEDS, out / "checkpoints" / f"fold_{fold}", progress
        )
        stated[held] = probability(scale * scores_at(experts, found.x[held], found.hours) + offset)
    hours = _hours(model)
    threshold = float(model.facts.operating_point[model.label])
    chosen = stated[:, [found.hours.index(h) for h in hours]]
    return {"folds": FOLDS, "all": hour_figures(hours, chosen, found.died, threshold)}


def _shuffled(
    model: StreamModel, found: Snapshots, parts: np.ndarray, out: Path, progress: Progress
) -> dict[str, Json]:
    """The control: the same training on shuffled outcomes must not predict the test patients."""
    died = np.random.default_rng(0).permutation(found.died)
    train, test = np.flatnonzero(parts == TRAIN), np.flatnonzero(parts == TEST)
    experts = fit_experts(found, train, died, 1, out / "checkpoints" / "shuffled", progress)
    hours = _hours(model)
    scores = scores_at(experts, found.x[test], found.hours)[:, [found.hours.index(h) for h in hours]]
    return hour_figures(hours, scores, found.died[test])


def _counted(items: Iterable[Item], progress: Progress) -> Iterator[Item]:
    listed = list(items)
    for i, item in enumerate(listed):
        yield item
        progress("evaluation", i + 1, len(listed))
