"""Attributions of a case's evidence for one contrast, each with its total, constant and residual."""

import numpy as np
from torch import Tensor

from mmcore.domain.memory import Memory
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Attribution, Prediction
from mmcore.domain.task import Modality
from mmcore.explain.explainer import Wanted, given
from mmcore.explain.methods import explainer_of
from mmcore.models.fusion import FusionModel
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine


def attribute_all(
    engine: Engine, prediction: Prediction, encodings: Encodings, memory: Memory, method: str
) -> tuple[tuple[Attribution, ...], tuple[Notice, ...]]:
    """Attributions of each present modality for the prediction's contrast, and a notice for each that could not be made.

    method: name of the one that explains what it can; the rest is explained by the default of its modality.
    """
    present = [m for m, e in prediction.evidence.items() if e is not None]
    if engine.stored.model.joint is not None:
        return (), tuple(Notice("explanation_needs_additive", {}, m.value) for m in present)
    made, failed = [], []
    for modality in present:
        wanted = wanted_of(engine, prediction, modality)
        attribution = explainer_of(modality, method).attribute(engine, encodings, wanted, memory)
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
    by_label = model.get_buffer("constant")[m]
    constant = of_set * contrast_direction(model, by_label, prediction).item()
    total = prediction.contrast.of(given(prediction.evidence[modality], modality))
    return Wanted(prediction, modality, total, constant, of_set * model.get_buffer("scale")[m].item())


def contrast_direction(model: FusionModel, by_label: Tensor, prediction: Prediction) -> Tensor:
    """The contrast of anything whose first axis is the labels: (K, ...) -> (...)."""
    labels, contrast = model.config.labels, prediction.contrast
    chosen = by_label[labels.index(contrast.label)].double()
    return chosen - by_label[labels.index(contrast.against)].double() if contrast.against else chosen
