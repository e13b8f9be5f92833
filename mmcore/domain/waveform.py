"""A decoded electrocardiogram: samples in millivolts by lead, and what its file said about it."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from mmcore.domain.case import Notice

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


@dataclass(frozen=True)
class Waveform:
    """samples (L leads, n) float32 in millivolts at rate_hz, rows in the order of `leads`; None where the file is silent.

    `notices` say what was corrected or doubtful while reading.
    """

    samples: np.ndarray
    rate_hz: float
    leads: tuple[str, ...]
    taken: date | None = None
    patient_hash: str | None = None
    notices: tuple[Notice, ...] = ()
