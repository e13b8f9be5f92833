"""Draws what is no frontal chest: synthetic limbs, hands, pelves, skulls, bellies and lateral chests, to train the gate of scans."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from mmcore.synthetic.film.chords import ellipse

BONE = 2.2  # attenuation of bone beyond tissue, tissue = 1
AIR = -0.75  # of inflated lung or bowel gas within tissue


@dataclass(frozen=True)
class Sheet:
    """Coordinates in cm of each pixel (H, W) and the sum of attenuation along the rays so far."""

    x: np.ndarray
    y: np.ndarray
    rng: np.random.Generator

    @property
    def empty(self) -> np.ndarray:
        """Nothing yet: zeros (H, W)."""
        return np.zeros_like(self.x)


def draw_foreign(kind: str, seed: int, size: int = 192) -> np.ndarray:
    """(size, size) float32 in [0, 1], bright is dense; kind is a key of BODY_PARTS or "lateral"."""
    rng = np.random.default_rng([seed, len(kind)])
    half = rng.uniform(13, 19)
    steps = np.linspace(-half, half, size, dtype=np.float32)
    angle = np.deg2rad(rng.normal(0, 6 if kind in ("lateral", "belly", "pelvis", "skull") else 60))
    column, row = np.meshgrid(steps - rng.normal(0, 1.5), steps - rng.normal(0, 1.5))
    x, y = np.cos(angle) * column - np.sin(angle) * row, np.sin(angle) * column + np.cos(angle) * row
    sheet = Sheet(x * rng.choice([-1, 1]), y, rng)
    return _exposed((BODY_PARTS | {"lateral": _lateral_chest})[kind](sheet), rng)


def _capsule(s: Sheet, a: tuple[float, float], b: tuple[float, float], ra: float, rb: float) -> np.ndarray:
    """Chord in cm of a rod from a to b whose radius goes from ra to rb."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = np.clip(((s.x - a[0]) * dx + (s.y - a[1]) * dy) / (dx * dx + dy * dy + 1e-6), 0, 1)
    distance = (s.x - a[0] - along * dx) ** 2 + (s.y - a[1] - along * dy) ** 2
    return 2 * np.sqrt(np.clip((ra + along * (rb - ra)) ** 2 - distance, 0, None))


def _bone(s: Sheet, a: tuple[float, float], b: tuple[float, float], radius: float) -> np.ndarray:
    """A long bone: a hard shell around marrow, wider at its ends."""
    shaft = _capsule(s, a, b, radius, radius) - 0.8 * _capsule(s, a, b, 0.62 * radius, 0.62 * radius)
    ends = sum(ellipse(s, end, (1.5 * radius, 1.3 * radius, 1.2 * radius)) for end in (a, b))
    return shaft + 0.6 * ends


def _limb(s: Sheet) -> np.ndarray:
    rng = s.rng
    thick, bend = rng.uniform(3.0, 7.5), np.deg2rad(rng.uniform(-50, 50))
    joint = (rng.normal(0, 1.5), rng.uniform(-6, 6))
    upper = (joint[0] + rng.normal(0, 1), joint[1] - 25)
    lower = (joint[0] + 25 * np.sin(bend), joint[1] + 25 * np.cos(bend))
    depth: np.ndarray = np.maximum(
        _capsule(s, upper, joint, 1.2 * thick, thick), _capsule(s, joint, lower, thick, 0.7 * thick)
    )
    radius = 0.24 * thick * rng.uniform(0.8, 1.2)
    depth = depth + BONE * _bone(s, upper, (joint[0], joint[1] - radius), radius)
    apart = rng.uniform(0.9, 1.6) * radius
    for side in (-1, 1) if rng.random() < 0.6 else (0,):
        start = (joint[0] + side * apart, joint[1] + radius)
        depth = depth + BONE * _bone(
            s, start, (lower[0] + side * apart, lower[1]), radius * (0.65 if side else 0.95)
        )
    return depth


