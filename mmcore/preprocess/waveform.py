"""An ECG as the encoder sees it: 100 samples a second, ten seconds, twelve leads in order, baseline wander taken out."""

from fractions import Fraction

import numpy as np

RATE_HZ = 100
SECONDS = 10
LENGTH = RATE_HZ * SECONDS
WANDER_HZ = (
    0.5  # zero-phase high-pass; up to 0.67 Hz leaves the ST segment true (Kligfield et al. 2007, AHA/ACC/HRS)
)
EDGE = 300  # samples mirrored at either end while filtering


def resample(samples: np.ndarray, rate_hz: float) -> np.ndarray:
    """(12, n) at `rate_hz` -> (12, m) at 100 Hz, low-passed below 50 Hz by the polyphase filter."""
    from scipy.signal import resample_poly

    if rate_hz == RATE_HZ:
        return samples
    ratio = Fraction(RATE_HZ / rate_hz).limit_denominator(1000)
    resampled: np.ndarray = resample_poly(
        samples, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
    )
    return resampled


def take_wander_out(samples: np.ndarray) -> np.ndarray:
    """(12, n) at 100 Hz, millivolts -> the same without its median and what moves slower than 0.5 Hz; n > 300."""
    from scipy.signal import butter, filtfilt

    centred = samples - np.median(samples, axis=-1, keepdims=True)
    steady: np.ndarray = filtfilt(*butter(2, WANDER_HZ, "high", fs=RATE_HZ), centred, axis=-1, padlen=EDGE)
    return steady


def ready(samples: np.ndarray, rate_hz: float) -> np.ndarray:
    """(12, n) millivolts at `rate_hz`, n of ten seconds, give or take a few samples -> (12, 1000) float32, what every encoder is given."""
    slow = resample(np.nan_to_num(np.asarray(samples, np.float64)), rate_hz)[:, :LENGTH]
    if slow.shape[1] < LENGTH:
        slow = np.pad(slow, ((0, 0), (0, LENGTH - slow.shape[1])), mode="reflect")
    return take_wander_out(slow).astype(np.float32)
