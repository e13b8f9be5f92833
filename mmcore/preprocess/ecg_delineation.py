"""Where the waves of an ECG lie: beats, the typical beat and its P wave, QRS complex, ST segment and T wave."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt

RATE_HZ = 100
PRE, POST = 38, 58  # samples of a beat before and after its centre
SEARCH = 4  # samples a beat may be shifted to lie on the typical one
NEAR = 12  # samples on either side of the centre that decide the shift
ALIKE = 0.85  # correlation from which two beats have one form
_QRS_BAND = butter(2, [5, 20], "band", fs=RATE_HZ, output="sos")
_BEAT_BAND = butter(2, 1, "high", fs=RATE_HZ, output="sos")


@dataclass(frozen=True)
class Beats:
    """centres: sample of every beat found. placed: those with room, aligned. usual (n,): of the typical form. likeness (n,):
    correlation to the typical beat. every (n, 12, 96) and typical (12, 96), millivolts.
    """

    centres: np.ndarray
    placed: np.ndarray
    usual: np.ndarray
    likeness: np.ndarray
    every: np.ndarray
    typical: np.ndarray


@dataclass(frozen=True)
class Waves:
    """Bounds within the typical beat, in samples: onset and offset of the QRS complex (exact ones with fractions)."""

    onset: int
    offset: int
    exact_onset: float
    exact_offset: float
    t_start: int
    t_end: int

    @property
    def p_start(self) -> int:
        return max(0, self.onset - 26)

    @property
    def p_end(self) -> int:
        return self.onset - 3


def find_beats(samples: np.ndarray) -> np.ndarray:
    """Centres of the QRS complexes of (12, n): peaks of the steepness between 5 and 20 Hz, summed over the leads."""
    steep = np.gradient(sosfiltfilt(_QRS_BAND, samples, axis=-1), axis=-1) ** 2
    steep = steep / (np.percentile(steep, 99, axis=-1, keepdims=True) + 1e-9)
    energy = np.convolve(np.minimum(steep, 1.5).mean(0), np.ones(8) / 8, "same")
    found, _ = find_peaks(energy, height=0.35 * np.percentile(energy, 98), distance=27)
    if len(found) > 2:
        found = found[energy[found] > 0.3 * np.median(energy[found])]
    centres = []
    for place in found:
        span = np.arange(max(0, place - 6), min(len(energy), place + 7))
        weight = energy[span] ** 2
        centres.append(round(float((weight * span).sum() / weight.sum())))
    return np.unique(np.array(centres, dtype=int))


def lay_together(samples: np.ndarray, centres: np.ndarray) -> Beats | None:
    """The beats of (12, n) laid on each other and their typical form; None where fewer than two fit in."""
    length = samples.shape[1]
    placed = centres[(centres >= PRE) & (centres + POST <= length)]
    if len(placed) < 2:
        return None
    every = _cut(samples, placed)
    usual = _usual(every)
    typical = np.median(every[usual], axis=0)
    for _ in range(2):
        placed = np.array([_shifted(samples, place, typical) for place in placed])
        placed = np.clip(placed, PRE, length - POST)
        every = _cut(samples, placed)
        typical = np.median(every[usual], axis=0)
    near = every[:, :, PRE - 10 : PRE + 25].reshape(len(every), -1)
    own = typical[:, PRE - 10 : PRE + 25].reshape(-1)
    likeness = (near @ own) / (np.linalg.norm(near, axis=1) * np.linalg.norm(own) + 1e-9)
    return Beats(centres, placed, usual, likeness, every, typical)


def _cut(samples: np.ndarray, placed: np.ndarray) -> np.ndarray:
    return np.array([samples[:, i - PRE : i + POST] for i in placed])


def _usual(every: np.ndarray) -> np.ndarray:
    """Which beats have the commonest form, two at least."""
    core = sosfiltfilt(_BEAT_BAND, every, axis=-1)[:, :, PRE - 10 : PRE + 12].reshape(len(every), -1)
    core = core / (np.linalg.norm(core, axis=1, keepdims=True) + 1e-9)
    like = core @ core.T
    usual: np.ndarray = like[np.argmax((like > 0.9).sum(1))] > ALIKE
    if usual.sum() >= 2:
        return usual
    closest = like[np.argmax(np.sort(like, 1)[:, -2])]
    pair: np.ndarray = closest >= np.sort(closest)[-2]
    return pair


def _shifted(samples: np.ndarray, place: int, typical: np.ndarray) -> int:
    """Where within 40 ms of `place` the typical beat fits best."""
    best, where = -np.inf, place
    for shift in range(-SEARCH, SEARCH + 1):
        first, last = place + shift - NEAR, place + shift + NEAR
        if first < 0 or last > samples.shape[1]:
            continue
        fit = float((samples[:, first:last] * typical[:, PRE - NEAR : PRE + NEAR]).sum())
        if fit > best:
            best, where = fit, place + shift
    return where


def delineate(typical: np.ndarray, rr_seconds: float) -> Waves:
    """Bounds of the waves of a typical beat (12, 96), from how fast the twelve leads move together."""
    room = min(POST, int(rr_seconds * RATE_HZ) - 12)
    speed = np.sqrt((np.gradient(typical, axis=1) ** 2).sum(0))
    middle = PRE - 8 + int(np.argmax(speed[PRE - 8 : PRE + 9]))
    top = speed[middle]
    rest = np.percentile(speed[5 : max(PRE + room - 2, 60)], 25)
    limit = rest + 0.12 * (top - rest)
    onset = middle
    while onset > PRE - 16 and (speed[onset] > limit or speed[onset - 1] > limit):
        onset -= 1
    offset = middle
    while offset < PRE + 20 and (speed[offset] > limit or speed[offset + 1] > limit):
        offset += 1
    start, end = offset + 6, min(PRE + room, typical.shape[1])
    if end - start < 8:
        start, end = offset + 3, min(offset + 14, typical.shape[1])
    exact_onset = onset + _crossing(speed[onset], speed[onset + 1], limit)
    exact_offset = offset - _crossing(speed[offset], speed[offset - 1], limit)
    return Waves(onset, offset, exact_onset, exact_offset, start, end)


def _crossing(low: float, high: float, limit: float) -> float:
    """How far between two samples the limit is crossed, 0 to 1."""
    return float(np.clip((limit - low) / (high - low + 1e-12), 0, 1))
