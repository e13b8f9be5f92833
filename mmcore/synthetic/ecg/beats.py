"""Made-up heart beats: waves of a moving dipole seen by twelve leads, healthy and with the textbook's diseases."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from mmcore.domain.case import LEADS, further_limb_leads
from mmcore.preprocess.ecg_delineation import PRE, Beats, Waves

CENTRE = 40  # sample of the beat that a made-up QRS complex is centred on
LENGTH = 100  # samples of a made-up beat at 100 Hz
# Dower's transform: what a dipole (left, down, back) shows in V1 to V6, I and II (Dower et al. 1980, J Electrocardiol 13:109)
_DOWER = {
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
}


def _lead_field() -> np.ndarray:
    seen = {name: np.array(row) for name, row in _DOWER.items()}
    seen |= further_limb_leads(seen["I"], seen["II"])
    return np.stack([seen[name] for name in LEADS])


LEAD_FIELD = _lead_field()  # (12, 3)


@dataclass(frozen=True)
class Wave:
    """A Gaussian: centre and width in milliseconds from the middle of the QRS complex, dipole (left, down, back) in mV."""

    centre: float
    width: float
    dipole: tuple[float, float, float]


@dataclass(frozen=True)
class Beat:
    """p (12, 100) and complex (12, 100), mV at 100 Hz around CENTRE; the QRS onset and offset in samples."""

    p: np.ndarray
    complex: np.ndarray
    onset: int
    offset: int


Bump: TypeAlias = tuple[str, float, float, float]  # lead, centre and width in ms, mV


@dataclass(frozen=True)
class Shape:
    """The waves of one beat in order, and bumps that single leads show beside the dipole."""

    p: tuple[Wave, ...]
    qrs: tuple[Wave, ...]
    t: tuple[Wave, ...]
    near: tuple[Bump, ...] = ()
    width_ms: float = 90


HEALTHY = Shape(
    p=(Wave(-160, 18, (0.03, 0.08, -0.03)), Wave(-140, 18, (0.05, 0.05, 0.03))),
    qrs=(
        Wave(-28, 9, (-0.24, -0.08, -0.38)),
        Wave(-3, 13, (1.45, 1.10, 0.38)),
        Wave(22, 10, (0.08, -0.15, 0.75)),
    ),
    t=(Wave(225, 50, (0.25, 0.18, -0.20)), Wave(270, 32, (0.16, 0.12, -0.10))),
)


def lv_hypertrophy(strain: float = 1.0) -> Shape:
    """High voltages to the left and back, a broad late P, ST depression and T inversion over the left leads."""
    return replace(
        HEALTHY,
        p=(Wave(-165, 20, (0.03, 0.07, -0.04)), Wave(-125, 24, (0.08, 0.06, 0.09))),
        qrs=(
            Wave(-32, 10, (-0.1, -0.05, -0.22)),
            Wave(0, 16, (1.9, 0.35, 1.0)),
            Wave(28, 12, (0.3, -0.2, 1.0)),
        ),
        t=(
            Wave(225, 55, (0.25 - 0.55 * strain, 0.15 - 0.15 * strain, -0.20 - 0.15 * strain)),
            Wave(110, 45, (-0.16 * strain, -0.03, -0.1 * strain)),
        ),
        width_ms=100,
    )


def inferior_infarct(acute: float = 0.3) -> Shape:
    """Q waves and inverted T in II, III and aVF; ST elevation there while it is acute."""
    return replace(
        HEALTHY,
        qrs=(
            Wave(-30, 14, (0.05, -0.62, -0.15)),
            Wave(0, 13, (0.9, 0.2, 0.25)),
            Wave(24, 10, (0.0, 0.15, 0.5)),
        ),
        t=(
            Wave(235, 55, (0.25, -0.32 + 0.4 * acute, -0.25)),
            Wave(110, 50, (-0.1 * acute, 0.45 * acute, 0.1 * acute)),
        ),
    )


def anterior_infarct(acute: float = 0.3) -> Shape:
    """No R in V1 to V3, inverted T there; ST elevation while it is acute."""
    return replace(
        HEALTHY,
        qrs=(
            Wave(-28, 14, (-0.05, 0.05, 0.55)),
            Wave(-2, 13, (0.75, 0.6, 0.55)),
            Wave(22, 10, (0.05, -0.1, 0.45)),
        ),
        t=(
            Wave(235, 50, (-0.1, 0.1, 0.38 - 0.6 * acute)),
            Wave(110, 50, (0.2 * acute, 0, -0.45 * acute)),
        ),
    )


def left_bundle_branch_block() -> Shape:
    """One broad notched complex to the left and back, no septal q, T against it."""
    return replace(
        HEALTHY,
        p=tuple(replace(w, centre=w.centre - 35) for w in HEALTHY.p),
        qrs=(
            Wave(-30, 16, (0.45, 0.25, 0.75)),
            Wave(5, 22, (0.85, 0.1, 1.15)),
            Wave(45, 18, (0.75, -0.15, 0.75)),
        ),
        t=(
            Wave(250, 60, (-0.35, 0.05, -0.45)),
            Wave(120, 50, (-0.15, 0.0, -0.25)),
        ),
        width_ms=150,
    )


def right_bundle_branch_block(width_ms: float = 125) -> Shape:
    """A late wave to the right and front: rSR' in V1, a broad S in I and V6."""
    late = width_ms / 2 - 22
    return replace(
        HEALTHY,
        qrs=(*HEALTHY.qrs, Wave(late, 8 + (width_ms - 90) / 4, (-0.35, 0.02, -0.60))),
        t=(
            Wave(235, 50, (0.28, 0.15, 0.05)),
            Wave(270, 32, (0.15, 0.1, 0.0)),
        ),
        width_ms=width_ms,
    )


