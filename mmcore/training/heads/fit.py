"""Fits the heads of all modalities together on frozen encodings, so that what two of them both know counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel

FEWEST_ROWS = (
    5  # of a label; a modality known for patients of one label only would say "known, hence that label"
)


@dataclass(frozen=True)
class HeadSettings:
    """Strength of the pull to 0 of each modality's weights, and how rows are weighted; judgement: this project's, by
    leave-one-publisher-out.

    source_power: 0 counts every row alike, 1 every source of a label alike. invariance: pull to 0 of what the image says
    of the gap between two sources of one label.
    """

    penalty: Mapping[str, float]
    by_label: Mapping[str, float] = field(default_factory=dict)  # label -> factor of its waveform penalty
    source_power: float = 0.5
    invariance: float = 0.0
    steps: int = 200


def row_weights(
    outcomes: np.ndarray, sources: np.ndarray, source_power: float, exclusive: bool = True
) -> np.ndarray:
    """Weights with mean 1: every label counts alike and, within it, sources by the given power of their balance.

    Exclusive labels: (N,); rows of which only absent labels are known count together as a label does. Independent labels:
    (N, K), present and absent count alike for each label, unknown is 0.
    """
    if exclusive:
        return _balanced(label_places(outcomes), sources, source_power)
    weights = np.zeros(outcomes.shape)
    for k in range(outcomes.shape[1]):
        known = ~np.isnan(outcomes[:, k])
        if len(np.unique(outcomes[known, k])) == 2:
            weights[known, k] = _balanced(outcomes[known, k], sources[known], source_power)
    return weights


def label_places(outcomes: np.ndarray) -> np.ndarray:
    """(N,) which of K exclusive labels each row has; K where none is known to be present. outcomes (N, K)."""
    present = outcomes == 1
    places: np.ndarray = np.where(present.any(1), present.argmax(1), outcomes.shape[1])
    return places


def exclusive_loss(logits: Tensor, outcomes: Tensor) -> Tensor:
    """(N,) minus the log-likelihood of what is known of rows with exclusive labels, 0 where nothing is.

    A row with its label: cross-entropy. A row of which only absent labels are known: -log(1 - p) of these together, since one
    of the others is true. logits, outcomes (N, K), NaN for unknown.
    """
    present = outcomes == 1
    possible = torch.where(present.any(1, keepdim=True), present, outcomes != 0)
    return logits.logsumexp(1) - logits.masked_fill(~possible, -torch.inf).logsumexp(1)


def _balanced(group: np.ndarray, sources: np.ndarray, source_power: float) -> np.ndarray:
    weights = np.zeros(len(group))
    for g in np.unique(group):
        rows = group == g
        _, which, counts = np.unique(sources[rows], return_inverse=True, return_counts=True)
        balanced = (1.0 / counts.astype(float) ** source_power)[which]
        weights[rows] = balanced / balanced.sum()
    scaled: np.ndarray = weights * len(group) / weights.sum()
    return scaled


def start_heads(model: FusionModel, data: Encoded, background: np.ndarray) -> None:
    """Set the references that evidence is measured from: mean training features and the clinical background.

    background (C, F): centroids of the clinical values.
    """
    for name in ("image", "waveform"):
        features = data.inputs.get(name)
        if model.encoder_of(name) is not None and features is not None:
            known = ~np.isnan(features).all(1)
            if known.any():
                getattr(model, f"{name}_mean").copy_(torch.tensor(features[known].mean(0)))
    if "clinical" in data.inputs:
        values = torch.tensor(data.inputs["clinical"], dtype=torch.float32)
        model.clinical_head.fit_background(torch.tensor(background, dtype=torch.float32), values)


def tensors(model: FusionModel, data: Encoded) -> dict[str, Tensor]:
    """Rows as FusionModel.fuse takes them, features of maps less their mean; absent rows stay NaN.

    Each (N, D), clinical values (N, F).
    """
    found: dict[str, Tensor] = {}
    for name in model.modalities:
        has_branch = name == "clinical" or model.encoder_of(name) is not None
        if has_branch and name in data.inputs:
            x = torch.tensor(data.inputs[name], dtype=torch.float32)
            found[name] = x - getattr(model, f"{name}_mean") if name in ("image", "waveform") else x
    return found


def fit_heads(
    model: FusionModel,
    data: Encoded,
    settings: HeadSettings,
    fixed: tuple[str, ...] = (),
    allowed: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Fit the heads together by L-BFGS; those of the `fixed` modalities stay as they are and are counted with.

    The prior is 0 because every part of the loss is balanced by label. Modality dropout in expectation: for each modality
    the rows that have it are scored with all they have and with it alone. Balancing within those rows keeps the mere
    presence of a modality from saying anything. allowed: modality -> (K, D), 0 where a weight must stay 0. Convex for the additive
    fusion; a joint head starts from small seeded weights.
    """
    torch.manual_seed(0)
    inputs = tensors(model, data)
    outcomes = torch.tensor(data.outcomes, dtype=torch.float32)
    parts = _parts(model, data, settings.source_power)
    parameters = head_parameters(model, settings, fixed)
    reset_calibration(model)
    free = [p for p, _ in parameters]
    for p in free if model.joint is None else ():
        p.zero_()
    if not free or not parts:
        return
    for p in free:
        p.requires_grad_(True)
    hooks = [
        _kept_at_zero(getattr(model, f"{name}_head").weight, mask)
        for name, mask in (allowed or {}).items()
        if name not in fixed
    ]
    gaps = _gaps(model, inputs, data, settings)
    optimiser = torch.optim.LBFGS(free, max_iter=settings.steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = _pull(model, parameters, gaps)
        for rows, shown, weights in parts:
            given = {m: x[rows] for m, x in inputs.items() if m in shown}
            logits = model.logits(given)
            loss = loss + _loss(logits, outcomes[rows], weights, model.config.exclusive)
        loss.backward()
        return loss

    optimiser.step(closure)
    for hook in hooks:
        hook.remove()
    for p, _ in parameters:
        p.requires_grad_(False)


def _kept_at_zero(weight: Tensor, mask: np.ndarray) -> RemovableHandle:
    """A hook on a weight that starts at 0: where the mask is 0 it gets no slope, so L-BFGS leaves it there."""
    chosen = torch.tensor(mask, dtype=torch.float32)
    hook: RemovableHandle = weight.register_hook(lambda slope: slope * chosen)
    return hook


def _gaps(
    model: FusionModel, inputs: Mapping[str, Tensor], data: Encoded, settings: HeadSettings
) -> Tensor | None:
    """What the image head is kept from reading, scaled by the strength of the pull; None where nothing is."""
    if not settings.invariance or model.joint is not None or "image" not in inputs:
        return None
    strength: float = settings.invariance**0.5
    return source_gaps(inputs["image"], data) * strength


def _pull(
    model: FusionModel, parameters: Sequence[tuple[Tensor, float | Tensor]], gaps: Tensor | None
) -> Tensor:
    pull = torch.stack([(strength * p.square()).sum() for p, strength in parameters]).sum()
    return pull if gaps is None else pull + (gaps @ model.image_head.weight.T).square().sum()


def source_gaps(image: Tensor, data: Encoded, fewest: int = 10) -> Tensor:
    """(G, D): for each label the mean features of each of its sources less the mean of these means.

    What differs between hospitals among patients of one label is the hospital; a head that is pulled to 0 along these
    directions reads less of it (a linear case of matching means by class: Li et al., ECCV 2018, conditional invariance).
    """
    known = ~torch.isnan(image).all(1).numpy()
    gaps = []
    for k in range(data.outcomes.shape[1]):
        of_label = known & (data.outcomes[:, k] == 1)
        names, counts = np.unique(data.sources[of_label], return_counts=True)
        means = [image[of_label & (data.sources == s)].mean(0) for s in names[counts >= fewest]]
        if len(means) > 1:
            stacked = torch.stack(means)
            gaps.append((stacked - stacked.mean(0)) / len(means) ** 0.5)
    return torch.cat(gaps) if gaps else image.new_zeros(0, image.shape[1])


def _parts(
    model: FusionModel, data: Encoded, source_power: float
) -> list[tuple[np.ndarray, tuple[str, ...], Tensor]]:
    """(rows, modalities shown, weights) of each part of the loss; what is known for one label only is never shown."""
    exclusive, parts = model.config.exclusive, []
    present = data.present(model.modalities)
    teachable = tuple(
        name
        for m, name in enumerate(model.modalities)
        if _tells_apart(data.outcomes[present[:, m]], exclusive)
    )
    for name in teachable:
        rows = np.flatnonzero(present[:, model.modalities.index(name)])
        balanced = row_weights(data.outcomes[rows], data.publishers[rows], source_power, exclusive)
        weights = torch.tensor(balanced, dtype=torch.float32)
        parts += [(rows, teachable, weights), (rows, (name,), weights)]
    return parts


def _tells_apart(outcomes: np.ndarray, exclusive: bool) -> bool:
    """Whether rows (N, K) of two different outcomes occur, FEWEST_ROWS of each; independent labels: for any label."""
    if exclusive:
        _, counts = np.unique(np.nan_to_num(outcomes, nan=-1.0), axis=0, return_counts=True)
        return bool((counts >= FEWEST_ROWS).sum() >= 2)
    enough = [(outcomes == y).sum(0) >= FEWEST_ROWS for y in (0, 1)]
    return bool((enough[0] & enough[1]).any())


def head_parameters(
    model: FusionModel, settings: HeadSettings, fixed: tuple[str, ...]
) -> list[tuple[Tensor, float | Tensor]]:
    """The weights that fit_heads fits, each with the strength of its pull to 0, (K, 1) where labels differ."""
    penalty: dict[str, float | Tensor] = dict(settings.penalty)
    if model.joint is not None:
        return [(p, penalty["joint"]) for p in model.joint.parameters()]
    if settings.by_label:
        factors = torch.tensor([settings.by_label.get(k, 1.0) for k in model.config.labels])
        penalty["waveform"] = settings.penalty["waveform"] * factors[:, None]
    heads = {name: getattr(model, f"{name}_head", None) for name in model.modalities}
    return [
        (head.weight, penalty[name])
        for name, head in heads.items()
        if head is not None and name not in fixed and head.weight.numel()
    ]


def reset_calibration(model: FusionModel) -> None:
    """Scales of 1, constants and prior of 0."""
    model.scale.fill_(1.0)
    model.set_scale.fill_(1.0)
    model.constant.zero_()
    model.prior.zero_()


def _loss(logits: Tensor, outcomes: Tensor, weights: Tensor, exclusive: bool) -> Tensor:
    """Mean weighted loss of rows; independent labels: the mean over labels of each label's mean, unknown left out."""
    if exclusive:
        return (weights * exclusive_loss(logits, outcomes)).mean()
    each = F.binary_cross_entropy_with_logits(logits, outcomes.nan_to_num(), reduction="none")
    return ((weights * each).sum(0) / weights.sum(0).clamp(min=1e-6)).mean()
