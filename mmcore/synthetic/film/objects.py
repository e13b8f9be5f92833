"""What lies on the patient of a synthetic radiograph, as optical depth: side marker, electrodes, leads."""

import numpy as np

from mmcore.synthetic.film.anatomy import Body, Frame, tube


def side_marker(f: Frame, rng: np.random.Generator) -> np.ndarray:
    """A lead letter L above the patient's left shoulder, on every film. (H, W)."""
    corner = np.array([rng.uniform(12.0, 14.0), rng.uniform(-15.2, -14.2)])
    letter = np.array([[0, 0], [0, 1.1], [0.7, 1.1]])
    distance, _ = tube(f, corner + letter, np.full(3, 0.13), np.ones(3))
    return 3.0 * np.clip((1.2 - distance) / 0.4, 0, 1)


def electrodes(f: Frame, b: Body, rng: np.random.Generator) -> np.ndarray:
    """Three stickers with wires, on most supine patients and few others, whatever the disease. (H, W)."""
    total = np.zeros_like(f.x)
    if rng.random() > (0.6 if b.supine else 0.06):
        return total
    for x, y in ((-9.5, -8.0), (9.5, -8.5), (10.0, 6.0)):
        at = np.array([x, y]) + rng.normal(0, 1.0, 2)
        disc, _ = tube(f, np.stack([at, at + 0.01]), np.full(2, 0.65), np.ones(2))
        stud, _ = tube(f, np.stack([at, at + 0.01]), np.full(2, 0.28), np.ones(2))
        t = np.linspace(0, 1, 24)[:, None]
        bow = np.array([rng.normal(0, 3.0), 0.0])
        end = np.array([rng.normal(4, 4), 19.0])
        wire, _ = tube(f, (1 - t) * at + t * end + np.sin(np.pi * t) * bow, np.full(24, 0.09), np.ones(24))
        total += 0.14 * (disc < 1) + 0.35 * (stud < 1) + 0.22 * np.clip((1.2 - wire) / 0.5, 0, 1)
    return total
