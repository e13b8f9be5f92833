"""Trains a task's model on a pack from pictures, notes and values to a stored, calibrated, evaluated model."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmcore.domain.errors import PackError
from mmcore.domain.pack import PackRow
from mmcore.domain.task import Task
from mmcore.evaluation.conformal import conformalize
from mmcore.evaluation.ood import fit_familiar
from mmcore.models.encoders import load_image_encoder, load_text_encoder, mask_pooled
from mmcore.models.fusion import FusionConfig, FusionModel
from mmcore.models.lungs import LungNet
from mmcore.preprocess.image import Crop, resample
from mmcore.preprocess.language import language_of
from mmcore.preprocess.text import clean, mask_leaks
from mmcore.services.evaluate import patient_mark
from mmcore.services.gates import only_taught
from mmcore.services.packs import encode_rows, outcomes_of, quick_scan, read_pack
from mmcore.training.background import background_rows, centroids, identified
from mmcore.training.calibrate import calibrate, label_shares, operating_points, probabilities_of
from mmcore.training.heads import Encoded, fit_heads, start_heads, tensors
from mmcore.training.image_encoder import fit_image_encoder
from mmcore.training.inputs import clinical_input, crop_of, find_lungs
from mmcore.training.lungs import fit_lungs
from mmcore.training.recipe import TrainingSettings
from mmcore.training.splits import split_patients
from mmcore.training.text_encoder import fit_text_encoder

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Encoders:
    """Fitted encoders; text_weight (E, K): the head that the text encoder was fitted with, in the order of the labels."""

    image: nn.Module | None
    image_config: dict | None
    text: nn.Module | None
    tokenizer: object | None
    text_weight: np.ndarray | None


def labelled_rows(task: Task, directory: Path) -> tuple[PackRow, ...]:
    """Rows of a pack with a known outcome. Raises PackError where there is none."""
    rows = tuple(r for r in read_pack(task, directory).rows if r.outcome)
    if not rows:
        raise PackError("pack_without_labels", directory=Path(directory).name)
    return rows


def fit_lung_finder(directory: Path, seed: int, steps: int, progress: Progress) -> LungNet | None:
    """A lung finder from DIR/lung_masks, or None where the pack has none."""
    masks = sorted((Path(directory) / "lung_masks").glob("*.png"))
    pairs = [(m, p) for m in masks if (p := Path(directory) / "images" / f"{m.stem}.jpg").is_file()]
    if not pairs:
        return None
    whole = Crop()
    pictures = np.stack([resample(quick_scan(p).pixels, whole, (192, 192)) for _, p in pairs])
    drawn = np.stack([resample(quick_scan(m).pixels, whole, (192, 192)) for m, _ in pairs]) > 0.5
    return fit_lungs(
        pictures, drawn, seed=seed, steps=steps, progress=lambda s, _: progress("lungs", s, steps)
    )


def crops(rows: Sequence[PackRow], lungs: LungNet | None, size: int, progress: Progress) -> np.ndarray:
    """What the encoder looks at of each row's scan, (N, size, size) uint8; rows without a scan are black."""
    out = np.zeros((len(rows), size, size), dtype=np.uint8)
    for i, row in enumerate(rows):
        if row.image is not None:
            pixels = quick_scan(row.image).pixels
            crop = Crop() if lungs is None else crop_of(find_lungs(pixels, lungs)[1])
            out[i] = np.round(255 * resample(pixels, crop, (size, size)))
        progress("crops", i + 1, len(rows))
    return out


def questions(task: Task, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, T) what the image encoder is taught of each row: 1, 0 or NaN for not applicable."""
    asked = task.image_questions or tuple(
        (frozenset({k}), frozenset(task.labels) - {k}) for k in task.labels if task.exclusive
    )
    if not asked:
        return outcomes_of(task, rows)
    names = [{k for k, v in r.outcome.items() if v} | set(r.subgroup.values()) for r in rows]
    return np.array([[1.0 if n & yes else 0.0 if n & no else np.nan for yes, no in asked] for n in names])


def fit_encoders(
    task: Task,
    rows: Sequence[PackRow],
    pictures: np.ndarray,
    settings: TrainingSettings,
    folder: Path,
    progress: Progress,
) -> Encoders:
    """Fine-tune the encoders on the given rows; checkpoints in `folder` are continued."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    image, image_config = load_image_encoder(settings.image_encoder)
    shown = np.array([r.image is not None for r in rows])
    if settings.image_steps and image_config is None and shown.any():
        image = fit_image_encoder(
            pictures[shown],
            questions(task, rows)[shown],
            [r.publisher for r, s in zip(rows, shown, strict=True) if s],
            seed=settings.seed,
            steps=settings.image_steps,
            checkpoint=folder / "image.ckpt",
            progress=lambda s, _: progress("image encoder", s, settings.image_steps),
            recipe=settings.image,
        )
    text, tokenizer = load_text_encoder(settings.text_encoder)
    weight = None
    noted = [r for r in rows if r.note and language_of(r.note) == "en"]
    if settings.text_epochs and (task.compose_notes or noted):
        fitted = fit_text_encoder(
            [mask_leaks(clean(r.note), task.leak_terms).text for r in noted],
            [_label(task, r) for r in noted],
            [r.patient for r in noted],
            base=settings.text_encoder,
            seed=settings.seed,
            epochs=settings.text_epochs,
            compose=_masked(task),
            checkpoint=folder / "text.safetensors",
            progress=lambda e, _: progress("text encoder", e, settings.text_epochs),
        )
        text = fitted.encoder
        weight = (
            fitted.weight.numpy()[:, [fitted.labels.index(k) for k in task.labels]]
            if task.compose_notes
            else None
        )
    return Encoders(image.eval(), image_config, text.eval(), tokenizer, weight)


