"""Takes a region out of a picture, or a stretch out of a recording, so that one can ask what the answer would be without it."""

from collections.abc import Collection, Sequence

import numpy as np

from mmcore.domain.scan import Rectangle

RIM = 3  # pixels around a rectangle whose mean continues into it
SMOOTH = 9  # pixels along a side over which that mean is smoothed


def painted_out(pixels: np.ndarray, rectangles: Collection[Rectangle]) -> np.ndarray:
    """The picture (H, W) with each rectangle filled smoothly from the pixels around it; sides at the edge give nothing.

    Each pixel is the mean of the four sides, weighted by 1 / distance, so no trace of the content stays and no edge arises.
    """
    out = np.array(pixels, dtype=np.float32)
    height, width = out.shape
    for top, left, bottom, right in rectangles:
        rows = slice(max(0, round(top * height)), min(height, round(bottom * height)))
        columns = slice(max(0, round(left * width)), min(width, round(right * width)))
        if rows.stop - rows.start > 0 and columns.stop - columns.start > 0:
            out[rows, columns] = _from_around(out, rows, columns)
    return out


def _from_around(picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    height, width = rows.stop - rows.start, columns.stop - columns.start
    down, across = np.arange(height)[:, None] + 1.0, np.arange(width)[None] + 1.0
    above = picture[max(0, rows.start - RIM) : rows.start, columns]
    below = picture[rows.stop : rows.stop + RIM, columns]
    before = picture[rows, max(0, columns.start - RIM) : columns.start]
    after = picture[rows, columns.stop : columns.stop + RIM]
    sides = (
        (above, 0, down),
        (below, 0, height + 1 - down),
        (before, 1, across),
        (after, 1, width + 1 - across),
    )
    total, weight = np.zeros((height, width)), np.zeros((height, width))
    for rim, axis, distance in sides:
        if rim.size:
            total += np.expand_dims(_smooth(rim.mean(axis)), axis) / distance
            weight += np.broadcast_to(1 / distance, weight.shape)
    if not weight.any():
        return np.full((height, width), picture.mean())
    return total / weight


def _smooth(line: np.ndarray) -> np.ndarray:
    size = min(SMOOTH, 2 * ((len(line) - 1) // 2) + 1)
    return np.convolve(np.pad(line, size // 2, mode="edge"), np.full(size, 1 / size), mode="valid")


def flattened(
    samples: np.ndarray,
    rate_hz: float,
    names: Sequence[str],
    leads: Collection[str],
    seconds: tuple[float, float] | None,
) -> np.ndarray:
    """The recording (leads, L) with the named leads (none named: all) at their median during `seconds` (None: throughout).

    Samples that were not recorded stay NaN.
    """
    out = np.array(samples, dtype=np.float32)
    span = slice(None) if seconds is None else slice(*(max(0, round(s * rate_hz)) for s in seconds))
    for i, name in enumerate(names):
        known = ~np.isnan(samples[i])
        if (not leads or name in leads) and known.any():
            part = out[i, span]
            part[~np.isnan(part)] = np.median(samples[i][known])
    return out
