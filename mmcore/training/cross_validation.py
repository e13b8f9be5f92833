"""Figures of rows scored by models that never saw their patient or their publisher, and of the shuffled-label control."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.domain.task import CaseTask
from mmcore.evaluation.secondary_outcomes import extra_figures
from mmcore.metrics.figures import auroc, interval, label_metrics, patient_weights
from mmcore.metrics.unknown import called_where_unknown
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel
from mmcore.training.assemble import probabilities
from mmcore.training.compare_fusions import FUSIONS, joined_otherwise
from mmcore.training.heads.calibrate import label_shares, prior_logits, raw_evidence
from mmcore.training.run import TrainingRun
from mmcore.training.splits import TEST, TRAIN, fold_of, publisher_groups

RAW = "raw evidence"
Figures: TypeAlias = dict[str, dict[str, float]]
PERMUTATIONS = 20  # of the labels, in the control


def shown_sets(task: CaseTask) -> tuple[str, ...]:
    """Every set of the task's modalities as names joined by +, all of them first."""
    names = [m.value for m in task.modalities]
    return tuple("+".join(s) for n in range(len(names), 0, -1) for s in combinations(names, n))


def cross_validated(run: TrainingRun, name: str) -> dict[str, Json]:
    """Figures of rows scored by models that never saw their patient (cross_validation) or their publisher
    (leave_publisher_out), for all modalities and for fewer; a fold that is done is kept and not done again. Publishers never
    seen are scored by the other fusions too: what these gain within a hospital may be the hospital.
    """
    away = name == "leave_publisher_out"
    which = _folds(run, away)
    steps = run.settings.away_steps if away else run.settings.fold_steps
    sets = (*shown_sets(run.task), *(_other_fusions(run.task) if away else ()))
    stated = {shown: np.full((len(run.rows), len(run.task.labels)), np.nan) for shown in sets}
    for fold in sorted(set(which.tolist())):
        path = _kept(run, name, fold)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            scored = _scored_fold(run, f"{name}_{fold}", which == fold, away, steps)
            np.savez(path, allow_pickle=True, **scored)
        with np.load(path) as kept:
            for shown in sets:
                stated[shown][which == fold] = kept[shown]
    found: dict[str, Json] = {"folds": len(set(which.tolist())), "image_steps": steps}
    found |= {"all": _figures(run, stated[sets[0]])}
    found |= {shown: _figures(run, stated[shown]) for shown in sets[1:]}
    return found | (_by_source(run, stated[sets[0]]) if away else {})


def _folds(run: TrainingRun, away: bool) -> np.ndarray:
    """(N,) the fold of each row, by its publisher or by its patient."""
    if away:
        return publisher_groups([r.publisher for r in run.rows], run.task.publisher_fold)
    return np.array([fold_of(r.patient, run.settings.folds) for r in run.rows])


def _by_source(run: TrainingRun, stated: np.ndarray) -> dict[str, Json]:
    sources = np.array([r.source for r in run.rows])
    return {
        f"only {s}": _figures(run, np.where((sources == s)[:, None], stated, np.nan))
        for s in sorted(set(sources.tolist()))
    }


def _other_fusions(task: CaseTask) -> dict[str, str]:
    """name of the figures -> fusion, for a task that joins modalities."""
    return {f"{kind} fusion": kind for kind in FUSIONS[1:]} if len(task.modalities) > 1 else {}


def _scored_fold(
    run: TrainingRun, name: str, left_out: np.ndarray, away: bool, steps: int
) -> dict[str, np.ndarray]:
    """Probabilities (n, K) of the rows left out, by the modalities shown; NaN where a row has none of them. And, as RAW, their
    evidence (n, M, K) before calibration."""
    absent = {run.rows[i].publisher for i in np.flatnonzero(left_out).tolist()} if away else set()
    keep = np.array([i for i, r in enumerate(run.extra) if not _same_place(r.publisher, absent)], dtype=int)
    model, _, everyone, taught, together = run.fit(name, np.flatnonzero(~left_out), keep, steps)
    rows = everyone.take(left_out)
    out = {RAW: raw_evidence(model, rows)}
    _state_prior(run, model)
    _centre_text(model, taught)
    for shown in shown_sets(run.task):
        out[shown] = _stated(model, rows.without(tuple(m for m in rows.inputs if m not in shown.split("+"))))
    for other, kind in _other_fusions(run.task).items() if away else ():
        joined = joined_otherwise(model, kind, together, run.settings.heads)
        _state_prior(run, joined)
        out[other] = _stated(joined, rows)
    return out


