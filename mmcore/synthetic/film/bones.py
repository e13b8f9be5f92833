"""The skeleton of a synthetic chest as maps of its thickness along the rays, in cm of compact bone."""

import numpy as np

from mmcore.synthetic.film.anatomy import LEFT, RIGHT, Body, Frame, cloud, tube
from mmcore.synthetic.film.chords import ellipse


def hollow(distance: np.ndarray, shell: float, marrow: float) -> np.ndarray:
    """Chord over diameter of a bone with a compact shell, which makes its bright edges, around marrow.

    distance (H, W) from the axis in radii.
    """
    outer = np.sqrt(np.clip(1 - distance**2, 0, None))
    inner = np.sqrt(np.clip((1 - shell) ** 2 - distance**2, 0, None))
    chord: np.ndarray = outer - (1 - marrow) * inner
    return chord


def ribs(f: Frame, b: Body, rng: np.random.Generator) -> np.ndarray:
    """Ten pairs: each leaves the spine, turns at the side of the chest and falls forward to its cartilage.

    Over the film (H, W).
    """
    total = np.zeros_like(f.x)
    gap = rng.uniform(2.1, 2.35) * b.height
    for side in (LEFT, RIGHT):
        for number in range(1, 11):
            back = -13.4 * b.height + gap * (number - 1) + rng.normal(0, 0.1)
            total += rib(f, b, side, number, back, rng.normal(1, 0.06))
    return total * (1 + 0.1 * cloud(rng, f.size, 110))


def rib(f: Frame, b: Body, side: float, number: int, back: float, girth: float) -> np.ndarray:
    """One rib as half an ellipse tilted forward; back: height of its joint in cm, girth: 1 = average.

    Over the film (H, W).
    """
    end = 118 if number == 1 else 142 - 2.5 * abs(number - 5) - 14 * max(number - 8, 0)
    phi = np.deg2rad(np.linspace(4, end, 34))
    fall = b.lordosis * (0.5 + 0.055 * number) * (0.75 if number == 1 else 1)
    middle = back + 0.5 * fall
    reach = np.clip(1 - np.clip((9 - middle) / (23.2 * b.height), 0, 1) ** b.barrel, 0.03, 1) ** 0.5
    half = (4.7 + 8.8 * reach - (1.6 if number == 1 else 0.7 if number == 2 else 0)) * b.width - (
        0.25 * (number - 9) if number > 9 else 0
    )
    depth = 7.5
    x = half * np.sin(phi) ** 0.72 - 7 * b.rotation * side * np.cos(phi)
    y = (
        back
        + fall * (1 - np.cos(phi)) / 2
        - 0.9 * np.sin(np.clip(phi * 2.2, 0, np.pi)) * (1 if number > 1 else 0.4)
    )
    points = np.stack([side * x, y, -depth * np.cos(phi)], 1)
    step = np.gradient(points, axis=0)
    oblique = np.linalg.norm(step, axis=1) / np.maximum(np.linalg.norm(step[:, :2], axis=1), 0.05)
    along = np.linspace(0, 1, len(phi))
    radius = girth * (0.48 + 0.16 * along**2 + 0.006 * number) * (1 - 0.45 * along * (number > 8))
    fade = np.clip((1 - along) / 0.22, 0, 1) * np.clip(oblique, 1, 1.8)
    distance, weight = tube(f, points[:, :2], radius, fade)
    bone: np.ndarray = 0.92 * weight * hollow(distance, 0.17, 0.3)
    return bone


def clavicles(f: Frame, b: Body, rng: np.random.Generator) -> np.ndarray:
    """Both clavicles, S-shaped; higher and flatter on a supine film. (H, W)."""
    total = np.zeros_like(f.x)
    lift = rng.normal(-1.6 if b.supine else -0.2, 0.5)
    for side in (LEFT, RIGHT):
        t = np.linspace(0, 1, 16)
        x = 1.9 + 13.6 * t * b.width
        y = -9.0 + lift - 3.4 * t**0.8 - 0.75 * np.sin(2 * np.pi * t) + rng.normal(0, 0.15)
        radius = 0.68 + 0.4 * (1 - t) ** 6 + 0.15 * t**3
        points = np.stack([side * x + 7 * b.rotation, y], 1)
        distance, _ = tube(f, points, radius, radius)
        total += 1.5 * hollow(distance, 0.26, 0.4)
    return total


