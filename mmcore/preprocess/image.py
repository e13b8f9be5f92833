"""A chest X-ray made ready for the encoder, the same way in training and at the bedside."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

MARGIN = 0.04  # of the lung box, on each side
FLOOR = 0.3  # what is left of grey levels outside the lungs


@dataclass(frozen=True)
class Crop:
    """The rectangle of the original that the model's input shows: top, left, bottom, right as fractions, 0 to 1."""

    top: float = 0.0
    left: float = 0.0
    bottom: float = 1.0
    right: float = 1.0


def crop_around(top: float, left: float, bottom: float, right: float, margin: float = MARGIN) -> Crop:
    """The box with a margin (a fraction of its own height and width) on each side, kept within the picture."""
    rows, columns = margin * (bottom - top), margin * (right - left)
    return Crop(
        max(0.0, top - rows),
        max(0.0, left - columns),
        min(1.0, bottom + rows),
        min(1.0, right + columns),
    )


def resample(pixels: np.ndarray, crop: Crop, shape: tuple[int, int]) -> np.ndarray:
    """The cropped part of a picture (H, W) at another size; a triangle filter as wide as a target pixel, so no aliasing.

    The weights of each target pixel sum to 1. Returns float32 of `shape`.
    """
    height, width = pixels.shape
    box = crop.left * width, crop.top * height, crop.right * width, crop.bottom * height
    picture = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    return np.array(picture.resize(shape[::-1], Image.Resampling.BILINEAR, box=box))


def equalise(pixels: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Grey levels by rank: the darkest pixel 0, the brightest 1, every level equally common; ties stay ties.

    Whatever curve a film processor applied is undone, as long as it kept the order of grey levels.
    strength: 0 (only stretched to 0..1) to 1 (ranks only). A flat picture becomes 0.5.
    (H, W) -> the same, float32.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if high - low < 1e-6:
        return np.full(pixels.shape, 0.5, dtype=np.float32)
    stretched = (pixels - low) / (high - low)
    levels = np.minimum((stretched * 255).astype(np.int64), 255)
    counts = np.bincount(levels.ravel(), minlength=256)
    ranks = (np.cumsum(counts) - counts / 2) / levels.size
    ranked = np.interp(stretched, (np.arange(256) + 0.5) / 256, ranks)
    return ((1 - strength) * stretched + strength * ranked).astype(np.float32)


def stretch(pixels: np.ndarray) -> np.ndarray:
    """Grey levels spread so that the darkest 1 % are 0 and the brightest 1 % are 1; a flat picture becomes 0.5.

    (H, W) -> the same, float32.
    """
    low, high = (float(v) for v in np.percentile(pixels, [1, 99]))
    if high - low < 1e-6:
        return np.full(pixels.shape, 0.5, dtype=np.float32)
    return np.clip((pixels - low) / (high - low), 0, 1).astype(np.float32)


def thumbnail(pixels: np.ndarray, size: int) -> np.ndarray:
    """The whole picture (H, W) at (size, size), stretched so that brightness and contrast do not count."""
    return stretch(resample(pixels, Crop(), (size, size)))


def dim(pixels: np.ndarray, lungs: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Pixels (H, W) dimmed outside the lungs: full inside, `floor` of the value where the mask is 0."""
    return (pixels * (floor + (1 - floor) * lungs)).astype(np.float32)