def _stated(model: FusionModel, rows: Encoded) -> np.ndarray:
    """Probabilities (n, K), NaN where a row has no modality."""
    here = np.asarray(rows.present(model.modalities).any(1))
    found = np.full((len(here), len(model.config.labels)), np.nan)
    if here.any():
        found[here] = probabilities(model, rows.take(here))
    return found


def evidence_of_folds(run: TrainingRun) -> np.ndarray:
    """(N, M, K) of all rows before calibration, each by the model of the fold that left its patient out."""
    which = np.array([fold_of(r.patient, run.settings.folds) for r in run.rows])
    found = np.full((len(run.rows), len(run.task.modalities), len(run.task.labels)), np.nan)
    for fold in set(which.tolist()):
        with np.load(_kept(run, "cross_validation", fold)) as kept:
            found[which == fold] = kept[RAW]
    return found


def _kept(run: TrainingRun, name: str, fold: int) -> Path:
    return run.out / "cache" / f"{name}_{fold}.npz"


def _state_prior(run: TrainingRun, model: FusionModel) -> None:
    """The whole pack's label shares as the prior, the same in every fold, so that scores of folds can be pooled.

    Scales stay 1, since no calibration patients are set aside in a fold.
    """
    outcomes = np.array([[r.outcome.get(k, np.nan) for k in run.task.labels] for r in run.rows], dtype=float)
    shares = label_shares(outcomes, model.config.exclusive)
    model.prior.copy_(torch.tensor(prior_logits(shares, model.config.exclusive)))


def _centre_text(model: FusionModel, taught: Encoded, fewest: int = 5) -> None:
    """The constant of the note, for which no calibration patients are set aside in a fold: that with which the notes of the
    training rows say nothing on average, labels alike. Otherwise how notes here differ from composed ones would speak."""
    if "text" not in taught.inputs or not model.config.exclusive:
        return
    notes = torch.tensor(taught.inputs["text"], dtype=torch.float32)
    with torch.no_grad():
        said = model.text_head(torch.nan_to_num(notes))  # (N, K)
    known = ~np.isnan(taught.inputs["text"]).all(1)
    of_label = [known & (taught.outcomes[:, k] == 1) for k in range(taught.outcomes.shape[1])]
    means = [said[torch.tensor(rows)].mean(0) for rows in of_label if rows.sum() >= fewest]
    if means:
        model.constant[model.modalities.index("text")] = -torch.stack(means).mean(0)


def _same_place(publisher: str, absent: set[str]) -> bool:
    """Whether pretraining pictures come from a publisher that is left out; rsna's are pictures of nih."""
    return publisher in absent or (publisher == "rsna" and "nih" in absent)


@dataclass(frozen=True)
class Pooled:
    """Rows scored by models of several folds: p (N, K) probabilities, outcomes (N, K) in {0, 1, NaN}, weights (R, N)."""

    task: CaseTask
    rows: tuple[PackRow, ...]
    p: np.ndarray
    outcomes: np.ndarray
    weights: np.ndarray

    @property
    def counts(self) -> dict[str, int]:
        return {
            "n": int((~np.isnan(self.outcomes)).any(1).sum()),
            "patients": len({r.patient for r in self.rows}),
        }


def _pooled(run: TrainingRun, stated: np.ndarray) -> Pooled | None:
    """The rows that have a probability; None where none has."""
    scored = ~np.isnan(stated).any(1)
    rows = tuple(r for r, s in zip(run.rows, scored, strict=True) if s)
    if not rows:
        return None
    outcomes = np.array([[r.outcome.get(k, np.nan) for k in run.task.labels] for r in rows], dtype=float)
    return Pooled(run.task, rows, stated[scored], outcomes, patient_weights([r.patient for r in rows], 1000))