def _hand(s: Sheet) -> np.ndarray:
    rng, scale = s.rng, s.rng.uniform(0.9, 1.4)
    depth = 0.5 * ellipse(s, (0, 2), (4.2 * scale, 4.8 * scale, 1.6)) + 0.4 * _capsule(
        s, (0, 6), (0, 24), 2.8, 3.2
    )
    for finger in range(5):
        spread = np.deg2rad((finger - 2) * rng.uniform(9, 16) + (-28 if finger == 0 else 0))
        at = np.array([(finger - 2) * 1.6 * scale, 4.0 * scale])
        for length in (5.5, 3.6, 2.4, 1.8)[: 3 if finger == 0 else 4]:
            ahead = at + scale * length * np.array([np.sin(spread), -np.cos(spread)])
            a, b = (float(at[0]), float(at[1])), (float(ahead[0]), float(ahead[1]))
            depth = (
                depth
                + 0.5 * _capsule(s, a, b, 0.95 * scale, 0.85 * scale)
                + BONE * 0.8 * _bone(s, a, b, 0.36 * scale)
            )
            at = ahead + 0.25 * scale * np.array([np.sin(spread), -np.cos(spread)])
    for side in (-1, 1):
        depth = depth + BONE * _bone(s, (1.3 * side, 7.5), (1.5 * side, 24), 0.8)
    for _ in range(8):
        depth = depth + BONE * ellipse(s, (rng.uniform(-2.2, 2.2), rng.uniform(4.5, 7)), (0.8, 0.8, 0.7))
    return depth


def _spine(s: Sheet, x: float, top: float, bottom: float, width: float) -> np.ndarray:
    depth, y = s.empty, top
    while y < bottom:
        depth = depth + 0.7 * ellipse(s, (x + 0.2 * np.sin(y / 5), y), (width, 1.25, 1.5))
        depth = depth + 0.5 * ellipse(s, (x, y + 0.7), (0.35 * width, 1.1, 1.0))
        y += 2.9
    return depth


def _pelvis(s: Sheet) -> np.ndarray:
    rng, k = s.rng, s.rng.uniform(0.9, 1.15)
    depth = ellipse(s, (0, 0), (19 * k, 30, 10)) + BONE * _spine(s, 0, -20, -4, 2.4)
    depth = depth + BONE * ellipse(s, (0, -2), (4.5 * k, 5, 1.6))
    for side in (-1, 1):
        wing = ellipse(s, (side * 9 * k, -4), (5.6 * k, 7, 1.4), side * 30)
        hollow = ellipse(s, (side * 9.6 * k, -5), (4.2 * k, 5.5, 0.9), side * 30)
        ring = ellipse(s, (side * 4.2 * k, 9), (3.4, 3.6, 1.2)) - ellipse(
            s, (side * 4.2 * k, 9), (2.0, 2.2, 1.15)
        )
        head = ellipse(s, (side * 9.5 * k, 5), (2.5, 2.5, 2.2))
        femur = _bone(s, (side * 12 * k, 8), (side * 12.5 * k, 26), 1.7)
        neck = _capsule(s, (side * 9.5 * k, 5), (side * 12 * k, 8), 1.7, 1.7)
        depth = depth + BONE * (wing - 0.5 * hollow + ring + head + femur + 0.7 * neck)
    return depth + AIR * _gas(s, (0, -8), int(rng.integers(1, 6)))


def _gas(s: Sheet, around: tuple[float, float], count: int) -> np.ndarray:
    rng, gas = s.rng, s.empty
    for _ in range(count):
        centre = (around[0] + rng.normal(0, 6), around[1] + rng.normal(0, 5))
        gas = np.maximum(
            gas, ellipse(s, centre, (rng.uniform(0.8, 3.5), rng.uniform(0.8, 2), 2.5), rng.uniform(0, 180))
        )
    return gas


def _belly(s: Sheet) -> np.ndarray:
    rng = s.rng
    depth = ellipse(s, (0, 2), (rng.uniform(14, 19), 32, 10)) + BONE * _spine(
        s, rng.normal(0, 0.6), -22, 20, 2.3
    )
    for side in (-1, 1):
        for rib in range(rng.integers(1, 4)):
            start, end = (side * 2, -16 + 3.2 * rib), (side * rng.uniform(9, 12), -9 + 3.2 * rib)
            depth = depth + BONE * 0.5 * _capsule(s, start, end, 0.6, 0.45)
        depth = depth + BONE * 0.6 * ellipse(s, (side * 10, 18), (5.5, 7, 1.2), side * 30)
    return depth + AIR * _gas(s, (0, 3), int(rng.integers(3, 14)))


