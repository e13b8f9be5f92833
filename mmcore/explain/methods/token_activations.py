"""Which tokens of a note carry its evidence, the quick way: what each token's last state adds."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmcore.domain.memory import Memory
from mmcore.domain.prediction import Attribution
from mmcore.domain.task import Modality
from mmcore.explain.attribute import contrast_direction
from mmcore.explain.explainer import Wanted, given
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine

NAME = "token_activations"


@dataclass(frozen=True)
class TokenActivations:
    """Exact in sum and free: it reads what encoding the note left."""

    name: str = NAME
    modalities: tuple[Modality, ...] = (Modality.TEXT,)
    default: bool = False

    def attribute(self, engine: Engine, encodings: Encodings, wanted: Wanted, memory: Memory) -> Attribution:
        """A value a token."""
        model, hidden = engine.stored.model, given(encodings.hidden, wanted.modality)
        weights = model.get_parameter("text_head.weight")
        direction = contrast_direction(model, weights, wanted.prediction) * wanted.factor
        values = token_activations(hidden, direction, model.get_buffer("text_masks")[len(hidden)])
        return Attribution(
            wanted.modality, wanted.prediction.contrast, NAME, "masks_of_the_same_length",
            values, wanted.total, wanted.constant, parts=given(encodings.text_in, wanted.modality).spans,
        )  # fmt: skip


EXPLAINER = TokenActivations()


def token_activations(hidden: Tensor, weights: Tensor, mask_pooled: Tensor) -> np.ndarray:
    """The quick method: hidden (T, D) of the last layer, weights (D,), pooled masks (D,) -> (T,), log-odds.

    The class activation map of a note: pooling and head are linear, so each token's last state says what it adds. Exact in
    sum and free, but a token's last state has already read its neighbours.
    """
    return ((hidden.double() - mask_pooled.double()) @ weights.double() / len(hidden)).numpy()
