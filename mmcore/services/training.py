"""Trains a task's model on a pack from pictures, notes and values to a stored, calibrated, evaluated model."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import nn

from mmcore.domain.pack import PackRow
from mmcore.domain.task import Task
from mmcore.evaluation.conformal import conformalize
from mmcore.evaluation.ood import fit_familiar
from mmcore.models.encoders import mask_pooled
from mmcore.models.fusion import FusionConfig, FusionModel
from mmcore.services.evaluate import patient_mark
from mmcore.services.fitting import Encoders
from mmcore.services.packs import outcomes_of
from mmcore.training.background import background_rows, centroids, identified
from mmcore.training.calibrate import calibrate, label_shares, operating_points, probabilities_of
from mmcore.training.heads import Encoded, fit_heads, start_heads, tensors
from mmcore.training.inputs import clinical_input
from mmcore.training.recipe import TrainingSettings
from mmcore.training.splits import split_patients
from mmcore.training.text_encoder import TextModel


def assemble(
    task: Task, rows: Sequence[PackRow], encoders: Encoders, settings: TrainingSettings
) -> FusionModel:
    """An untrained fusion model around the encoders, its clinical background taken from the given (training) rows."""
    values = np.stack([clinical_input(r.values, task) for r in rows])
    patients = np.array([r.patient for r in rows])
    sources = np.array([r.source for r in rows])
    taught, where = identified(values, outcomes_of(task, rows), patients, sources, settings.fewest)
    fields = [
        {
            "name": f.name,
            "knots": list(f.knots),
            "background": centroids(values[:, i], patients),
            "identified": bool(taught[i].any()),
            "identified_labels": [k for k, known in zip(task.labels, taught[i], strict=True) if known],
            "sources": where[i],
        }
        for i, f in enumerate(task.fields)
    ]
    config = FusionConfig(
        task=task.name,
        labels=task.labels,
        exclusive=task.exclusive,
        image_encoder=settings.image_encoder,
        image_config=encoders.image_config,
        image_size=settings.image.size,
        text_config={k: v for k, v in encoders.text.encoder.config.to_dict().items() if k != "_name_or_path"},
        max_tokens=settings.max_tokens,
        fields=fields,
        fusion=settings.fusion,
    )
    model = FusionModel(config).eval().requires_grad_(False)
    model.clinical_head.identified.copy_(torch.tensor(taught, dtype=torch.float32))
    model.image_encoder.load_state_dict(_halved(encoders.image))
    model.text_encoder.load_state_dict(_halved(encoders.text.encoder))
    model.text_masks.copy_(mask_pooled(model.text_encoder, encoders.text.tokenizer, settings.max_tokens))
    return model


def _halved(encoder: nn.Module) -> dict:
    """Weights rounded as they are stored, so that heads are fitted on what will run."""
    return {k: v.half().float() if v.is_floating_point() else v for k, v in encoder.state_dict().items()}


def fit_on(
    model: FusionModel, train: Encoded, settings: TrainingSettings, text: TextModel | None, own: np.ndarray
) -> None:
    """References and heads from the training rows; `own` (N,) marks those of the pack itself, not of extra pictures.

    The clinical head learns from the sources that have a field known for two labels, and then stays: among other sources
    age and sex would tell the hospital. So does the head of a `text` that composed notes taught; calibration scales both.
    """
    fields = model.config.fields
    background = background_rows([f["background"] for f in fields])
    start_heads(model, train.take(own), background)
    fixed = []
    taught = np.array([bool(f["sources"]) for f in fields])
    if taught.any():
        sources = {s for f in fields for s in f["sources"]}
        rows = own & np.isin(train.sources, sorted(sources)) & ~np.isnan(train.values[:, taught]).all(1)
        fit_heads(model, train.take(rows).without(("image", "text")), settings.heads)
        fixed.append("clinical")
    if text is not None:
        order = [text.labels.index(k) for k in model.config.labels]
        model.text_head.weight.copy_((text.weight - text.weight.mean(1, keepdim=True)).T[order])
        fixed.append("text")
    fit_heads(model, train, settings.heads, fixed=tuple(fixed))


def probabilities(model: FusionModel, data: Encoded) -> np.ndarray:
    """Calibrated probabilities (N, K) of encoded rows."""
    (image, text), values = tensors(model, data)
    with torch.no_grad():
        return probabilities_of(model.fuse((image, text), values)[0], model.config.exclusive)


def conclude(
    model: FusionModel,
    task: Task,
    train: Encoded,
    calibration: Encoded,
    settings: TrainingSettings,
    seen: np.ndarray,
) -> None:
    """Calibrate, and store in the model what the bedside needs: operating points, conformal scores, ranges, patients.

    seen (N, D): image features of everything that trained the heads, pictures beside the pack included.
    """
    shares = label_shares(train.outcomes, task.exclusive)
    calibrate(model, calibration, shares)
    stated = probabilities(model, calibration)
    known = ~np.isnan(train.values)
    ranges = {
        f.name: [float(x) for x in np.nanpercentile(train.values[:, i], [1, 99])]
        if known[:, i].sum() >= 20
        else None
        for i, f in enumerate(task.fields)
    }
    model.config.facts = {
        "image": {"size": settings.image.size},
        "label_share": dict(zip(task.labels, shares.tolist(), strict=True)),
        "operating_point": dict(
            zip(task.labels, operating_points(stated, calibration.outcomes), strict=True)
        ),
        "conformal": {
            "confidence": settings.confidence,
            "scores": conformalize(task.labels, stated, calibration.outcomes),
        },
        "ranges": ranges,
        "familiar": fit_familiar(seen, calibration.image),
        "baseline": _fit_baseline(task, train),
        "patients": {
            "train": sorted({patient_mark(p) for p in train.patients}),
            "calibration": sorted({patient_mark(p) for p in calibration.patients}),
        },
        "rows": {"train": len(train.keys), "calibration": len(calibration.keys)},
        "settings": asdict(settings),
    }


def _fit_baseline(task: Task, train: Encoded) -> dict:
    """The sceptic's logistic regression on task.baseline, missing values at their mean; {} where it cannot be fitted."""
    from sklearn.linear_model import LogisticRegression

    columns = [[f.name for f in task.fields].index(name) for name in task.baseline]
    values = train.values[:, columns]
    rows = ~np.isnan(values).all(1)
    if not columns or not task.exclusive or rows.sum() < 20:
        return {}
    mean, spread = np.nanmean(values[rows], 0), np.nanstd(values[rows], 0) + 1e-6
    filled = (np.where(np.isnan(values), mean, values)[rows] - mean) / spread
    fitted = LogisticRegression(class_weight="balanced").fit(filled, train.outcomes[rows].argmax(1))
    weights = np.zeros((len(task.labels), len(columns)))
    intercepts = np.full(len(task.labels), -30.0)
    if len(fitted.classes_) == 2:
        weights[fitted.classes_[1]], intercepts[fitted.classes_] = (
            fitted.coef_[0],
            [0.0, fitted.intercept_[0]],
        )
    else:
        weights[fitted.classes_], intercepts[fitted.classes_] = fitted.coef_, fitted.intercept_
    return {
        "fields": list(task.baseline),
        "mean": mean.tolist(),
        "spread": spread.tolist(),
        "weights": weights.tolist(),
        "intercepts": intercepts.tolist(),
    }


def parts_of(rows: Sequence[PackRow]) -> np.ndarray:
    """train, calibration or test for each row, by its patient."""
    split = split_patients([r.patient for r in rows])
    return np.array([split[r.patient] for r in rows])