def _label(task: Task, row: PackRow) -> str:
    return next(k for k in task.labels if row.outcome.get(k))


def _masked(task: Task):
    if task.compose_notes is None:
        return None

    def compose(count: int, seed: int) -> tuple[list[str], Sequence[str]]:
        notes, labels = task.compose_notes(count, seed)
        return [mask_leaks(clean(note), task.leak_terms).text for note in notes], labels

    return compose


def assemble(
    task: Task, rows: Sequence[PackRow], encoders: Encoders, settings: TrainingSettings
) -> FusionModel:
    """An untrained fusion model around the encoders, its clinical background taken from the given (training) rows."""
    values = np.stack([clinical_input(r.values, task) for r in rows])
    patients = np.array([r.patient for r in rows])
    sources = np.array([r.source for r in rows])
    taught = identified(values, outcomes_of(task, rows), patients, sources, settings.fewest)
    fields = [
        {
            "name": f.name,
            "knots": list(f.knots),
            "background": centroids(values[:, i], patients),
            "identified": taught[i],
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
        text_config=encoders.text.config.to_dict(),
        max_tokens=settings.max_tokens,
        fields=fields,
        fusion=settings.fusion,
    )
    model = FusionModel(config).eval().requires_grad_(False)
    model.image_encoder.load_state_dict(_halved(encoders.image))
    model.text_encoder.load_state_dict(_halved(encoders.text))
    model.text_masks.copy_(mask_pooled(model.text_encoder, encoders.tokenizer, settings.max_tokens))
    return model


def _halved(encoder: nn.Module) -> dict:
    """Weights rounded as they are stored, so that heads are fitted on what will run."""
    return {k: v.half().float() if v.is_floating_point() else v for k, v in encoder.state_dict().items()}


def fit_on(
    model: FusionModel, train: Encoded, settings: TrainingSettings, text_weight: np.ndarray | None
) -> None:
    """References and heads from training rows; a text head learned from composed notes keeps its direction."""
    fields = model.config.fields
    background = background_rows([f["background"] for f in fields])
    start_heads(model, train, background, np.array([f["identified"] for f in fields]))
    if text_weight is not None:
        model.text_head.weight.copy_(torch.tensor(text_weight.T - text_weight.T.mean(0)))
    fit_heads(model, train, settings.heads, fixed=("text",) if text_weight is not None else ())


def probabilities(model: FusionModel, data: Encoded) -> np.ndarray:
    """Calibrated probabilities (N, K) of encoded rows."""
    (image, text), values = tensors(model, data)
    with torch.no_grad():
        return probabilities_of(model.fuse((image, text), values)[0], model.config.exclusive)


def conclude(
    model: FusionModel, task: Task, train: Encoded, calibration: Encoded, settings: TrainingSettings
) -> None:
    """Calibrate, and store in the model what the bedside needs: operating points, conformal scores, ranges, patients."""
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
        "image": {"size": settings.image.size, "equalised": settings.image.equalised},
        "label_share": dict(zip(task.labels, shares.tolist(), strict=True)),
        "operating_point": dict(
            zip(task.labels, operating_points(stated, calibration.outcomes), strict=True)
        ),
        "conformal": {
            "confidence": settings.confidence,
            "scores": conformalize(task.labels, stated, calibration.outcomes),
        },
        "ranges": ranges,
        "familiar": fit_familiar(train.image, calibration.image),
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


def encoded(
    model: FusionModel, tokenizer, lungs: LungNet | None, task: Task, rows: Sequence[PackRow],
    settings: TrainingSettings, cache: Path, progress: Progress,
) -> Encoded:  # fmt: skip
    """encode_rows, kept in `cache` under a digest of the encoders and the rows."""
    digest = hashlib.sha256(json.dumps([r.key for r in rows]).encode())
    for module in (model.image_encoder, model.text_encoder):
        for value in module.state_dict().values():
            digest.update(value.numpy().tobytes())
    path = cache / f"encoded_{digest.hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return Encoded(**stored)
    image = {"size": settings.image.size, "equalised": settings.image.equalised}

    def counted(items):
        items = list(items)
        for i, item in enumerate(items):
            yield item
            progress("encodings", i + 1, len(items))

    data = encode_rows(model, tokenizer, lungs, task, rows, image, counted)
    data = replace(data, values=only_taught(data.values, [f["identified"] for f in model.config.fields]))
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: getattr(data, name) for name in data.__dataclass_fields__})
    return data
