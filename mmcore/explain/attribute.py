"""Attributions of a case's evidence for one contrast, each with its total, constant and residual."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Attribution, Prediction
from mmcore.domain.task import Modality
from mmcore.explain.clinical import shapley_values
from mmcore.explain.image import class_activation_map, enlarge
from mmcore.explain.text import integrated_gradients, token_activations
from mmcore.models.fusion import FusionModel
from mmcore.models.lungs import FEWEST_SHARE
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine

MAP_SIDE = 384  # pixels of the longer side of an evidence map
TOLERANCE = 0.008  # log-odds; a little less than the residual that would be shown as a warning
QUICK = "token_activations"
EXACT = "integrated_gradients"


@dataclass(frozen=True)
class Wanted:
    """One modality's evidence to be spread: its total and constant for the contrast and the factor of its raw scores."""

    prediction: Prediction
    modality: Modality
    total: float
    constant: float
    factor: float


def attribute_all(
    engine: Engine, prediction: Prediction, encodings: Encodings, memory: dict, tokens: str = EXACT
) -> tuple[tuple[Attribution, ...], tuple[Notice, ...]]:
    """Attributions of each present modality for the prediction's contrast, and a notice for each that could not be made."""
    present = [m for m, e in prediction.evidence.items() if e is not None]
    if engine.stored.model.joint is not None:
        return (), tuple(Notice("explanation_needs_additive", {}, m.value) for m in present)
    makers: dict[Modality, Callable[..., Attribution]] = {
        Modality.IMAGE: _image,
        Modality.WAVEFORM: _waveform,
        Modality.TEXT: _quick_text if tokens == QUICK else _text,
        Modality.CLINICAL: _clinical,
    }
    made, failed = [], []
    for modality in present:
        attribution = makers[modality](engine, encodings, wanted_of(engine, prediction, modality), memory)
        if np.isfinite(attribution.values).all():
            made.append(attribution)
        else:
            failed.append(Notice("explanation_failed", {"method": attribution.method}, modality.value))
    return tuple(made), tuple(failed)


def wanted_of(engine: Engine, prediction: Prediction, modality: Modality) -> Wanted:
    """Total, constant and factor of a modality's evidence for the prediction's contrast."""
    model = engine.stored.model
    m = model.modalities.index(modality)
    of_set = model.factor([name for name, e in prediction.evidence.items() if e is not None])
    constant = of_set * contrast_direction(model, model.constant[m], prediction).item()
    total = prediction.contrast.of(prediction.evidence[modality])
    return Wanted(prediction, modality, total, constant, of_set * model.scale[m].item())


def contrast_direction(model: FusionModel, by_label: Tensor, prediction: Prediction) -> Tensor:
    """The contrast of anything whose first axis is the labels: (K, ...) -> (...)."""
    labels, contrast = model.config.labels, prediction.contrast
    chosen = by_label[labels.index(contrast.label)].double()
    return chosen - by_label[labels.index(contrast.against)].double() if contrast.against else chosen


def _image(engine: Engine, encodings: Encodings, wanted: Wanted, memory: dict) -> Attribution:
    cells = _cells(engine, encodings, wanted)
    crop = encodings.image_in.crop
    height, width = encodings.shape
    rows, columns = (crop.bottom - crop.top) * height, (crop.right - crop.left) * width
    shrink = min(1.0, MAP_SIDE / max(rows, columns))
    size = max(1, round(rows * shrink)), max(1, round(columns * shrink))
    large = enlarge(cells, *size, _organ(engine, encodings, size))
    return Attribution(
        wanted.modality, wanted.prediction.contrast, "grad_cam_signed", "mean_training_features",
        large, wanted.total, wanted.constant, region=(crop.top, crop.left, crop.bottom, crop.right),
        extra={"cells": cells.numpy()},
    )  # fmt: skip


