"""Augmented views of pictures behind the frozen first blocks, made once and shared by every training on these pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcore.models.efficientnet_lite import EfficientNetLite0
from mmcore.models.folding import laid_out
from mmcore.preprocess.image import dim, equalise
from mmcore.synthetic.film.augment import disguise, look, window

BATCH = 32
CELLS = 20  # along each side, to which lung masks are kept: as the maps of a view of 160 pixels


@dataclass(frozen=True)
class Views:
    """maps (V, C, h, w) float16 behind the frozen blocks, inside (V, 1, CELLS, CELLS) uint8 the share of lung, 0 to 255; those
    of picture i are the `counts[i]` from `starts[i]` on.
    """

    maps: np.ndarray
    inside: np.ndarray
    starts: np.ndarray
    counts: np.ndarray

    def of(self, pictures: np.ndarray) -> "Views":
        """The views of some pictures only; the maps are shared. pictures (n,): their places."""
        return Views(self.maps, self.inside, self.starts[pictures], self.counts[pictures])

    def draw(self, pictures: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """One random view of each picture: maps (B, C, h, w) float32 and the share of lung (B, 1, CELLS, CELLS), 0 to 1."""
        at = self.starts[pictures] + rng.integers(0, self.counts[pictures])
        maps, inside = self.maps[at].astype(np.float32), self.inside[at].astype(np.float32) / 255
        return torch.from_numpy(maps), torch.from_numpy(inside)


def view_counts(shares: np.ndarray, total: int, most: int) -> np.ndarray:
    """(N,) views of each picture: about `total` in all, by its chance of being drawn, at least 1 and at most `most`."""
    return np.clip(np.round(shares * total), 1, most).astype(int)


def training_view(images: np.ndarray, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
    """Pictures with lung masks (B, 2, S, S) uint8 as a training sees them, moved and disguised, and their masks, both
    (B, 1, size, size)."""
    x = torch.from_numpy(images.astype(np.float32) / 255)
    x = look(x, window(rng, len(x), (0.75, 1.1), 0.06, 10, 0.25), size)
    pixels, masks = disguise(x[:, :1], rng)[:, 0].numpy(), x[:, 1].numpy()
    ready = np.stack([dim(equalise(p), m) for p, m in zip(pixels, masks, strict=True)])[:, None]
    return torch.from_numpy(ready), x[:, 1:]


def make_views(
    images: np.ndarray,
    counts: Sequence[int] | np.ndarray,
    encoder: EfficientNetLite0,
    *,
    size: int,
    depth: int,
    seed: int,
    path: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Views:
    """`counts` views of each picture (N, 2, S, S) uint8 through the first `depth` blocks of `encoder`.

    path: a .npy file that keeps them, continued where an interruption left it; in memory without.
    """
    counts = np.asarray(counts)
    owner = np.repeat(np.arange(len(counts)), counts)
    with torch.no_grad():
        shape = encoder.eval().early(torch.zeros(1, 1, size, size), depth).shape[1:]
    maps = _kept((len(owner), *shape), np.float16, path)
    inside = _kept((len(owner), 1, CELLS, CELLS), np.uint8, path and path.with_suffix(".inside.npy"))
    views = Views(maps, inside, np.cumsum(counts) - counts, counts)
    mark = path.with_suffix(".done") if path else None
    done = int(mark.read_text()) if mark and mark.exists() else 0
    laid_out(encoder, torch.channels_last).eval()
    for first in range(done, len(owner), BATCH):
        rows = owner[first : first + BATCH]
        x, masks = training_view(images[rows], np.random.default_rng([seed, first]), size)
        with torch.no_grad():
            seen = encoder.early(x.contiguous(memory_format=torch.channels_last), depth)
        maps[first : first + BATCH] = seen.half().numpy()
        inside[first : first + BATCH] = (255 * F.adaptive_avg_pool2d(masks, CELLS)).round().numpy()
        if mark and (first // BATCH % 50 == 49 or first + BATCH >= len(owner)):
            for kept in (maps, inside):
                if isinstance(kept, np.memmap):
                    kept.flush()  # before the mark, so that what is marked is on the disk
            mark.write_text(str(min(first + BATCH, len(owner))))
        if progress:
            progress(min(first + BATCH, len(owner)), len(owner))
    return views


def _kept(shape: tuple[int, ...], kind: type, path: Path | None) -> np.ndarray:
    if path is None:
        return np.zeros(shape, kind)
    if path.exists():
        kept: np.ndarray = np.load(path, mmap_mode="r+")
        return kept
    path.with_suffix(".done").unlink(missing_ok=True)
    return np.lib.format.open_memmap(path, "w+", kind, shape)
