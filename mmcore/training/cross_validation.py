"""Figures of rows scored by models that never saw their patient or their publisher, and of the shuffled-label control."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from mmcore.domain.task import CaseTask
from mmcore.evaluation.secondary_outcomes import extra_figures
from mmcore.metrics.figures import auroc, interval, label_metrics, patient_weights
from mmcore.metrics.unknown import called_where_unknown
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel
from mmcore.training.assemble import probabilities
from mmcore.training.compare_fusions import FUSIONS, joined_otherwise
from mmcore.training.heads.calibrate import label_shares, prior_logits, raw_evidence
from mmcore.training.run import Workshop
from mmcore.training.splits import TEST, TRAIN, fold_of, publisher_groups

RAW = "raw evidence"
PERMUTATIONS = 20  # of the labels, in the control


def shown_sets(task: CaseTask) -> tuple[str, ...]:
    """Every set of the task's modalities as names joined by +, all of them first."""
    names = [m.value for m in task.modalities]
    return tuple("+".join(s) for n in range(len(names), 0, -1) for s in combinations(names, n))


def cross_validated(shop: Workshop, name: str) -> dict:
    """Figures of rows scored by models that never saw their patient (cross_validation) or their publisher
    (leave_publisher_out), for all modalities and for fewer; a fold that is done is kept and not done again. Publishers never
    seen are scored by the other fusions too: what these gain within a hospital may be the hospital.
    """
    away = name == "leave_publisher_out"
    if away:
        which = publisher_groups([r.publisher for r in shop.rows], shop.task.publisher_fold)
    else:
        which = np.array([fold_of(r.patient, shop.settings.folds) for r in shop.rows])
    steps = shop.settings.away_steps if away else shop.settings.fold_steps
    sets = (*shown_sets(shop.task), *(_other_fusions(shop.task) if away else ()))
    stated = {shown: np.full((len(shop.rows), len(shop.task.labels)), np.nan) for shown in sets}
    for fold in sorted(set(which.tolist())):
        path = _kept(shop, name, fold)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, **_scored_fold(shop, f"{name}_{fold}", which == fold, away, steps))
        with np.load(path) as kept:
            for shown in sets:
                stated[shown][which == fold] = kept[shown]
    found = {"folds": len(set(which.tolist())), "image_steps": steps, "all": _figures(shop, stated[sets[0]])}
    found |= {shown: _figures(shop, stated[shown]) for shown in sets[1:]}
    if away:
        sources = np.array([r.source for r in shop.rows])
        found |= {
            f"only {s}": _figures(shop, np.where((sources == s)[:, None], stated[sets[0]], np.nan))
            for s in sorted(set(sources))
        }
    return found


def _other_fusions(task: CaseTask) -> dict[str, str]:
    """name of the figures -> fusion, for a task that joins modalities."""
    return {f"{kind} fusion": kind for kind in FUSIONS[1:]} if len(task.modalities) > 1 else {}


def _scored_fold(
    shop: Workshop, name: str, left_out: np.ndarray, away: bool, steps: int
) -> dict[str, np.ndarray]:
    """Probabilities (n, K) of the rows left out, by the modalities shown; NaN where a row has none of them. And, as RAW, their
    evidence (n, M, K) before calibration."""
    absent = {shop.rows[i].publisher for i in np.flatnonzero(left_out)} if away else set()
    keep = np.array([i for i, r in enumerate(shop.extra) if not _same_place(r.publisher, absent)], dtype=int)
    model, _, everyone, taught, together = shop.fit(name, np.flatnonzero(~left_out), keep, steps)
    rows = everyone.take(left_out)
    out = {RAW: raw_evidence(model, rows)}
    _state_prior(shop, model)
    _centre_text(model, taught)
    for shown in shown_sets(shop.task):
        some = rows.without(tuple(m for m in rows.inputs if m not in shown.split("+")))
        here = some.present(model.modalities).any(1)
        out[shown] = np.full((len(here), len(shop.task.labels)), np.nan)
        if here.any():
            out[shown][here] = probabilities(model, some.take(here))
    for other, kind in _other_fusions(shop.task).items() if away else ():
        joined = joined_otherwise(model, kind, together, shop.settings.heads)
        _state_prior(shop, joined)
        here = rows.present(model.modalities).any(1)
        out[other] = np.full((len(here), len(shop.task.labels)), np.nan)
        out[other][here] = probabilities(joined, rows.take(here))
    return out


def evidence_of_folds(shop: Workshop) -> np.ndarray:
    """(N, M, K) of all rows before calibration, each by the model of the fold that left its patient out."""
    which = np.array([fold_of(r.patient, shop.settings.folds) for r in shop.rows])
    found = np.full((len(shop.rows), len(shop.task.modalities), len(shop.task.labels)), np.nan)
    for fold in set(which.tolist()):
        with np.load(_kept(shop, "cross_validation", fold)) as kept:
            found[which == fold] = kept[RAW]
    return found


