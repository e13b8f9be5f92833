"""Draws synthetic CT slices with one nodule in a lung: texture, vessels, chest wall and rib; no patient behind any."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

SIDE = 128  # pixels of a slice
SPACING_MM = 0.7
SLICES, STEP_MM = 5, 2.0
LUNG_HU, SOFT_HU, FAT_HU, BONE_HU = -860.0, 40.0, -95.0, 420.0
FIRST_BENCH_SEED = 90_001


@dataclass(frozen=True)
class NoduleLook:
    """How the nodule looks. spicules: how many; lobes: depth of the lobulation as part of the radius, 0 to 0.4.

    density, core and calcium: Hounsfield units of the nodule, and of what lies in its middle half and middle third, None for nothing.
    """

    diameter_mm: float
    density: float = 35.0
    spicules: int = 0
    lobes: float = 0.0
    core: float | None = None
    calcium: float | None = None
    blur_mm: float = 0.5
    wall_mm: float = 40.0  # from the nodule to the chest wall


def draw_ct(seed: int, look: NoduleLook) -> np.ndarray:
    """(SLICES, SIDE, SIDE) int16 Hounsfield units, the nodule in the middle of the middle slice; the same seed, the same slices."""
    rng = np.random.default_rng(seed)
    along = (np.arange(SIDE) - (SIDE - 1) / 2) * SPACING_MM
    y, x = np.meshgrid(along, along, indexing="ij")
    texture = gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), 2.5)
    base = LUNG_HU + 25 * texture / texture.std() + _vessels(rng, x, y)
    base = _chest_wall(rng, base, x, y, look.wall_mm)
    shape = _outline(rng, look)
    slices = []
    for number in range(SLICES):
        height = (number - SLICES // 2) * STEP_MM
        drawn = gaussian_filter(_with_nodule(base, x, y, height, look, shape), look.blur_mm / SPACING_MM)
        slices.append(drawn + gaussian_filter(rng.normal(0, 45, (SIDE, SIDE)), 0.6))
    hounsfield: np.ndarray = np.clip(np.rint(np.stack(slices)), -1024, 3071).astype(np.int16)
    return hounsfield


def _vessels(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What vessels add to the lung: short tubes away from the middle, and dots where they cross the slice."""
    out = np.zeros_like(x)
    for _ in range(16):
        centre = rng.uniform(-42, 42, 2)
        if np.hypot(*centre) < 13:
            continue
        angle, length, radius = (
            rng.uniform(0, np.pi),
            rng.choice([0.0, rng.uniform(4, 14)]),
            rng.uniform(0.5, 1.6),
        )
        across = np.abs((x - centre[0]) * np.sin(angle) - (y - centre[1]) * np.cos(angle))
        over = np.abs((x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)) - length
        distance = np.hypot(across, np.maximum(over, 0))
        out = np.maximum(out, (SOFT_HU - LUNG_HU) * _soft(radius - distance))
    return out


def _chest_wall(
    rng: np.random.Generator, base: np.ndarray, x: np.ndarray, y: np.ndarray, wall_mm: float
) -> np.ndarray:
    """Muscle, fat and a rib beyond a curved border on one side."""
    side = rng.choice([-1.0, 1.0])
    depth = side * x - wall_mm + 0.004 * (y - rng.uniform(-15, 15)) ** 2  # mm beyond the pleura
    rib = 5.0 - np.hypot((depth - 8) * 0.8, (y - rng.uniform(-25, 25)) * 0.4)
    wall = SOFT_HU + (FAT_HU - SOFT_HU) * _soft(depth - 14)
    wall = wall + (BONE_HU - wall) * _soft(rib)
    chest: np.ndarray = base + (wall - base) * _soft(depth)
    return chest


def _outline(rng: np.random.Generator, look: NoduleLook) -> np.ndarray:
    """Radius by angle (360,) as part of the mean radius."""
    angles = np.deg2rad(np.arange(360))
    radius = 1 + 0.04 * np.cos(2 * (angles - rng.uniform(0, np.pi)))
    if look.lobes:
        radius += look.lobes / 2 * np.cos(rng.integers(3, 6) * angles + rng.uniform(0, 6))
    for at in rng.uniform(0, 360, look.spicules):
        gap = np.abs((np.arange(360) - at + 180) % 360 - 180)
        radius += rng.uniform(0.5, 0.9) * np.clip(1 - gap / rng.uniform(4, 7), 0, 1)
    return radius


def _with_nodule(
    base: np.ndarray, x: np.ndarray, y: np.ndarray, height: float, look: NoduleLook, shape: np.ndarray
) -> np.ndarray:
    half = look.diameter_mm / 2
    around = shape[np.rint(np.rad2deg(np.arctan2(y, x))).astype(int) % 360]
    distance = np.hypot(np.hypot(x, y) / around, height)
    out: np.ndarray = base + (np.maximum(look.density, base) - base) * _soft(half - distance)
    if look.core is not None:
        out = out + (look.core - out) * _soft(half / 2 - distance)
    if look.calcium is not None:
        out = out + (look.calcium - out) * _soft(half / 3 - distance)
    return out


def _soft(inside_mm: np.ndarray) -> np.ndarray:
    """1 well inside, 0 well outside, a ramp of one pixel between: partial volume."""
    return np.clip(inside_mm / SPACING_MM + 0.5, 0, 1)
