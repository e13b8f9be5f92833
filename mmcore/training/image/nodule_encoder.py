"""Teaches the nodule encoder what several readers said of each nodule, size and suspicion included."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.models.nodule_encoder import FINDINGS, NoduleEncoder, NoduleNet
from mmcore.preprocess.ct import SIDE, scaled

# what the maps of the encoder stand for, in this order; the last is the log-odds that a reader is suspicious
TARGETS = (
    "malignancy", "log_diameter", "subtlety", "calcification", "sphericity", "margin", "lobulation", "spiculation", "texture",
    "suspicion",
)  # fmt: skip
MARGIN = 2  # pixels on each side of a stored square, from which a shifted one is cut
BATCH = 32
RATE = 2e-3
NOISE_HU, OFFSET_HU = 40.0, 15.0  # dose and calibration differ between scanners; judgement: this project's
SUSPICION_WEIGHT = 0.5  # of its loss beside the mean over the other findings


@dataclass(frozen=True)
class Nodules:
    """N nodules to learn from. squares (N, SIDE + 2 MARGIN, the same) Hounsfield units.

    findings (N, FINDINGS): means over readers in standard deviations, the last column the share who were suspicious; NaN is
    unknown. weights (N,): more readers, more weight. held_out (N,): the member that must not see it, -1 for none.
    """

    squares: np.ndarray
    findings: np.ndarray
    weights: np.ndarray
    held_out: np.ndarray


def fit_nodule_encoder(
    nodules: Nodules,
    members: int,
    *,
    epochs: int,
    seed: int,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NoduleEncoder:
    """An encoder whose member m has not seen the nodules with held_out == m. Members that `folder` holds are not trained again."""
    encoder = NoduleEncoder(members)
    for m, member in enumerate(encoder.members):
        path = folder / f"member_{m}.pt" if folder else None
        if path and path.exists():
            member.load_state_dict(torch.load(path, weights_only=True))
            continue
        member.load_state_dict(_fit_member(nodules, np.flatnonzero(nodules.held_out != m), epochs, seed + m))
        if path:
            torch.save(member.state_dict(), path)
        if progress:
            progress(m + 1, members)
    return encoder.eval().requires_grad_(False)


def _fit_member(nodules: Nodules, rows: np.ndarray, epochs: int, seed: int) -> dict[str, Tensor]:
    """The average of the weights over the last steps."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    member = NoduleNet().train()
    optimiser = torch.optim.AdamW(member.parameters(), RATE, weight_decay=0.02)
    findings, weights = torch.from_numpy(nodules.findings).float(), torch.from_numpy(nodules.weights).float()
    squares = torch.from_numpy(nodules.squares)
    a_round = max(1, len(rows) // BATCH)
    steps = epochs * a_round
    average = {name: value.clone() for name, value in member.state_dict().items()}
    for step in range(steps):
        if step % a_round == 0:
            order = rng.permutation(rows)
        part = order[(step % a_round) * BATCH : (step % a_round + 1) * BATCH]
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
        said = member(_view(squares[part], rng)).mean((2, 3))  # (B, FINDINGS)
        loss = _loss(said, findings[part], weights[part])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for name, value in member.state_dict().items():
            average[name].lerp_(value, max(0.01, 1 / (step + 2))) if value.is_floating_point() else None
    return average


def _view(squares: Tensor, rng: np.random.Generator) -> Tensor:
    """Squares (B, 1, SIDE, SIDE) in [0, 1], shifted, mirrored and turned by right angles together, with noise of their own."""
    top, left = rng.integers(0, 2 * MARGIN + 1, 2)
    x = squares[:, None, top : top + SIDE, left : left + SIDE]
    x = torch.rot90(x, int(rng.integers(4)), (2, 3))
    x = x.flip(3) if rng.random() < 0.5 else x
    noise = torch.from_numpy(rng.uniform(0, NOISE_HU, (len(x), 1, 1, 1))).float()
    offset = torch.from_numpy(rng.normal(0, OFFSET_HU, (len(x), 1, 1, 1))).float()
    return torch.from_numpy(scaled((x + noise * torch.randn(x.shape) + offset).numpy()))


def _loss(said: Tensor, findings: Tensor, weights: Tensor) -> Tensor:
    """Robust distance to the readers' means and cross-entropy to the share of them who were suspicious."""
    rated, known = findings[:, :-1], ~findings[:, :-1].isnan()
    distance = F.smooth_l1_loss(said[:, :-1], rated.nan_to_num(), reduction="none") * known * weights[:, None]
    of_first = 1 + (torch.arange(FINDINGS - 1) == 0).float()  # suspicion in grades counts twice
    loss = (distance * of_first).mean()
    share = findings[:, -1]
    judged = ~share.isnan()
    if judged.any():
        crossed = F.binary_cross_entropy_with_logits(said[judged, -1], share[judged], reduction="none")
        loss = loss + SUSPICION_WEIGHT * (crossed * weights[judged]).mean()
    return loss


def findings_of(encoder: NoduleEncoder, squares: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """(N, FINDINGS) pooled features of plain squares (N, SIDE, SIDE); where held_out names a member, by that member alone."""
    out = np.zeros((len(squares), FINDINGS), dtype=np.float32)
    with torch.inference_mode():
        for group in np.unique(held_out):
            rows = np.flatnonzero(held_out == group)
            network = encoder if group < 0 else encoder.members[int(group)]
            for first in range(0, len(rows), BATCH):
                part = rows[first : first + BATCH]
                out[part] = network(torch.from_numpy(scaled(squares[part]))[:, None]).mean((2, 3)).numpy()
    return out
