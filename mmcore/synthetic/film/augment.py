"""Changes to X-rays that tell the hospital apart and not the disease, so that training cannot lean on them."""

import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


def window(
    rng: np.random.Generator,
    count: int,
    zoom: tuple[float, float],
    shift: float,
    degrees: float,
    aspect: float,
) -> Tensor:
    """Affine maps (count, 2, 3) for `look`: zoom is the part of the picture's side that is shown.

    shift: largest offset of the centre in sides; degrees: largest turn; aspect: largest log ratio of the two zooms.
    """
    zooms = np.exp(rng.uniform(math.log(zoom[0]), math.log(zoom[1]), count))
    ratio = np.exp(rng.uniform(-aspect, aspect, count) / 2)
    turn = np.deg2rad(rng.uniform(-degrees, degrees, count))
    centre = rng.uniform(-2 * shift, 2 * shift, (count, 2))
    rows = [zooms * ratio * np.cos(turn), -zooms * np.sin(turn), centre[:, 0]]
    rows += [zooms * np.sin(turn), zooms / ratio * np.cos(turn), centre[:, 1]]
    return torch.tensor(np.stack(rows, 1).reshape(count, 2, 3), dtype=torch.float32)


def look(pictures: Tensor, maps: Tensor, size: int, fill: str = "zeros") -> Tensor:
    """Pictures (B, C, H, W) through affine maps (B, 2, 3) to (B, C, size, size)."""
    grid = F.affine_grid(maps, [len(pictures), pictures.shape[1], size, size], align_corners=False)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode=fill, align_corners=False)


def relight(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Gamma, contrast, a slow gradient of light and local contrast; pictures (B, 1, H, W), 0 to 1; never inverted."""
    b = len(x)

    def draw(low: float, high: float) -> Tensor:
        return torch.tensor(rng.uniform(low, high, (b, 1, 1, 1)), dtype=torch.float32)

    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    x = ((x - low) / (high - low + 1e-3)) ** torch.exp(draw(-0.6, 0.6))
    blurred = F.interpolate(F.adaptive_avg_pool2d(x, 8), x.shape[-2:], mode="bilinear", align_corners=False)
    x = x - blurred * draw(-0.2, 0.6) * (draw(0, 1) < 0.4)  # unsharp masking, as in many film processors
    axis = torch.linspace(-1, 1, x.shape[-1])
    x = x + draw(-0.15, 0.15) * axis + draw(-0.15, 0.15) * axis[:, None]
    return ((x - x.mean((2, 3), keepdim=True)) * draw(0.6, 1.4) + draw(0.3, 0.7)).clamp(0, 1)


def degrade(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lower resolution, JPEG and noise on one picture (H, W), 0 to 1."""
    height, width = picture.shape
    image = Image.fromarray((picture * 255).astype(np.uint8))
    if rng.random() < 0.6:
        factor = rng.uniform(0.45, 1.0)
        image = image.resize(
            (max(8, int(width * factor)), max(8, int(height * factor))),
            Image.Resampling.BOX,
        )
        image = image.resize((width, height), Image.Resampling(int(rng.choice([2, 3]))))
    if rng.random() < 0.5:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(25, 95)))
        image = Image.open(buffer)
    out = np.asarray(image, dtype=np.float32) / 255
    if rng.random() < 0.5:
        out = out + rng.normal(0, rng.uniform(0, 0.05), out.shape).astype(np.float32)
    return out.clip(0, 1)


def deface(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Boxes over corners, bars along borders and a hole anywhere: letters and frames of a source say nothing then.

    picture (H, W), 0 to 1.
    """
    out = picture.copy()
    height, width = out.shape
    for corner in range(4):
        if rng.random() < 0.3:
            _cover_corner(out, corner, rng)
    for side in range(4):
        if rng.random() < 0.15:
            depth = int(height * rng.uniform(0.02, 0.12))
            turned = np.rot90(out, side)  # a view: writing to it writes to the picture
            turned[:depth] = rng.choice([0.0, 1.0, rng.random()])
    if rng.random() < 0.3:
        rows, columns = (int(n * rng.uniform(0.05, 0.25)) for n in (height, width))
        top, left = (
            int(rng.integers(0, height - rows)),
            int(rng.integers(0, width - columns)),
        )
        out[top : top + rows, left : left + columns] = rng.random()
    return out


def _cover_corner(out: np.ndarray, corner: int, rng: np.random.Generator) -> None:
    """Writes to the picture (H, W); corner 0 to 3, the upper two first."""
    height, width = out.shape
    rows, columns = (int(n * rng.uniform(0.05, 0.28)) for n in (height, width))
    top = 0 if corner < 2 else height - rows
    left = 0 if corner % 2 else width - columns
    out[top : top + rows, left : left + columns] = rng.random()


def disguise(x: Tensor, rng: np.random.Generator) -> Tensor:
    """`relight`, `degrade` and `deface` together on pictures (B, 1, H, W), 0 to 1."""
    x = relight(x, rng)
    return torch.from_numpy(np.stack([deface(degrade(p[0].numpy(), rng), rng)[None] for p in x]))