def _figures(run: TrainingRun, stated: np.ndarray) -> dict[str, Json]:
    """Figures of the rows that have a probability; the calls are of the likeliest label."""
    pooled = _pooled(run, stated)
    if pooled is None:
        return {"n": 0}
    task, p = pooled.task, pooled.p
    _, baseline, _ = extra_figures(task, pooled.rows, p, 1000)
    found: dict[str, Json] = {**pooled.counts}
    if not task.exclusive:
        whose = [r.source for r in pooled.rows], [r.patient for r in pooled.rows]
        unknown = called_where_unknown(task.labels, p, pooled.outcomes, [0.5] * len(task.labels), *whose)
        found |= {"called_where_unknown": unknown} if unknown else {}
    found["metrics"] = _metrics(pooled)
    return found | ({"baseline": baseline} if baseline else {})


def _metrics(pooled: Pooled) -> Figures:
    extra, _, _ = extra_figures(pooled.task, pooled.rows, pooled.p, 1000)
    return _label_figures(pooled) | _subset_figures(pooled) | _pair_figures(pooled) | extra


def _label_figures(pooled: Pooled) -> Figures:
    task, p = pooled.task, pooled.p
    calls = np.eye(len(task.labels))[p.argmax(1)] if task.exclusive else p
    halves = [0.5] * len(task.labels)
    outcomes, weights = pooled.outcomes, pooled.weights
    metrics, _ = label_metrics(task.labels, p, outcomes, weights, halves, task.exclusive)
    called, _ = label_metrics(task.labels, calls, outcomes, weights, halves, task.exclusive)
    kept = {k: v for k, v in metrics.items() if k.startswith(("auroc", "auprc", "macro", "accuracy"))}
    return kept | {k: v for k, v in called.items() if k.startswith(("sensitivity", "specificity", "f1"))}


def _subset_figures(pooled: Pooled) -> Figures:
    found = {}
    for name, (label, group, value) in pooled.task.subset_metrics.items():
        k = pooled.task.labels.index(label)
        truth = pooled.outcomes[:, k]
        here = np.array([r.subgroup.get(group) == value for r in pooled.rows]) & ~np.isnan(truth)
        if len(set(truth[here])) == 2:
            found[name] = interval(auroc(pooled.p[here, k], truth[here], pooled.weights[:, here]))
    return found


def _pair_figures(pooled: Pooled) -> Figures:
    found = {}
    for name, (a, b) in pooled.task.pair_metrics.items():
        i, j = pooled.task.labels.index(a), pooled.task.labels.index(b)
        pair = (pooled.outcomes[:, i] == 1) | (pooled.outcomes[:, j] == 1)
        truth = pooled.outcomes[pair, i]
        if len(set(truth)) == 2:
            odds = np.log(pooled.p[pair, i] + 1e-12) - np.log(pooled.p[pair, j] + 1e-12)
            found[name] = interval(auroc(odds, truth, pooled.weights[:, pair]))
    return found


def shuffled(run: TrainingRun, part: dict[str, np.ndarray]) -> dict[str, Json]:
    """The control: the same training on shuffled labels must not predict the test patients.

    The encoder learns from one permutation, the heads from PERMUTATIONS of them, since where one measure rules, as a nodule's
    size, a single one scores anything. Figures are {value: mean, low: smallest, high: largest} of these.
    part: train, calibration, test -> places of rows (n,).
    """
    keep = np.arange(len(run.extra))
    steps = min(run.settings.fold_steps, 100)
    model, _, everyone, taught, together = run.fit("shuffled", part[TRAIN], keep, steps, shuffle=True)
    test = everyone.take(part[TEST])
    found: list[Figures] = []
    counts: dict[str, int] = {"n": 0}
    for seed in range(PERMUTATIONS):
        order = np.random.default_rng(seed).permutation(len(together.keys))
        run.fit_heads(model, replace(together, outcomes=together.outcomes[order]), len(taught.keys))
        _state_prior(run, model)
        stated = np.full((len(run.rows), len(run.task.labels)), np.nan)
        stated[part[TEST]] = probabilities(model, test)
        pooled = _pooled(run, stated)
        if pooled is not None:
            counts = pooled.counts
            found.append(_metrics(pooled))
    metrics = {
        name: _spread([f[name]["value"] for f in found if name in f]) for name in next(iter(found), {})
    }
    return {**counts, "permutations": PERMUTATIONS, "metrics": metrics}


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"value": float(np.mean(values)), "low": min(values), "high": max(values)}
