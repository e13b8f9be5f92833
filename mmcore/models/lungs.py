"""Finds the lungs on a frontal chest X-ray, so that the classifier looks at them and not at borders and letters."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE = 160
CHANNELS = (16, 32, 48, 64)  # at 80, 40, 20 and 10 pixels
FEWEST_SHARE = 0.02  # of a picture that is organ; below, every cell counts alike


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)


class LungNet(nn.Module):
    """A small U-Net (Ronneberger et al. 2015): pictures (B, 1, 160, 160), 0 to 1, to logits of lung (B, 1, 160, 160)."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(_pair(i, o) for i, o in zip((4, *CHANNELS), CHANNELS, strict=False))
        self.up = nn.ModuleList(_pair(deep + shallow, shallow) for shallow, deep in pairwise(CHANNELS))
        self.out = nn.Conv2d(CHANNELS[0], 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean, spread = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)
        x = (x - mean) / (spread + 0.02)  # brightness and contrast of the film do not matter
        x = F.pixel_unshuffle(
            x, 2
        )  # (B, 4, 80, 80): a quarter of the work at little loss for so smooth a shape
        maps = []
        for i, pair in enumerate(self.down):
            x = pair(x if i == 0 else F.max_pool2d(x, 2))  # (B, CHANNELS[i], 80 / 2^i, 80 / 2^i)
            maps.append(x)
        for pair, shallow in zip(reversed(self.up), reversed(maps[:-1]), strict=True):
            x = pair(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), shallow], 1))
        return F.pixel_shuffle(self.out(x), 2)  # (B, 1, 160, 160)


@dataclass(frozen=True)
class LungBox:
    """The rectangle around the lungs as fractions of the picture's height and width, and how far to trust it.

    quality: 0 (no lungs found) to 1 (two lungs of plausible size, place and evenness).
    """

    top: float
    left: float
    bottom: float
    right: float
    quality: float


WHOLE = LungBox(0.0, 0.0, 1.0, 1.0, 0.0)


def lung_box(mask: np.ndarray) -> LungBox:
    """The rectangle around a lung mask (H, W) of bools or probabilities; the whole picture if there is no lung.

    Stray specks count little: the sides are where 1 % and 99 % of the lung area lie, pushed out by 1 % of the span.
    """
    weight = np.asarray(mask, dtype=np.float64)
    weight = np.where(weight >= 0.5, weight, 0.0)
    if weight.mean() < 0.02:
        return WHOLE
    sides = []
    for axis in (1, 0):
        share = np.cumsum(weight.sum(axis)) / weight.sum()
        low, high = np.searchsorted(share, (0.01, 0.99))
        span = (high + 1 - low) / len(share)
        first, last = low / len(share) - 0.01 * span, (high + 1) / len(share) + 0.01 * span
        sides.append((float(max(0.0, first)), float(min(1.0, last))))
    (top, bottom), (left, right) = sides
    return LungBox(top, left, bottom, right, _quality(weight, top, left, bottom, right))


def _quality(weight: np.ndarray, top: float, left: float, bottom: float, right: float) -> float:
    """1 less a penalty for what two lungs cannot be: thresholds are this project's, set on 264 drawn masks."""
    columns = weight.sum(0) / weight.sum()
    middle = (left + right) / 2
    left_share = columns[: round(middle * len(columns))].sum()
    penalties = (
        max(0.0, 0.12 - weight.mean()) / 0.12,  # a lung field under an eighth of the picture
        max(0.0, 0.45 - (bottom - top)) / 0.45,
        max(0.0, 0.45 - (right - left)) / 0.2,  # narrower than this is one lung, not two
        max(0.0, abs(left_share - 0.5) - 0.2) / 0.3,  # one side alone
        max(0.0, abs(middle - 0.5) - 0.15) / 0.35,
    )
    return float(max(0.0, 1.0 - sum(penalties)))


def organ_shares(inside: Tensor, shape: tuple[int, int]) -> Tensor:
    """How much each cell of a feature map counts: by its share of the organ, mean 1.

    inside (B, 1, H, W), 0 to 1 -> (B, 1, h, w) of `shape`; 1 everywhere for a picture on which hardly any organ was found.
    """
    shares = F.adaptive_avg_pool2d(inside.float(), shape)
    mean = shares.mean((2, 3), keepdim=True)
    return torch.where(mean < FEWEST_SHARE, torch.ones_like(shares), shares / mean.clamp(min=FEWEST_SHARE))


@torch.no_grad()
def find_lungs(model: LungNet, pictures: Tensor) -> Tensor:
    """Probabilities of lung (B, 1, 160, 160) for pictures (B, 1, H, W) of any size, 0 to 1."""
    small = F.interpolate(pictures, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    return torch.sigmoid(model(small))
