"""Shapley values of the clinical fields over the additive head, against the background of centroids."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmcore.domain.memory import Memory
from mmcore.domain.prediction import Attribution
from mmcore.domain.task import Modality
from mmcore.explain.explainer import Wanted, given
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine


@dataclass(frozen=True)
class Shapley:
    """Exact, since the head is a sum of one term a field."""

    name: str = "exact_shapley"
    modalities: tuple[Modality, ...] = (Modality.CLINICAL,)
    default: bool = True

    def attribute(self, engine: Engine, encodings: Encodings, wanted: Wanted, memory: Memory) -> Attribution:
        """A value a field of the task."""
        values_in = given(encodings.values, wanted.modality)
        present = [m for m, e in wanted.prediction.evidence.items() if e is not None]
        with torch.no_grad():
            by_field = engine.stored.model.of_fields(values_in, present)[0]  # (F, K)
        labels, contrast = engine.task.labels, wanted.prediction.contrast
        against = labels.index(contrast.against) if contrast.against else None
        values = shapley_values(by_field, labels.index(contrast.label), against, wanted.factor)
        return Attribution(
            wanted.modality, contrast, self.name, "background_centroids", values, wanted.total, wanted.constant,
            parts=tuple(f.name for f in engine.task.fields),
        )  # fmt: skip


EXPLAINER = Shapley()


def shapley_values(field_evidence: Tensor, label: int, against: int | None, scale: float) -> np.ndarray:
    """field_evidence (F, K) centred on the background -> (F,), log-odds of the contrast.

    In a game that is a sum of one term per player the Shapley value of a player is its own term less its mean over the
    background, which is what the head returns; shap.ExactExplainer gives the same numbers (held by a test).
    """
    difference = field_evidence[:, label].double()
    if against is not None:
        difference = difference - field_evidence[:, against].double()
    return (difference * scale).numpy()
