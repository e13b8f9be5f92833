"""Signed Grad-CAM of a pool-and-linear branch: where in the picture its evidence for a contrast lies."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SLIVER = 0.05  # of a cell that is organ; a cell with less says next to nothing, and its few pixels are not blown up


def class_activation_map(maps: Tensor, weights: Tensor, mean: Tensor) -> Tensor:
    """Evidence of each cell of the last feature map: maps (D, h, w), weights (D,), mean (D,) -> (h, w), log-odds.

    For pooling followed by a linear head Grad-CAM (Selvaraju et al. 2017) without its final ReLU equals this map (Zhou et
    al. 2016). The map of the mean training features is taken off, so the sum is weights . (pooled - mean) exactly.
    """
    cells = maps.shape[1] * maps.shape[2]
    return torch.einsum("d,dhw->hw", weights.double(), maps.double() - mean.double()[:, None, None]) / cells


def enlarge(cells: Tensor, height: int, width: int, inside: Tensor | None = None) -> np.ndarray:
    """The map (h, w) drawn on (height, width) with the same sum: bilinear between cell centres, rounding spread evenly.

    inside: (height, width), 0 to 1, the organ that the cells were pooled over; what a cell says is then drawn on its part of
    the organ, since nothing else counted.
    """
    weight = torch.ones(height, width, dtype=cells.dtype) if inside is None else inside.to(cells.dtype)
    rows, columns = cells.shape
    share = F.adaptive_avg_pool2d(weight[None], (rows, columns))[0]  # of each cell that is organ
    density = cells / share.clamp(min=SLIVER)
    large = F.interpolate(density[None, None], size=(height, width), mode="bilinear", align_corners=False)[
        0, 0
    ]
    large = large * weight * (cells.numel() / (height * width))
    return (large + (cells.sum() - large.sum()) * weight / weight.sum()).numpy()
