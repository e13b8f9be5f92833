"""Fits the heads of all modalities together on frozen encodings, so that what two of them both know counts once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.models.fusion import ORDER, FusionModel

FEWEST_ROWS = (
    5  # of a label; a modality known for patients of one label only would say "known, hence that label"
)


@dataclass(frozen=True)
class Encoded:
    """N rows as the heads see them. image (N, D) pooled features, text (N, E) pooled less masks, values (N, F): a row of
    NaN is an absent modality. outcomes (N, K) in {0, 1, NaN}; patients, sources, publishers (N,) strings.
    """

    keys: np.ndarray
    image: np.ndarray
    text: np.ndarray
    values: np.ndarray
    outcomes: np.ndarray
    patients: np.ndarray
    sources: np.ndarray
    publishers: np.ndarray

    def take(self, chosen: np.ndarray) -> "Encoded":
        """The rows of a boolean or integer index."""
        return replace(
            self,
            **{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__},
        )

    def present(self) -> np.ndarray:
        """(N, M) bool in ORDER."""
        return np.stack([~np.isnan(x).all(1) for x in (self.image, self.text, self.values)], 1)

    def without(self, modalities: tuple[str, ...]) -> "Encoded":
        """The same rows with the named modalities taken away."""
        arrays = dict(zip(ORDER, ("image", "text", "values"), strict=True))
        return replace(
            self,
            **{arrays[m]: np.full_like(getattr(self, arrays[m]), np.nan) for m in modalities},
        )


@dataclass(frozen=True)
class HeadSettings:
    """Strength of the pull to 0 of each modality's weights, and how rows are weighted; judgement: this project's, by
    leave-one-publisher-out."""

    penalty: Mapping[str, float]
    source_power: float = 0.5  # 0: every row alike; 1: every source of a label alike
    steps: int = 200


def row_weights(outcomes: np.ndarray, sources: np.ndarray, source_power: float) -> np.ndarray:
    """Weights (N,) with mean 1: every label counts alike and, within it, sources by the given power of their balance."""
    label = np.nan_to_num(outcomes).argmax(1)
    weights = np.zeros(len(label))
    for k in np.unique(label):
        rows = label == k
        names, which, counts = np.unique(sources[rows], return_inverse=True, return_counts=True)
        balanced = (1.0 / counts.astype(float) ** source_power)[which]
        weights[rows] = balanced / balanced.sum()
    return weights * len(label) / weights.sum()


def start_heads(model: FusionModel, data: Encoded, background: np.ndarray) -> None:
    """Set the references that evidence is measured from: mean training features and the clinical background."""
    known = ~np.isnan(data.image).all(1)
    if model.image_encoder is not None and known.any():
        model.image_mean.copy_(torch.tensor(data.image[known].mean(0)))
    values = torch.tensor(data.values, dtype=torch.float32)
    model.clinical_head.fit_background(torch.tensor(background, dtype=torch.float32), values)


def tensors(model: FusionModel, data: Encoded) -> tuple[tuple[Tensor | None, Tensor | None], Tensor]:
    """((image - mean, text), values) as FusionModel.fuse takes them; absent rows stay NaN."""
    image = (
        torch.tensor(data.image, dtype=torch.float32) - model.image_mean
        if model.image_encoder is not None
        else None
    )
    text = torch.tensor(data.text, dtype=torch.float32) if model.text_encoder is not None else None
    return (image, text), torch.tensor(data.values, dtype=torch.float32)


def fit_heads(model: FusionModel, data: Encoded, settings: HeadSettings, fixed: tuple[str, ...] = ()) -> None:
    """Fit the heads together by L-BFGS; those of the `fixed` modalities stay as they are and are counted with.

    The prior is 0 because every part of the loss is balanced by label. Modality dropout in expectation: for each modality the rows that have it are scored with all they have and with it
    alone. Balancing within those rows keeps the mere presence of a modality from saying anything. Convex for the additive
    fusion; a joint head starts from small seeded weights.
    """
    torch.manual_seed(0)
    (image, text), values = tensors(model, data)
    inputs = (image, text, values)
    outcomes = torch.tensor(data.outcomes, dtype=torch.float32)
    parts = _parts(data, settings.source_power)
    parameters = head_parameters(model, settings.penalty, fixed)
    reset_calibration(model)
    for p, _ in parameters:
        if model.joint is None:
            p.zero_()
        p.requires_grad_(True)
    free = [p for p, _ in parameters]
    if not free:
        return
    optimiser = torch.optim.LBFGS(free, max_iter=settings.steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = sum(pull * p.square().sum() for p, pull in parameters)
        for rows, shown, weights in parts:
            given = [_shown(x, rows, m in shown) for m, x in enumerate(inputs)]
            logits, _ = model.fuse((given[0], given[1]), given[2])
            loss = loss + (weights * _loss(logits, outcomes[rows], model.config.exclusive)).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    for p, _ in parameters:
        p.requires_grad_(False)


def _parts(data: Encoded, source_power: float) -> list[tuple[np.ndarray, tuple[int, ...], Tensor]]:
    """(rows, modalities shown, weights) of each part of the loss; what is known for one label only is never shown."""
    parts = []
    present = data.present()
    teachable = tuple(m for m in range(present.shape[1]) if _tells_apart(data.outcomes[present[:, m]]))
    for m in teachable:
        rows = np.flatnonzero(present[:, m])
        balanced = row_weights(data.outcomes[rows], data.publishers[rows], source_power)
        weights = torch.tensor(balanced, dtype=torch.float32)
        parts += [(rows, teachable, weights), (rows, (m,), weights)]
    return parts


def _tells_apart(outcomes: np.ndarray) -> bool:
    """Whether rows (N, K) of at least two different outcomes occur, FEWEST_ROWS of each."""
    _, counts = np.unique(np.nan_to_num(outcomes, nan=-1.0), axis=0, return_counts=True)
    return bool((counts >= FEWEST_ROWS).sum() >= 2)


def _shown(x: Tensor | None, rows: np.ndarray, visible: bool) -> Tensor | None:
    if x is None:
        return None
    return x[rows] if visible else torch.full_like(x[rows], float("nan"))


def head_parameters(
    model: FusionModel, penalty: Mapping[str, float], fixed: tuple[str, ...]
) -> list[tuple[Tensor, float]]:
    """The weights that fit_heads fits, each with the strength of its pull to 0."""
    if model.joint is not None:
        return [(p, penalty["joint"]) for p in model.joint.parameters()]
    found = [] if "clinical" in fixed else [(model.clinical_head.weight, penalty["clinical"])]
    if model.image_encoder is not None:
        found.append((model.image_head.weight, penalty["image"]))
    if model.text_encoder is not None and "text" not in fixed:
        found.append((model.text_head.weight, penalty["text"]))
    return found


def reset_calibration(model: FusionModel) -> None:
    """Scales of 1, constants and prior of 0."""
    model.scale.fill_(1.0)
    model.set_scale.fill_(1.0)
    model.constant.zero_()
    model.prior.zero_()


def _loss(logits: Tensor, outcomes: Tensor, exclusive: bool) -> Tensor:
    if exclusive:
        return F.cross_entropy(logits, outcomes.nan_to_num().argmax(1), reduction="none")
    known = ~outcomes.isnan()
    each = F.binary_cross_entropy_with_logits(logits, outcomes.nan_to_num(), reduction="none")
    return (each * known).sum(1) / known.sum(1).clamp(min=1)
