"""Signals that are no ECG, and ECGs recorded wrongly, for measuring what the gate of recordings catches."""

from collections.abc import Callable

import numpy as np

from mmcore.domain.case import arms_exchanged
from mmcore.preprocess.waveform import LENGTH, RATE_HZ

TIME = np.arange(LENGTH) / RATE_HZ


def _gains(rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1, 1], (12, 1)) * rng.uniform(0.2, 1, (12, 1))


def pulse_wave(rng: np.random.Generator) -> np.ndarray:
    """A finger's pulse with its second wave, 54 to 96 a minute. (12, LENGTH), in all leads."""
    phase = 2 * np.pi * rng.uniform(0.9, 1.6) * TIME
    return _gains(rng) * (np.maximum(0, np.sin(phase)) ** 2 + 0.3 * np.maximum(0, np.sin(phase + 2)) ** 2)


NO_ECG: dict[str, Callable[[np.random.Generator], np.ndarray]] = {  # (12, 1000) millivolts
    "white_noise": lambda rng: rng.normal(0, 0.3, (12, LENGTH)),
    "random_walk": lambda rng: np.cumsum(rng.normal(0, 0.05, (12, LENGTH)), axis=1),
    "sine": lambda rng: _gains(rng) * np.sin(2 * np.pi * rng.uniform(0.8, 3) * TIME),
    "square_wave": lambda rng: _gains(rng) * np.sign(np.sin(2 * np.pi * rng.uniform(0.8, 2) * TIME)),
    "pulse_wave": pulse_wave,
}
SPOILT: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {  # of a real ECG (12, 1000)
    "leads_shuffled": lambda ecg, rng: ecg[rng.permutation(12)],
    "arms_exchanged": lambda ecg, rng: arms_exchanged(ecg),
    "upside_down": lambda ecg, rng: -ecg,
    "four_times_too_high": lambda ecg, rng: 4 * ecg,
    "very_noisy": lambda ecg, rng: ecg + rng.normal(0, 0.25, ecg.shape),
}