def shoulders(f: Frame, b: Body, rng: np.random.Generator) -> np.ndarray:
    """Scapulae with their dense borders, the sockets, and the heads and shafts of the upper arms. (H, W)."""
    total = np.zeros_like(f.x)
    inward = rng.uniform(1.2, 3.2) if b.supine else rng.uniform(-1.2, 0.8)
    for side in (LEFT, RIGHT):
        s = side * b.width
        angle = np.array(
            [[12.2 - inward, -11.6], [11.6 - inward, -7.5], [12.3 - inward, -2.0], [13.4 - inward, 0.8]]
        )
        outer = np.array([[13.4 - inward, 0.8], [14.4 - 0.7 * inward, -4], [15.8 - 0.3 * inward, -9.4]])
        spine = np.array([[11.9 - inward, -10.2], [14.5 - 0.5 * inward, -12.2], [17.2, -13.6]])
        for line, radius, weight in ((angle, 0.22, 0.35), (outer, 0.42, 0.5), (spine, 0.5, 0.4)):
            distance, _ = tube(f, line * [s, 1], np.full(len(line), radius), np.ones(len(line)))
            total += weight * hollow(distance, 0.35, 0.5)
        blade = np.concatenate([angle, outer, spine[::-1]])
        total += 0.26 * inside_polygon(f, blade * [s, 1])
        head = ellipse(f, (s * 17.9, -10.9), (2.5, 2.7, 0.5))
        shell = ellipse(f, (s * 17.9, -10.9), (2.2, 2.4, 0.5))
        socket = ellipse(f, (s * 15.8, -10.4), (0.8, 1.9, 0.4), side * -8)
        shaft, _ = tube(
            f,
            np.array([[s * 18.1, -10.2], [s * 19.4, -2], [s * 21.2, 12]]),
            np.array([1.7, 1.15, 1.1]),
            np.ones(3),
        )
        total += (
            1.5 * head
            - 0.9 * shell
            + socket
            + 1.3 * hollow(shaft, 0.3, 0.3) * np.clip((f.y + 10.5) / 3, 0, 1)
        )
    return total


def inside_polygon(f: Frame, corners: np.ndarray) -> np.ndarray:
    """1 inside a polygon of (N, 2) corners in cm, by counting crossings."""
    inside = np.zeros(f.x.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, 0), strict=True):
        if ay != by:
            inside ^= ((ay > f.y) != (by > f.y)) & (f.x < (bx - ax) * (f.y - ay) / (by - ay) + ax)
    return inside.astype(np.float32)


def spine(f: Frame, rng: np.random.Generator) -> np.ndarray:
    """Vertebral bodies between their discs, with pedicles, transverse and spinous processes. (H, W)."""
    x, y = np.abs(f.x), f.y + 24 + rng.uniform(0, 2)
    growth = 0.057  # cm a vertebra, from 1.75 cm at the top
    number = (np.sqrt(1.75**2 + 2 * growth * y) - 1.75) / growth
    high, half = 1.75 + growth * number, 1.45 + 0.05 * number
    along = (number - np.floor(number) - 0.5) * high  # cm from the middle of this vertebra
    dense = rng.uniform(0.7, 1.15, 30)[np.floor(number).astype(int)]
    waist = (half * (1 - 0.07 * np.cos(2 * np.pi * along / high)) - x) / 0.3
    disc = (high / 2 - 0.13 - np.abs(along) + 0.05 * cloud(rng, f.size, 40)) / 0.14
    edge = np.clip(waist, 0, 1) * np.clip(disc, 0, 1)
    rim = edge * (np.clip(1.5 - waist, 0, 1) + 0.7 * np.clip(2 - disc, 0, 1))
    pedicle = hollow(np.clip(np.hypot((x - 0.66 * half) / 0.36, (along + 0.3) / 0.55), 0, 2), 0.4, 0.3)
    process = hollow(np.clip(np.hypot(f.x / 0.27, (along - 0.55) / 0.75), 0, 2), 0.5, 0.5)
    slant = np.clip(1 - np.abs(along + 0.45 + 0.2 * (x - half)) / 0.42, 0, 1)
    transverse = slant * np.clip((half + 1.3 - x) / 0.4, 0, 1) * (x > 0.8 * half)
    total = 0.6 * np.clip(waist, 0, 1) + dense * (0.4 * edge + 0.25 * rim + 0.4 * pedicle + 0.5 * process)
    bone: np.ndarray = (total + 0.25 * transverse) * (1 + 0.08 * cloud(rng, f.size, 60))
    return bone