def _organ(engine: Engine, encodings: Encodings, size: tuple[int, int]) -> Tensor | None:
    """Where the organ lies that the map was pooled over, of `size`, 0 to 1; None where the whole picture counted."""
    inside = encodings.image_in.pixels[:, 1:]
    if not engine.stored.model.config.organ_pooling or not inside.numel() or inside.mean() < FEWEST_SHARE:
        return None
    return F.interpolate(inside, size=size, mode="bilinear", align_corners=False)[0, 0]


def _cells(engine: Engine, encodings: Encodings, wanted: Wanted) -> Tensor:
    """Evidence of each cell of the modality's last feature map, (h, w)."""
    model, name = engine.stored.model, wanted.modality.value
    weights = contrast_direction(model, getattr(model, f"{name}_head").weight, wanted.prediction)
    return class_activation_map(encodings.maps[name], weights * wanted.factor, getattr(model, f"{name}_mean"))


def _waveform(engine: Engine, encodings: Encodings, wanted: Wanted, memory: dict) -> Attribution:
    """(leads, l) along lead and time; the whole recording is covered."""
    cells = _cells(engine, encodings, wanted)
    return Attribution(
        wanted.modality, wanted.prediction.contrast, "grad_cam_signed", "mean_training_features",
        cells.numpy(), wanted.total, wanted.constant, region=(0.0, 0.0, 1.0, 1.0),
    )  # fmt: skip


def _text(engine: Engine, encodings: Encodings, wanted: Wanted, memory: dict) -> Attribution:
    model, text_in = engine.stored.model, encodings.text_in
    key = (engine.stored.sha256, encodings.note_key, wanted.prediction.contrast, wanted.factor, EXACT)
    if key not in memory:
        direction = contrast_direction(model, model.text_head.weight, wanted.prediction).float()
        table = model.text_encoder.get_input_embeddings()
        embeddings = table(text_in.ids)[0].detach()
        inner = torch.full_like(text_in.ids[0], engine.stored.tokenizer.mask_token_id)
        inner[0], inner[-1] = text_in.ids[0, 0], text_in.ids[0, -1]
        baseline = table(inner).detach()

        def score(points: Tensor) -> Tensor:
            mask = text_in.mask.expand(len(points), -1)
            return model.encode_text(mask, embeddings=points) @ direction

        total = (wanted.total - wanted.constant) / wanted.factor
        memory[key] = integrated_gradients(score, embeddings, baseline, total, TOLERANCE / wanted.factor)
    values, steps = memory[key]
    return Attribution(
        wanted.modality, wanted.prediction.contrast, EXACT, "masks_of_the_same_length",
        values * wanted.factor, wanted.total, wanted.constant, parts=text_in.spans, extra={"steps": steps},
    )  # fmt: skip


def _quick_text(engine: Engine, encodings: Encodings, wanted: Wanted, memory: dict) -> Attribution:
    model = engine.stored.model
    direction = contrast_direction(model, model.text_head.weight, wanted.prediction) * wanted.factor
    values = token_activations(encodings.hidden, direction, model.text_masks[len(encodings.hidden)])
    return Attribution(
        wanted.modality, wanted.prediction.contrast, QUICK, "masks_of_the_same_length",
        values, wanted.total, wanted.constant, parts=encodings.text_in.spans,
    )  # fmt: skip


def _clinical(engine: Engine, encodings: Encodings, wanted: Wanted, memory: dict) -> Attribution:
    with torch.no_grad():
        by_field = engine.stored.model.clinical_head(encodings.values)[0]  # (F, K)
    labels, contrast = engine.task.labels, wanted.prediction.contrast
    against = labels.index(contrast.against) if contrast.against else None
    return Attribution(
        wanted.modality, contrast, "exact_shapley", "background_centroids",
        shapley_values(by_field, labels.index(contrast.label), against, wanted.factor), wanted.total, wanted.constant,
        parts=tuple(f.name for f in engine.task.fields),
    )  # fmt: skip
