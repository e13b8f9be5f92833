"""How much of a body a ray passes through, for every pixel of a drawn picture."""

from typing import Protocol

import numpy as np


class Plane(Protocol):
    """Coordinates in cm of each pixel, (H, W)."""

    @property
    def x(self) -> np.ndarray: ...

    @property
    def y(self) -> np.ndarray: ...


def ellipse(
    on: Plane, centre: tuple[float, float], axes: tuple[float, float, float], degrees: float = 0.0
) -> np.ndarray:
    """Chord of an ellipsoid; axes are half-lengths along its own x and y and along the ray, in cm. (H, W)."""
    angle = np.deg2rad(degrees)
    dx, dy = on.x - centre[0], on.y - centre[1]
    u = (np.cos(angle) * dx + np.sin(angle) * dy) / axes[0]
    v = (np.cos(angle) * dy - np.sin(angle) * dx) / axes[1]
    chord: np.ndarray = 2 * axes[2] * np.sqrt(np.clip(1 - u * u - v * v, 0, None))
    return chord