def _skull(s: Sheet) -> np.ndarray:
    rng, side_view = s.rng, s.rng.random() < 0.5
    wide = rng.uniform(9, 10) if side_view else rng.uniform(7, 8)
    shell = ellipse(s, (0, -3), (wide, 9.5, 7.5)) - 0.9 * ellipse(s, (0, -3), (wide - 0.7, 8.8, 6.9))
    depth = (
        ellipse(s, (0, -2), (wide + 0.6, 10.5, 8)) * 0.8 + BONE * shell + _capsule(s, (0, 8), (0, 25), 5.5, 6)
    )
    face = (-5.5, 6) if side_view else (0, 6)
    depth = depth + BONE * 0.5 * ellipse(s, face, (3.6, 5.5, 3))
    for orbit in (-1, 1):
        centre = (face[0] - 1, 1.5) if side_view else (orbit * 3.2, 1.5)
        depth = depth + AIR * ellipse(s, centre, (1.8, 1.6, 2.0))
    depth = (
        depth
        + AIR * ellipse(s, (face[0], 5), (1.3, 2.5, 2.5))
        + BONE * _spine(s, 1.5 if side_view else 0, 10, 26, 1.6)
    )
    skull: np.ndarray = depth + BONE * 0.8 * _capsule(s, (face[0] - 2.5, 11), (face[0] + 2.5, 10), 0.9, 0.9)
    return skull


def _lateral_chest(s: Sheet) -> np.ndarray:
    """Seen from the side: front at negative x; both lungs on top of each other, heart in front, spine behind."""
    rng = s.rng
    deep, lean = rng.uniform(10.0, 13.5), rng.uniform(-8, 8)
    depth = 1.6 * ellipse(s, (0, 4), (deep, 27, 13), lean) + 0.5 * _capsule(s, (1, -24), (0, -13), 6, 9)
    lung = ellipse(s, (0.3, -1), (deep - 2.4, 12.5, 11), lean) - 0.3 * ellipse(s, (0.3, 9), (deep - 3, 5, 8))
    heart = ellipse(s, (-0.32 * deep, 4), (0.48 * deep, 6.0, 6.5), -25)
    dome = rng.uniform(5.5, 9.5)
    below = np.clip((s.y - dome - 0.02 * (s.x + 2) ** 2 - 0.35 * np.clip(s.x, 0, None)) * 2, 0, 1)
    lung = np.clip(lung - 0.9 * heart, 0, None) * (1 - below)
    depth = depth + AIR * 1.5 * lung + 0.4 * heart
    depth = (
        depth
        + BONE * 0.8 * _spine(s, 0.72 * deep, -22, 24, 1.9)
        + BONE * 0.5 * _capsule(s, (-0.86 * deep, -9), (-0.95 * deep, 6), 0.7, 0.7)
    )
    for rib in range(9):
        y = -11 + 2.6 * rib + rng.normal(0, 0.2)
        for lag in (0, rng.uniform(0.3, 1.2)):
            depth = depth + BONE * 0.3 * _capsule(
                s, (0.75 * deep, y - 2 + lag), (-0.6 * deep, y + 3.5 + lag), 0.45, 0.4
            )
    hilum = ellipse(s, (0.5, -0.5), (2.2, 2.6, 1.5)) + _capsule(s, (0, -14), (0.8, -2), 0.8, 0.8) * AIR
    arms = _capsule(s, (1, -14), (rng.uniform(-7, 2), -26), 3.5, 3.5) * rng.choice([0.0, 0.7])
    chest: np.ndarray = depth + hilum + arms
    return chest


def _exposed(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Quantum noise, blur, scatter and a film's grey curve."""
    depth = depth + 0.06 * np.abs(depth).mean() * gaussian_filter(
        rng.standard_normal(depth.shape), rng.uniform(1, 4)
    )
    signal = np.exp(-np.clip(depth, 0, None) * rng.uniform(0.05, 0.13))
    signal = signal + rng.uniform(0.02, 0.25) * gaussian_filter(signal, 12)
    signal = gaussian_filter(signal, rng.uniform(0.3, 0.9)) * (1 + rng.normal(0, 0.015, depth.shape))
    film = -np.log(np.clip(signal, 1e-4, None))
    low, high = np.percentile(film, [rng.uniform(0, 8), rng.uniform(96, 100)])
    grey = np.clip((film - low) / max(high - low, 1e-3), 0, 1)
    picture: np.ndarray = (grey ** rng.uniform(0.7, 1.4)).astype(np.float32)
    return picture


BODY_PARTS: dict[str, Callable[[Sheet], np.ndarray]] = {
    "limb": _limb,
    "hand": _hand,
    "pelvis": _pelvis,
    "belly": _belly,
    "skull": _skull,
}