def _kept(shop: Workshop, name: str, fold: int) -> Path:
    return shop.out / "cache" / f"{name}_{fold}.npz"


def _state_prior(shop: Workshop, model: FusionModel) -> None:
    """The whole pack's label shares as the prior, the same in every fold, so that scores of folds can be pooled.

    Scales stay 1, since no calibration patients are set aside in a fold.
    """
    outcomes = np.array(
        [[r.outcome.get(k, np.nan) for k in shop.task.labels] for r in shop.rows], dtype=float
    )
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


def _figures(shop: Workshop, stated: np.ndarray) -> dict:
    """Figures of the rows that have a probability; the calls are of the likeliest label."""
    scored = ~np.isnan(stated).any(1)
    rows = [r for r, s in zip(shop.rows, scored, strict=True) if s]
    if not rows:
        return {"n": 0}
    task, p = shop.task, stated[scored]
    outcomes = np.array([[r.outcome.get(k, np.nan) for k in task.labels] for r in rows], dtype=float)
    weights = patient_weights([r.patient for r in rows], 1000)
    calls = np.eye(len(task.labels))[p.argmax(1)] if task.exclusive else p
    metrics, _ = label_metrics(task.labels, p, outcomes, weights, [0.5] * len(task.labels), task.exclusive)
    called, _ = label_metrics(task.labels, calls, outcomes, weights, [0.5] * len(task.labels), task.exclusive)
    kept = {k: v for k, v in metrics.items() if k.startswith(("auroc", "auprc", "macro", "accuracy"))}
    kept |= {k: v for k, v in called.items() if k.startswith(("sensitivity", "specificity", "f1"))}
    for name, (label, group, value) in task.subset_metrics.items():
        k = task.labels.index(label)
        here = np.array([r.subgroup.get(group) == value for r in rows]) & ~np.isnan(outcomes[:, k])
        if len(set(outcomes[here, k])) == 2:
            kept[name] = interval(auroc(p[here, k], outcomes[here, k], weights[:, here]))
    for name, (a, b) in task.pair_metrics.items():
        i, j = task.labels.index(a), task.labels.index(b)
        pair = (outcomes[:, i] == 1) | (outcomes[:, j] == 1)
        if len(set(outcomes[pair, i])) == 2:
            odds = np.log(p[pair, i] + 1e-12) - np.log(p[pair, j] + 1e-12)
            kept[name] = interval(auroc(odds, outcomes[pair, i], weights[:, pair]))
    metrics, baseline, _ = extra_figures(task, rows, p, 1000)
    found: dict = {"n": int((~np.isnan(outcomes)).any(1).sum()), "patients": len({r.patient for r in rows})}
    if not task.exclusive:
        whose = [r.source for r in rows], [r.patient for r in rows]
        unknown = called_where_unknown(task.labels, p, outcomes, [0.5] * len(task.labels), *whose)
        found |= {"called_where_unknown": unknown} if unknown else {}
    return found | {"metrics": kept | metrics} | ({"baseline": baseline} if baseline else {})


def shuffled(shop: Workshop, part: dict[str, np.ndarray]) -> dict:
    """The control: the same training on shuffled labels must not predict the test patients.

    The encoder learns from one permutation, the heads from PERMUTATIONS of them, since where one measure rules, as a nodule's
    size, a single one scores anything. Figures are {value: mean, low: smallest, high: largest} of these.
    part: train, calibration, test -> places of rows (n,).
    """
    keep = np.arange(len(shop.extra))
    steps = min(shop.settings.fold_steps, 100)
    model, _, everyone, taught, together = shop.fit("shuffled", part[TRAIN], keep, steps, shuffle=True)
    test = everyone.take(part[TEST])
    found = []
    for seed in range(PERMUTATIONS):
        order = np.random.default_rng(seed).permutation(len(together.keys))
        shop.fit_heads(model, replace(together, outcomes=together.outcomes[order]), len(taught.keys))
        _state_prior(shop, model)
        stated = np.full((len(shop.rows), len(shop.task.labels)), np.nan)
        stated[part[TEST]] = probabilities(model, test)
        found.append(_figures(shop, stated))
    metrics = {}
    for name in found[0]["metrics"]:
        values = [f["metrics"][name]["value"] for f in found if name in f["metrics"]]
        metrics[name] = {"value": float(np.mean(values)), "low": min(values), "high": max(values)}
    counts = {name: found[0][name] for name in ("n", "patients")}
    return counts | {"permutations": PERMUTATIONS, "metrics": metrics}
