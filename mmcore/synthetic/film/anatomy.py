"""The soft tissues and the air of a synthetic chest as maps of their thickness along the rays, in cm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from mmcore.synthetic.film.chords import ellipse

FIELD_CM = 35.0  # side of the detector
LEFT, RIGHT = (
    1.0,
    -1.0,
)  # sides of the patient; the patient's left is on the right of the picture, at positive x


@dataclass(frozen=True)
class Frame:
    """Pixels to anatomy: x to the patient's left, y to the feet, cm from the middle of the chest, (H, W)."""

    x: np.ndarray
    y: np.ndarray
    pixels_per_cm: float
    angle: float
    shift: tuple[float, float]
    warp: np.ndarray

    @property
    def size(self) -> int:
        pixels: int = self.x.shape[0]
        return pixels

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) anatomy in cm -> (N, 2) of (column, row)."""
        u, v = points[:, 0] - bend(self.warp, points[:, 1]), points[:, 1]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        column, row = (cos * u - sin * v + self.shift[0], sin * u + cos * v + self.shift[1])
        return np.stack([column, row], 1) * self.pixels_per_cm + self.size / 2 - 0.5


@dataclass(frozen=True)
class Body:
    """What varies between patients and exposures; lengths in cm."""

    width: float  # scale of the rib cage, 1 = average
    barrel: float  # how soon the chest widens below the apex
    height: float
    fat: float  # added around the torso
    dome: float  # y of the right diaphragm; small = poor inspiration
    heart: float  # scale of the heart's silhouette
    arch: float  # radius of the aortic knob
    rotation: float  # shift of the front against the back, in cm per cm of depth
    lordosis: float  # how steeply ribs fall from back to front
    breast: float  # thickness, 0 = none
    supine: bool


def bend(warp: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sideways displacement in cm at height y: no spine is straight.

    warp (2, 3): amplitude, frequency and phase of two waves; y (H, W) or (n,), the same is returned.
    """
    aside: np.ndarray = sum(a * np.sin(y * k + p) for a, k, p in warp)
    return aside


def frame(rng: np.random.Generator, size: int) -> Frame:
    """A detector position: magnification, tilt and centring as they vary in practice."""
    zoom, angle = rng.uniform(0.95, 1.13), np.deg2rad(rng.normal(0, 1.3))
    shift = (rng.normal(0, 0.5), rng.normal(0.9, 0.6))
    warp = np.stack([rng.normal(0, [0.25, 0.12]), [0.11, 0.24], rng.uniform(0, 6.3, 2)], 1)
    pixels_per_cm = size / FIELD_CM * zoom
    steps = (np.arange(size, dtype=np.float32) - size / 2 + 0.5) / pixels_per_cm
    column, row = steps[None, :] - shift[0], steps[:, None] - shift[1]
    cos, sin = np.cos(angle), np.sin(angle)
    y = cos * row - sin * column
    x = cos * column + sin * row + bend(warp, y)
    return Frame(x.astype(np.float32), y.astype(np.float32), pixels_per_cm, angle, shift, warp)


def body(rng: np.random.Generator) -> Body:
    """A patient: two in three upright, the others supine with a wide heart and high diaphragms."""
    supine = rng.random() < 0.33
    return Body(
        width=rng.uniform(0.92, 1.06),
        barrel=rng.uniform(2.7, 3.9),
        height=rng.uniform(0.94, 1.05),
        fat=rng.gamma(2.0, 0.9),
        dome=rng.normal(5.2 if supine else 7.2, 0.9),
        heart=rng.normal(1.12 if supine else 0.98, 0.06),
        arch=rng.uniform(0.9, 1.8),
        rotation=rng.normal(0, 0.03),
        lordosis=rng.uniform(7.4, 9.6),
        breast=rng.uniform(0.8, 2.6) if rng.random() < 0.5 else 0.0,
        supine=supine,
    )


def union(*chords: np.ndarray) -> np.ndarray:
    """Chord of overlapping bodies: near the largest, without its creases. Each (H, W)."""
    joined: np.ndarray = np.sqrt(np.sqrt(sum((c * c) * (c * c) for c in chords)))
    return joined


