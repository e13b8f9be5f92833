"""Trains the lung finder on drawn lung masks."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.models.lungs import SIZE, LungNet
from mmcore.synthetic.film.augment import disguise, look, window


def fit_lungs(
    pictures: np.ndarray,
    masks: np.ndarray,
    *,
    seed: int,
    steps: int = 1500,
    batch: int = 16,
    progress: Callable[[int, float], None] | None = None,
) -> LungNet:
    """A LungNet from pictures (N, H, W), 0 to 1, and masks of the same shape, bool; `progress` gets step and loss.

    Turned, shifted, zoomed out to half and in to 80 %, relit, blurred, with boxes over letters; never mirrored.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = LungNet()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    both = torch.from_numpy(np.stack([pictures.astype(np.float32), masks.astype(np.float32)], 1))
    model.train()
    for step in range(steps):
        chosen = both[torch.from_numpy(rng.integers(0, len(both), batch))]
        seen = look(chosen, window(rng, batch, (0.75, 1.5), 0.12, 15, 0.3), SIZE)
        x, y = disguise(seen[:, :1], rng), (seen[:, 1:] > 0.5).float()
        loss = _loss(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if progress:
            progress(step + 1, loss.item())
    return model.eval()


def _loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy and one minus soft Dice, half and half."""
    p = torch.sigmoid(logits)
    dice = (2 * (p * masks).sum((1, 2, 3)) + 1) / ((p + masks).sum((1, 2, 3)) + 1)
    return 0.5 * F.binary_cross_entropy_with_logits(logits, masks) + 0.5 * (1 - dice.mean())
