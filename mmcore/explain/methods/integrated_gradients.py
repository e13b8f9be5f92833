"""Which tokens of a note carry its evidence: integrated gradients from masks of the same length."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from mmcore.domain.memory import Memory
from mmcore.domain.prediction import Attribution
from mmcore.domain.task import Modality
from mmcore.explain.attribute import contrast_direction
from mmcore.explain.explainer import Wanted, given
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine

NAME = "integrated_gradients"
TOLERANCE = 0.008  # log-odds; a little less than the residual that would be shown as a warning
STEPS = (12, 20, 48, 96, 192)
CENTRE, WIDTH, HEIGHT = (
    0.31,
    0.10,
    12.0,
)  # where along the way from masks to words a note's score turns: least error of 12 steps on 200 composed notes and 60 reports
CHUNK = 8  # notes per pass; integrated gradients in one pass need far more memory


@dataclass(frozen=True)
class IntegratedGradients:
    """Exact to TOLERANCE, at the price of some hundred passes through the encoder; what they gave is kept in memory."""

    name: str = NAME
    modalities: tuple[Modality, ...] = (Modality.TEXT,)
    default: bool = True

    def attribute(self, engine: Engine, encodings: Encodings, wanted: Wanted, memory: Memory) -> Attribution:
        """A value a token."""
        key = (engine.stored.sha256, encodings.note_key, wanted.prediction.contrast, wanted.factor, NAME)
        kept = memory.get(key)
        if not isinstance(kept, _Raw):
            kept = memory[key] = _of_note(engine, encodings, wanted)
        return Attribution(
            wanted.modality, wanted.prediction.contrast, NAME, "masks_of_the_same_length",
            kept.values * wanted.factor, wanted.total, wanted.constant,
            parts=given(encodings.text_in, wanted.modality).spans, extra={"steps": kept.steps},
        )  # fmt: skip


EXPLAINER = IntegratedGradients()


@dataclass(frozen=True)
class _Raw:
    """values: (T,) log-odds before the factor; steps: of the quadrature."""

    values: np.ndarray
    steps: int


def integrated_gradients(
    score: Callable[[Tensor], Tensor], embeddings: Tensor, baseline: Tensor, total: float, tolerance: float
) -> tuple[np.ndarray, int]:
    """Per-token integrated gradients (Sundararajan et al. 2017) by quadrature, steps grown until they add up.

    score: (B, T, E) -> (B,), log-odds; embeddings, baseline: (T, E); total: score(embeddings) - score(baseline). Returns
    values (T,) in log-odds and the number of steps of the first try within `tolerance` of `total`, else of the last.
    """
    difference = embeddings - baseline
    for steps in STEPS:
        alphas, shares = (torch.tensor(x, dtype=embeddings.dtype) for x in nodes(steps))
        gradient = torch.zeros_like(embeddings)
        for first in range(0, steps, CHUNK):
            part = slice(first, first + CHUNK)
            points = (baseline + alphas[part, None, None] * difference).requires_grad_()
            (slope,) = torch.autograd.grad(score(points).sum(), points)
            gradient += (slope * shares[part, None, None]).sum(0)
        values = (gradient.double() * difference.double()).sum(1)  # (T,)
        if abs(total - values.sum().item()) < tolerance:
            break
    return values.detach().numpy(), steps


def nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and weights (count,) of a quadrature over 0 to 1, close together where the score changes most.

    Gauss-Legendre after the change of variable t = F(a), with the density of a proportional to 1 + HEIGHT times a Cauchy bump;
    uneven steps need fewer of them (Bhat and Raychowdhury, 2023). It stays a quadrature of the same integral.
    """
    x, weights = np.polynomial.legendre.leggauss(count)
    grid = np.linspace(0, 1, 20_001)
    bend = HEIGHT * WIDTH
    reached = grid + bend * (np.arctan((grid - CENTRE) / WIDTH) + np.arctan(CENTRE / WIDTH))
    places = np.interp((x + 1) / 2 * reached[-1], reached, grid)
    density = 1 + HEIGHT / (1 + ((places - CENTRE) / WIDTH) ** 2)
    return places, weights / 2 * reached[-1] / density


def _of_note(engine: Engine, encodings: Encodings, wanted: Wanted) -> _Raw:
    """From the note with a mask for each token but the first and the last."""
    model, text_in = engine.stored.model, given(encodings.text_in, wanted.modality)
    weights = model.get_parameter("text_head.weight")
    direction = contrast_direction(model, weights, wanted.prediction).float()
    encoder = model.text_encoder if isinstance(model.text_encoder, PreTrainedModel) else None
    table = given(encoder, wanted.modality).get_input_embeddings()
    embeddings = table(text_in.ids)[0].detach()
    mask_id = given(engine.stored.tokenizer, wanted.modality).mask_token_id
    inner = torch.full_like(text_in.ids[0], mask_id)
    inner[0], inner[-1] = text_in.ids[0, 0], text_in.ids[0, -1]
    baseline = table(inner).detach()

    def score(points: Tensor) -> Tensor:
        mask = text_in.mask.expand(len(points), -1)
        return model.encode_text(mask, embeddings=points) @ direction

    total = (wanted.total - wanted.constant) / wanted.factor
    return _Raw(*integrated_gradients(score, embeddings, baseline, total, TOLERANCE / wanted.factor))
