"""The pictures of a training made ready once and kept on disk: crops, augmented views, maps behind the frozen blocks."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mmcore.cases.pack_rows import scan_of
from mmcore.domain.pack import PackRow
from mmcore.domain.progress import Progress
from mmcore.evaluation.encode_rows import BATCH
from mmcore.models.efficientnet_lite import EfficientNetLite0
from mmcore.models.inputs import image_input
from mmcore.models.lungs import LungNet, organ_shares
from mmcore.training.encoders import crops, has_scan
from mmcore.training.image.encoder import Recipe, started, views_of
from mmcore.training.image.views import Views


@dataclass(frozen=True)
class Pictures:
    """crops (N, 2, S, S) uint8 of all rows; `folder` keeps what is made of them and of the scans."""

    rows: Sequence[PackRow]
    lungs: LungNet | None
    crops: np.ndarray
    folder: Path
    recipe: Recipe
    seed: int
    progress: Progress

    def views(self, shares: np.ndarray) -> Views:
        """Augmented views of all rows behind the frozen ImageNet blocks, shared by every training on some of them.

        shares: (N,) how often each is drawn.
        """
        path = self.folder / "views.npy"

        def progress(done: int, total: int) -> None:
            self.progress("views", done, total)

        return views_of(self.crops, shares, self.recipe, self.seed, started(), path, progress)

    def features(self, encoder: Any, chosen: np.ndarray) -> np.ndarray:
        """Pooled features (n, D) of chosen rows' scans as at the bedside; NaN for a row without one."""
        depth = self.recipe.frozen_blocks
        still = self._still(chosen) if _starts_as_imagenet(encoder, depth) else None
        out = np.full((len(chosen), encoder.feature_dim), np.nan, dtype=np.float32)
        for first in range(0, len(chosen), BATCH):
            part = np.arange(first, min(first + BATCH, len(chosen)))
            part = part[has_scan([self.rows[i] for i in chosen[part]])]
            with torch.inference_mode():
                if not len(part):
                    continue
                if still is None:
                    x = self._ready(chosen[part])
                    found, inside = encoder(x[:, :1]), x[:, 1:]
                else:
                    maps, inside = (torch.from_numpy(a[part].astype(np.float32)) for a in still)
                    found = encoder.late(maps, depth)
                out[part] = (found * organ_shares(inside, found.shape[-2:])).mean((2, 3)).numpy()
            self.progress("features", int(part[-1]) + 1, len(chosen))
        return out

    def _ready(self, chosen: np.ndarray) -> torch.Tensor:
        scans = [scan_of(self.rows[i]) for i in chosen]
        return torch.cat(
            [image_input(s, self.lungs, self.recipe.size).pixels for s in scans if s is not None]
        )

    def _still(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Maps (n, C, h, w) of chosen rows' scans behind the first blocks, which no training here changes, and where the
        lungs lie (n, 1, S, S); float16 both.
        """
        path = self.folder / f"still_{hashlib.sha256(chosen.tobytes()).hexdigest()[:16]}.npy"
        beside = path.with_suffix(".inside.npy")
        if not path.exists():
            first_blocks, depth, side = started(), self.recipe.frozen_blocks, self.recipe.size
            with torch.inference_mode():
                empty = first_blocks.early(torch.zeros(1, 1, side, side), depth)
                made = np.zeros((len(chosen), *empty.shape[1:]), np.float16)
                inside = np.zeros((len(chosen), 1, side, side), np.float16)
                shown = np.flatnonzero(has_scan([self.rows[i] for i in chosen]))
                for first in range(0, len(shown), BATCH):
                    part = shown[first : first + BATCH]
                    x = self._ready(chosen[part])
                    seen = x[:, :1].contiguous(memory_format=torch.channels_last)
                    made[part], inside[part] = first_blocks.early(seen, depth).half(), x[:, 1:].half()
                    self.progress("maps", int(part[-1]) + 1, len(chosen))
            np.save(beside, inside)
            np.save(path, made)
        return np.load(path, mmap_mode="r"), np.load(beside, mmap_mode="r")


def make_pictures(
    rows: Sequence[PackRow],
    lungs: LungNet | None,
    size: int,
    recipe: Recipe,
    seed: int,
    folder: Path,
    progress: Progress,
) -> Pictures:
    """Crops of all rows' scans, made once and kept in `folder`."""
    path = folder / "crops.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, crops(rows, lungs, size, progress))
    return Pictures(rows, lungs, np.load(path, mmap_mode="r"), folder, recipe, seed, progress)


def _starts_as_imagenet(encoder: nn.Module, depth: int) -> bool:
    """Whether the first `depth` blocks are those of the start (a stored encoder's are rounded to half precision)."""
    if not isinstance(encoder, EfficientNetLite0):
        return False
    start, first = started().state_dict(), ("stem.", *(f"blocks.{i}." for i in range(depth)))
    return all(
        torch.allclose(value.float(), start[name].float(), rtol=2e-3, atol=1e-5)
        for name, value in encoder.state_dict().items()
        if name.startswith(first)
    )
