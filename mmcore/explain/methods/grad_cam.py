"""Signed Grad-CAM of a pool-and-linear branch: where in a scan or a recording its evidence for a contrast lies."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.domain.memory import Memory
from mmcore.domain.prediction import Attribution
from mmcore.domain.task import Modality
from mmcore.explain.attribute import contrast_direction
from mmcore.explain.explainer import Wanted, given
from mmcore.models.inputs import ImageInput
from mmcore.models.lungs import FEWEST_SHARE
from mmcore.prediction.encode import Encodings
from mmcore.prediction.engine import Engine

MAP_SIDE = 384  # pixels of the longer side of an evidence map
SLIVER = 0.05  # of a cell that is organ; a cell with less says next to nothing, and its few pixels are not blown up


@dataclass(frozen=True)
class GradCam:
    """A map over the part of the scan that its encoder saw; of a recording (leads, l) along lead and time, all of it."""

    name: str = "grad_cam_signed"
    modalities: tuple[Modality, ...] = (Modality.IMAGE, Modality.WAVEFORM)
    default: bool = True

    def attribute(self, engine: Engine, encodings: Encodings, wanted: Wanted, memory: Memory) -> Attribution:
        """The map of cells, a scan's enlarged."""
        cells = _cells(engine, encodings, wanted)
        values, region, extra = cells.numpy(), (0.0, 0.0, 1.0, 1.0), {}
        if wanted.modality == Modality.IMAGE:
            crop = given(encodings.image_in, wanted.modality).crop
            values, region = _drawn(engine, encodings, cells), (crop.top, crop.left, crop.bottom, crop.right)
            extra = {"cells": cells.numpy()}
        return Attribution(
            wanted.modality, wanted.prediction.contrast, self.name, "mean_training_features",
            values, wanted.total, wanted.constant, region=region, extra=extra,
        )  # fmt: skip


EXPLAINER = GradCam()


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


def _cells(engine: Engine, encodings: Encodings, wanted: Wanted) -> Tensor:
    """Evidence of each cell of the modality's last feature map, (h, w)."""
    model, name = engine.stored.model, wanted.modality.value
    weights = contrast_direction(model, model.get_parameter(f"{name}_head.weight"), wanted.prediction)
    mean = model.get_buffer(f"{name}_mean")
    return class_activation_map(encodings.maps[name], weights * wanted.factor, mean)


def _drawn(engine: Engine, encodings: Encodings, cells: Tensor) -> np.ndarray:
    """The map (H, W) on the pixels of the crop, at most MAP_SIDE along its longer side."""
    image_in = given(encodings.image_in, Modality.IMAGE)
    height, width = encodings.shape
    crop = image_in.crop
    rows, columns = (crop.bottom - crop.top) * height, (crop.right - crop.left) * width
    shrink = min(1.0, MAP_SIDE / max(rows, columns))
    size = max(1, round(rows * shrink)), max(1, round(columns * shrink))
    return enlarge(cells, *size, _organ(engine, image_in, size))


def _organ(engine: Engine, image_in: ImageInput, size: tuple[int, int]) -> Tensor | None:
    """Where the organ lies that the map was pooled over, of `size`, 0 to 1; None where the whole picture counted."""
    inside = image_in.pixels[:, 1:]
    if not engine.stored.model.config.organ_pooling or not inside.numel() or inside.mean() < FEWEST_SHARE:
        return None
    return F.interpolate(inside, size=size, mode="bilinear", align_corners=False)[0, 0]
