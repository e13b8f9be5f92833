"""The vessels of a synthetic radiograph: fractal trees from both hila, and their thickness along the rays."""

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from mmcore.synthetic.film.anatomy import LEFT, Frame


def branches(
    rng: np.random.Generator, side: float, lung: np.ndarray, f: Frame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A fractal tree from one hilum, split by Murray's law: starts and ends (N, 3), radii (N,), in cm."""
    root = np.array([4.4 if side == LEFT else 4.0, -2.6 if side == LEFT else -1.6, 0.0])
    degrees = np.linspace(86, -84, 22) + rng.normal(0, 4, 22)  # 90 = up, 0 = to the side
    radius = 0.26 + 0.17 * np.clip(-degrees / 60, -0.3, 1) * np.clip((88 + degrees) / 20, 0.3, 1)
    radius = radius * rng.uniform(0.7, 1.3, 22)
    depth = rng.normal(0, 0.5, 22)
    heading = np.stack([np.cos(np.deg2rad(degrees)), -np.sin(np.deg2rad(degrees)), depth], 1)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    at = root + rng.normal(0, [0.3, 0.9, 0.8], (22, 3))
    at[11:, 1] += 0.9
    starts, ends, radii = [], [], []
    for generation in range(9):
        length = 2.9 * 0.84**generation * rng.uniform(0.6, 1.25, len(at))
        for _ in range(4):
            outward = (at - root) / (np.linalg.norm(at - root, axis=1, keepdims=True) + 0.5)
            heading = heading + 0.06 * outward + rng.normal(0, 0.07, at.shape)
            heading /= np.linalg.norm(heading, axis=1, keepdims=True)
            to = at + heading * length[:, None] / 4
            starts.append(at)
            ends.append(to)
            radii.append(radius)
            at = to
        share = rng.uniform(0.62, 0.9, len(at))
        radius = np.concatenate([radius * share, radius * (1 - share**3) ** (1 / 3)])
        side_step = rng.normal(0, 0.42, at.shape)
        heading = np.concatenate([heading + 0.5 * side_step, heading - side_step])
        at = np.concatenate([at, at])
        keep = (radius > 0.022) & (chord_at(lung, f, at * [side, 1, 1]) > 2 * np.abs(at[:, 2]) + 0.3)
        at, heading, radius = at[keep], heading[keep], radius[keep]
    scale = np.array([side, 1.0, 1.0])
    return (np.concatenate(starts) * scale, np.concatenate(ends) * scale, np.concatenate(radii))


def chord_at(lung: np.ndarray, f: Frame, points: np.ndarray) -> np.ndarray:
    """The map's value at points (N, 2 or 3) in cm; 0 outside the picture."""
    at = f.to_pixels(points[:, :2])
    chords: np.ndarray = map_coordinates(lung, at[:, ::-1].T, order=1, mode="constant")
    return chords


def tree(f: Frame, starts: np.ndarray, ends: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Chord of many thin vessels, each splatted as its volume and blurred to its width, in cm.

    starts, ends (N, 3) and radii (N,) in cm -> (H, W).
    """
    total = np.zeros((f.size, f.size))
    steps = np.linspace(0, 1, 16, endpoint=False) + 1 / 32
    for low, high in pairwise((0, 0.05, 0.09, 0.15, 0.24, 0.36, 0.6, 2)):
        chosen = (radii > low) & (radii <= high)
        if not chosen.any():
            continue
        a, b, r = starts[chosen], ends[chosen], radii[chosen]
        points = (a[:, None] + (b - a)[:, None] * steps[None, :, None]).reshape(-1, 3)
        volume = np.repeat(np.pi * r**2 * np.linalg.norm(b - a, axis=1) / len(steps), len(steps))
        at = np.round(f.to_pixels(points[:, :2])).astype(int)
        inside = ((at >= 0) & (at < f.size)).all(1)
        flat = np.bincount(at[inside, 1] * f.size + at[inside, 0], volume[inside], f.size**2).reshape(
            f.size, f.size
        )
        total += gaussian_filter(
            flat * f.pixels_per_cm**2, max(0.48 * r.mean() * f.pixels_per_cm, 0.4 * f.size / 512)
        )
    return total.astype(np.float32)