def tube(
    f: Frame, points: np.ndarray, radii: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distance to a bent tube over its radius (2 = far), and the weight there; points (N, 2) in cm."""
    distance = np.full((f.size, f.size), 2.0, np.float32)
    weight = np.zeros_like(distance)
    at, r = f.to_pixels(points), np.asarray(radii) * f.pixels_per_cm
    for a, b, ra, rb, wa, wb in zip(at[:-1], at[1:], r[:-1], r[1:], weights[:-1], weights[1:], strict=True):
        reach = 1.2 * max(ra, rb) + 1
        low = np.clip(np.floor(np.minimum(a, b) - reach), 0, f.size).astype(int)
        high = np.clip(np.ceil(np.maximum(a, b) + reach) + 1, 0, f.size).astype(int)
        if (high <= low).any():
            continue
        box = np.s_[low[1] : high[1], low[0] : high[0]]
        px, py = (np.arange(low[0], high[0])[None, :] - a[0], np.arange(low[1], high[1])[:, None] - a[1])
        d = b - a
        t = np.clip((px * d[0] + py * d[1]) / max(float(d @ d), 1e-6), 0, 1)
        near = np.hypot(px - t * d[0], py - t * d[1]) / (ra + t * (rb - ra))
        closer = near < distance[box]
        distance[box] = np.where(closer, near, distance[box])
        weight[box] = np.where(closer, wa + t * (wb - wa), weight[box])
    return distance, weight


def rod(f: Frame, points: Sequence[Sequence[float]], radii: Sequence[float]) -> np.ndarray:
    """Chord of a solid bent rod in cm. (H, W)."""
    distance, weight = tube(f, np.array(points, float), np.array(radii, float), np.array(radii, float))
    chord: np.ndarray = 2 * weight * np.sqrt(np.clip(1 - distance**2, 0, None))
    return chord


def torso(f: Frame, b: Body) -> np.ndarray:
    """Chord of skin, fat and muscle: trunk, shoulders, neck and upper arms. (H, W), cm."""
    x = np.abs(f.x)
    waist = (16.0 + 0.02 * np.clip(f.y, 0, None) ** 1.4) * b.width + 0.8 * b.fat
    depth = (10.0 + 0.5 * b.fat) * (1 + 0.006 * np.clip(f.y + 6, -10, 16))
    slope = (
        -18.3 * b.height
        + 0.012 * np.clip(x - 4, 0, None) ** 2
        + 0.17 * np.clip(x - 4, 0, None)
        - 0.25 * b.fat
    )
    below = np.clip(f.y - slope, 0, None)
    rise = np.sqrt(1 - np.exp(-below / 2.2))
    trunk = (
        2
        * depth
        * np.clip(1 - (x / waist) ** 4, 0, None) ** 0.5
        * (0.5 + 0.5 * np.clip(below / 8, 0, 1))
        * rise
    )
    neck = (
        2
        * (6.0 + 0.2 * b.fat)
        * np.sqrt(np.clip(1 - (x / (6.2 + 0.3 * b.fat)) ** 2, 0, None))
        * np.clip((-6 - f.y) / 6, 0, 1)
    )
    chords = [trunk, neck]
    radius = 4.3 + 0.35 * b.fat
    for side in (LEFT, RIGHT):
        arm = [
            [side * 13, -10.0],
            [side * 16.6, -9.5],
            [side * 18.4, -4],
            [side * 21.2 + side * 0.5 * b.fat, 9],
            [side * 22.5, 20],
        ]
        chords.append(
            rod(f, arm, [radius * 1.2, radius * 1.2, radius * 1.1, radius, radius])
            * np.clip(below / 2, 0, 1) ** 0.5
        )
    return union(*chords)


def breasts(f: Frame, b: Body) -> np.ndarray:
    """Chord of both breasts; each ends in the curved lower edge that crosses the lung bases. (H, W), cm."""
    total = np.zeros_like(f.x)
    for side in (LEFT, RIGHT):
        reach = 6.2 + 0.35 * b.breast
        round_ = ellipse(f, (side * 9.0, 4.6), (reach, reach, 1.0)) / 2
        total += b.breast * round_**1.2 * np.clip(0.55 + 0.45 * (f.y - 0.5) / 7, 0.1, 1)
    return total


def lung_space(f: Frame, b: Body, side: float) -> np.ndarray:
    """Chord of one pleural cavity before the mediastinum and the diaphragm take their part. (H, W), cm."""
    x, w = side * f.x, b.width
    fall = np.clip((9 - f.y) / (22.6 * b.height), 0, None)
    inside = fall < 1
    wide = np.where(inside, np.clip(1 - fall**b.barrel, 0, None), 0) ** 0.5
    lateral = 4.9 * w + (8.7 * w) * wide - 0.02 * np.clip(f.y - 6, 0, None) ** 2
    medial = 4.9 * w - 4.6 * np.where(inside, np.clip(1 - fall**7, 0, None), 0) ** 0.5
    centre, half = (lateral + medial) / 2, np.clip((lateral - medial) / 2, 0.05, None)
    u = np.clip(np.abs((x - centre) / half), 0, 1)
    depth = 15.5 * np.clip(1 - fall**2.2, 0, None) ** 0.5
    chord: np.ndarray = depth * (1 - u**2.6) ** 0.55 * inside
    return chord


def mediastinum(f: Frame, b: Body) -> np.ndarray:
    """Chord of heart, great vessels, and the tissue between the lungs. (H, W), cm."""
    h, turn = b.heart, 7 * b.rotation
    low = b.dome - 7.0
    left = ellipse(f, (2.7 * h + turn, 4.0 + low), (7.4 * h, 4.6 * h, 5.6), 40)
    right = ellipse(f, (-0.7 * h + turn, 3.9 + low), (3.5 * h, 4.6 * h, 5.0), 8)
    trunk = ellipse(f, (2.2 + turn, -1.2 + 0.6 * low), (2.4, 3.2, 3.6), -18)
    knob = ellipse(f, (1.5, -5.7), (b.arch + 0.6, b.arch + 1.0, 3.8))
    ascending = ellipse(f, (-1.0 + turn, -2.2), (2.2, 5.2, 4.2), 6)
    descending = (
        5.0 * np.sqrt(np.clip(1 - ((f.x - 1.1) / 1.7) ** 2, 0, None)) * np.clip((f.y + 6.0) / 2, 0, 1)
    )
    half = (
        2.5
        + 0.7 * np.exp(-(((f.y + 13.5) / 3.0) ** 2))
        + (0.4 if b.supine else 0)
        + 0.15 * np.clip(f.y - 2, 0, 4)
    )
    core = (12.5 + 2.5 * np.tanh((f.y + 1) / 4)) * np.clip(
        1 - ((f.x + 0.1 - 0.4 * turn) / half) ** 2, 0, None
    ) ** 0.75
    return union(left, right, trunk, knob, ascending, descending, core)


def hila(f: Frame, b: Body) -> np.ndarray:
    """Chord of the pulmonary arteries where they leave the mediastinum; the left one higher. (H, W), cm."""
    w = b.width
    right = rod(f, [[-2.0, -2.6], [-3.9 * w, -1.5], [-4.9 * w, 0.6], [-5.6 * w, 3.0]], [1.1, 0.95, 0.65, 0.3])
    upper = rod(f, [[-3.0, -2.2], [-4.4 * w, -3.8], [-5.0 * w, -5.6]], [0.8, 0.55, 0.3])
    left = rod(f, [[2.0, -3.2], [4.3 * w, -2.8], [5.5 * w, -1.0], [6.4 * w, 1.6]], [1.2, 0.95, 0.7, 0.3])
    top = rod(f, [[3.6, -3.0], [4.8 * w, -4.8], [5.2 * w, -6.4]], [0.7, 0.5, 0.3])
    roots: np.ndarray = gaussian_filter(union(right, upper, left, top), 0.12 * f.pixels_per_cm)
    return roots


def diaphragm(f: Frame, b: Body, side: float) -> np.ndarray:
    """Share of the lung's chord that the dome hides: 0 above it, rising steeply at its edge to 1 below.

    Over the film (H, W).
    """
    top = b.dome + (1.1 if side == LEFT else 0.0)
    u = np.clip((side * f.x - 6.0 * b.width) / 9.3, -0.98, 0.98)
    depth = np.clip(f.y - top - 6.0 * (1 - np.sqrt(1 - u * u)), 0, None) / 4.0
    return np.sqrt(np.clip(1 - (1 - np.clip(depth, 0, 1)) ** 2, 0, 1))


def airways(f: Frame) -> np.ndarray:
    """Chord of the air in trachea and main bronchi. (H, W), cm."""
    trachea = rod(f, [[0.1, -20], [0.1, -14], [-0.2, -8.5], [-0.3, -4.6]], [0.85, 0.85, 0.8, 0.8])
    right = rod(f, [[-0.3, -4.6], [-1.7, -3.0], [-3.4, -1.4]], [0.75, 0.65, 0.45])
    left = rod(f, [[-0.3, -4.6], [1.8, -3.0], [4.0, -1.9]], [0.7, 0.55, 0.42])
    air: np.ndarray = np.maximum(np.maximum(trachea, right), left)
    return air


def stomach(f: Frame, b: Body, rng: np.random.Generator) -> np.ndarray:
    """Chord of the gas under the left dome and in the bowel. (H, W), cm."""
    y = b.dome + rng.uniform(2.6, 3.4)
    gas = ellipse(
        f,
        (rng.uniform(4.5, 7.5), y),
        (rng.uniform(1.3, 3.0), rng.uniform(0.7, 1.4), rng.uniform(1.5, 4.0)),
        10,
    )
    for _ in range(rng.integers(0, 7)):
        at = (rng.uniform(4, 11) * rng.choice([-1, 1, 1]), rng.uniform(b.dome + 5, 16))
        gas = gas + ellipse(
            f, at, (rng.uniform(0.6, 1.7), rng.uniform(0.5, 1.1), rng.uniform(0.3, 0.8)), rng.uniform(0, 90)
        )
    bubble: np.ndarray = gaussian_filter(gas, 0.1 * f.pixels_per_cm)
    return bubble


def cloud(rng: np.random.Generator, size: int, cells: int) -> np.ndarray:
    """Smooth noise with about `cells` bumps a side, mean 0; the same pattern at any size.

    (size, size) float32.
    """
    coarse = rng.standard_normal((cells, cells))
    away = np.abs((np.arange(size) + 0.5)[:, None] * (cells - 1) / size - np.arange(cells))  # (size, cells)
    near = 2 / 3 - away**2 + away**3 / 2  # cubic B-spline
    spline = np.where(away < 1, near, np.clip(2 - away, 0, None) ** 3 / 6)
    return (1.5 * spline @ coarse @ spline.T).astype(np.float32)