def left_anterior_block() -> Shape:
    """First down and right, then up and left: axis beyond -45 degrees."""
    return replace(
        HEALTHY,
        qrs=(
            Wave(-26, 9, (-0.12, 0.3, -0.15)),
            Wave(2, 14, (0.8, -0.55, 0.25)),
            Wave(26, 11, (0.1, -0.55, 0.4)),
        ),
        width_ms=100,
    )


def brugada_like(coved: bool = True) -> Shape:
    """A high J point in V1 and V2 that slopes down to a negative T (type 1) or dips before a positive one (type 2)."""
    second = -0.22 if coved else 0.2
    near = tuple(
        (lead, centre, width, size * share)
        for lead, share in (("V1", 0.8), ("V2", 1.0), ("V3", 0.35))
        for centre, width, size in ((52, 16, 0.30), (95, 32, 0.26), (225, 45, second))
    )
    return replace(
        HEALTHY,
        t=(Wave(235, 50, (0.28, 0.18, -0.03)), Wave(270, 32, (0.16, 0.12, 0.0))),
        near=near,
        width_ms=105,
    )


DISEASES = (
    lv_hypertrophy,
    inferior_infarct,
    anterior_infarct,
    left_bundle_branch_block,
    right_bundle_branch_block,
    left_anterior_block,
    brugada_like,
)


def draw(shape: Shape) -> Beat:
    """The beat that twelve leads would record of `shape`."""
    onset = CENTRE - round(shape.width_ms / 20)
    return Beat(
        _seen(shape.p, ()),
        _seen((*shape.qrs, *shape.t), shape.near),
        onset,
        onset + round(shape.width_ms / 10),
    )


def _seen(waves: tuple[Wave, ...], near: tuple[Bump, ...]) -> np.ndarray:
    time = (np.arange(LENGTH) - CENTRE) * 10.0
    dipole = np.zeros((3, LENGTH))
    for wave in waves:
        dipole += np.array(wave.dipole)[:, None] * np.exp(-0.5 * ((time - wave.centre) / wave.width) ** 2)
    seen = LEAD_FIELD @ dipole
    for lead, centre, width, size in near:
        seen[LEADS.index(lead)] += size * np.exp(-0.5 * ((time - centre) / width) ** 2)
    return seen


def varied(shape: Shape, rng: np.random.Generator) -> Shape:
    """The same disease in another patient: every wave a little other in time, width and dipole; P and T as wholes too."""

    def other(wave: Wave, spread: float) -> Wave:
        dipole = np.array(wave.dipole)
        turned = dipole * rng.lognormal(0, spread) + rng.normal(0, 0.12, 3) * np.linalg.norm(dipole)
        return Wave(
            wave.centre + rng.normal(0, 3),
            wave.width * rng.lognormal(0, 0.12),
            (float(turned[0]), float(turned[1]), float(turned[2])),
        )

    later, longer = rng.normal(0, 20), rng.normal(0, 15)
    p = tuple(other(replace(w, centre=w.centre - longer), 0.3) for w in shape.p)
    t = tuple(other(replace(w, centre=w.centre + later), 0.35) for w in shape.t)
    near = tuple((lead, c, w, a * rng.lognormal(0, 0.25)) for lead, c, w, a in shape.near)
    return replace(shape, p=p, qrs=tuple(other(w, 0.25) for w in shape.qrs), t=t, near=near)


def of_recording(beats: Beats, waves: Waves) -> Beat:
    """The typical beat of a real recording, its P wave and its complex cut apart and faded out at the ends."""
    typical = np.zeros((12, LENGTH))
    shift = CENTRE - PRE
    typical[:, shift : shift + beats.typical.shape[1]] = beats.typical
    onset, offset = waves.onset + shift, waves.offset + shift
    typical -= typical[:, onset - 3 : onset].mean(1, keepdims=True)
    place = np.arange(LENGTH)
    before = np.clip((place - (onset - 26)) / 4, 0, 1) * np.clip((onset - 2 - place) / 3, 0, 1)
    end = min(LENGTH, waves.t_end + shift)
    after = np.clip((place - onset + 3) / 3, 0, 1) * np.clip((end - place) / 6, 0, 1)
    return Beat(typical * before, typical * after, onset, offset)
