"""Draws synthetic frontal chest radiographs: a phantom summed along the rays and exposed like a film."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from mmcore.synthetic.film import anatomy, bones, disease, objects, vessels
from mmcore.synthetic.film.anatomy import LEFT, RIGHT

TISSUE_PER_CM, BONE_PER_CM = (
    0.19,
    0.36,
)  # linear attenuation at the mean energy of a chest film; bone beyond tissue
LUNG_DENSITY = 0.27  # of inflated lung against water
FIRST_TRAINING_SEED = 10_000  # smaller seeds are kept for the demonstration cases and never train a model


@dataclass(frozen=True)
class Phantom:
    """A synthetic film: pixels and lung_mask are (size, size), pixels float32 from 0 (air) to 1 (dense)."""

    pixels: np.ndarray
    lung_mask: np.ndarray
    findings: tuple[str, ...]
    seed: int
    label: str


def draw(seed: int, label: str, size: int = 512) -> Phantom:
    """The film of one imagined patient, the same for the same seed; the label changes only the disease.

    label: covid19, other_pneumonia or no_finding; ValueError for another. size: side in pixels.
    """
    if label not in disease.DISEASES:
        raise ValueError(f"label is {label!r}; expected one of {', '.join(disease.DISEASES)}")
    patient, illness, exposure, growth = (np.random.default_rng([seed, stream]) for stream in range(4))
    frame, body = anatomy.frame(patient, size), anatomy.body(patient)
    chest = healthy_chest(frame, body, growth)
    ill = disease.DISEASES[label](chest, illness)
    air = chest.left + chest.right
    lung = air * (1 - LUNG_DENSITY) * (1 - ill.fill) + ill.bronchi
    lung -= (1 - 0.9 * ill.fill) * (1 - LUNG_DENSITY) * healthy_markings(chest, patient)
    gas = anatomy.airways(frame) + 0.8 * anatomy.stomach(frame, body, patient)
    tissue = anatomy.torso(frame, body) + anatomy.breasts(frame, body)
    tissue -= np.minimum(lung + gas, 0.86 * tissue)
    skeleton = bones.ribs(frame, body, patient) + bones.clavicles(frame, body, patient)
    skeleton += bones.shoulders(frame, body, patient) + 0.55 * bones.spine(frame, patient)
    metal = objects.side_marker(frame, patient) + objects.electrodes(frame, body, patient)
    depth = TISSUE_PER_CM * tissue + BONE_PER_CM * skeleton
    pixels = expose(depth, metal, air > 4, exposure)
    return Phantom(pixels, air > 2.5, ill.findings, seed, label)


def healthy_chest(frame: anatomy.Frame, body: anatomy.Body, rng: np.random.Generator) -> disease.Chest:
    """The lungs' air that heart and diaphragm leave, and the vessels that run through it."""
    sides = {side: anatomy.lung_space(frame, body, side) for side in (LEFT, RIGHT)}
    centre = anatomy.mediastinum(frame, body)
    air = {
        s: np.clip(c - centre, 0, None) * (1 - anatomy.diaphragm(frame, body, s)) for s, c in sides.items()
    }
    trees = [vessels.branches(rng, side, sides[side], frame) for side in (LEFT, RIGHT)]
    starts, ends, radii = (np.concatenate(parts) for parts in zip(*trees, strict=True))
    return disease.Chest(frame, body, air[LEFT], air[RIGHT], (starts, ends, radii))


def healthy_markings(chest: disease.Chest, rng: np.random.Generator) -> np.ndarray:
    """Chord in cm of vessels and fine tissue within the lungs. (H, W)."""
    f, air = chest.frame, chest.left + chest.right
    hila = anatomy.hila(f, chest.body) * np.clip(air / 2, 0, 1)
    arteries = vessels.tree(f, *chest.vessels) * np.clip((air - 1) / 6, 0, 1)
    grain = 0.17 * (anatomy.cloud(rng, f.size, 40) + anatomy.cloud(rng, f.size, 90)) * np.clip(air / 8, 0, 1)
    markings: np.ndarray = hila + arteries + grain
    return markings


def expose(depth: np.ndarray, metal: np.ndarray, lungs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Beer-Lambert, scatter, focal blur and quantum noise, then the log response of a digital film.

    depth, metal (H, W) and lungs (H, W) bool -> film (H, W), 0 to 1.
    """
    size = depth.shape[0]
    scale = size / 512
    primary = np.exp(-depth)
    scatter = wide_blur(primary, 26 * scale) * rng.uniform(0.15, 0.45)
    signal = gaussian_filter(primary, rng.uniform(0.4, 0.9) * scale) + scatter
    photons = rng.uniform(4e4, 2e5)
    noisy = signal + gaussian_filter(rng.standard_normal(depth.shape), 0.5) * np.sqrt(signal / photons) * 2
    film = metal - np.log(np.clip(noisy, 1e-4, None))  # metal lies near the detector and stops scatter too
    film = film + rng.uniform(0.0, 0.3) * (film - wide_blur(film, 60 * scale))
    film = film + rng.uniform(0.1, 0.9) * (film - gaussian_filter(film, 4 * scale))
    dark, bright = np.percentile(film[lungs], 8), np.percentile(film, 97)
    low, high = (
        dark - rng.uniform(0.15, 0.6) * (bright - dark),
        bright + rng.uniform(0.0, 0.2) * (bright - dark),
    )
    grey = np.clip((film - low) / (high - low), 0, 1)
    picture: np.ndarray = (grey ** rng.uniform(0.75, 1.15)).astype(np.float32)
    return picture


def wide_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian of many pixels as three running means, whose cost does not grow with its width.

    image (H, W).
    """
    for _ in range(3):
        image = uniform_filter(image, int(round(2 * sigma)) + 1)
    return image
