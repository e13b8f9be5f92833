"""Strips of ten seconds put together from beats: any rate, rhythm and disease, as many as training needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, sosfilt

from mmcore.domain.case import LEADS
from mmcore.preprocess.waveform import LENGTH as SAMPLES
from mmcore.preprocess.waveform import RATE_HZ
from mmcore.synthetic.ecg.beats import CENTRE, DISEASES, HEALTHY, LEAD_FIELD, Beat, Shape, draw, varied

_MUSCLE = butter(2, [15, 45], "band", fs=RATE_HZ, output="sos")
_SPREAD = np.linalg.pinv(LEAD_FIELD)  # (3, 12): the dipole that explains twelve leads best


@dataclass(frozen=True)
class Rhythm:
    """When beats fall: seconds from one to the next, which of them are ectopic, whether the atria beat at all, extra PR (ms)."""

    intervals: np.ndarray
    ventricular: np.ndarray
    atria: bool = True
    waves_hz: float = 0.0  # of fibrillation or flutter
    waves_mv: float = 0.0
    longer_pr: float = 0.0


def sinus(rate: float, rng: np.random.Generator, breathing: float = 0.02) -> Rhythm:
    """Regular beats, a minute's `rate` of them, that quicken and slow with the breath by the share `breathing`."""
    count = int(SAMPLES / RATE_HZ * rate / 60) + 4
    phase = rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi * 0.25 * 60 / rate
    steps = 60 / rate * (1 + breathing * np.sin(phase) + rng.normal(0, 0.007, count))
    return Rhythm(steps, np.zeros(count, bool))


def fibrillation(rate: float, rng: np.random.Generator) -> Rhythm:
    """Irregular beats without P over fibrillating atria."""
    count = int(SAMPLES / RATE_HZ * rate / 60) * 2 + 4
    steps = np.clip(60 / rate * rng.gamma(20, 1 / 20, count), 0.32, 2.2)
    return Rhythm(steps, np.zeros(count, bool), False, rng.uniform(5, 8), rng.uniform(0.01, 0.10))


def flutter(rng: np.random.Generator) -> Rhythm:
    """Saw teeth at 250 to 320 a minute, every second to fourth passed on."""
    hertz, count = rng.uniform(4.2, 5.3), 60
    passed = rng.choice([2, 3, 4], count) if rng.random() < 0.4 else np.full(count, rng.choice([2, 3, 4]))
    return Rhythm(passed / hertz, np.zeros(count, bool), False, hertz, rng.uniform(0.05, 0.2))


def with_early_beats(base: Rhythm, rng: np.random.Generator, wide: bool) -> Rhythm:
    """One beat in seven comes early and, where it is ventricular, is followed by a pause."""
    steps, early = base.intervals.copy(), rng.random(len(base.intervals)) < 0.15
    early[0] = False
    early[1:] &= ~early[:-1]
    share = rng.uniform(0.55, 0.8)
    for place in np.flatnonzero(early):
        left = steps[place] * (1 - share)
        steps[place] *= share
        if place + 1 < len(steps) and wide:
            steps[place + 1] += left
    return replace(base, intervals=steps, ventricular=early & wide)


def any_rhythm(rng: np.random.Generator) -> Rhythm:
    """A rhythm as an out-patient clinic might see it, disease made common."""
    rate = float(np.clip(rng.lognormal(np.log(70), 0.24), 38, 150))
    kind = rng.random()
    if kind < 0.45:
        found = sinus(rate, rng, rng.uniform(0, 0.04))
    elif kind < 0.60:
        found = sinus(rate, rng, rng.uniform(0.05, 0.2))
    elif kind < 0.75:
        found = fibrillation(rate * 1.1, rng)
    elif kind < 0.81:
        found = flutter(rng)
    else:
        found = with_early_beats(sinus(rate, rng, rng.uniform(0, 0.03)), rng, rng.random() < 0.6)
    return replace(found, longer_pr=max(0.0, rng.normal(0, 45)) if found.atria else 0.0)


def edited(beat: Beat, rng: np.random.Generator) -> Beat:
    """The beat in another chest: turned, stretched, with other voltages, ST levels, T and P waves."""
    p, qrst = _turned(beat.p, rng), _turned(beat.complex, rng)
    time = np.arange(qrst.shape[1])
    t_window = np.clip((time - beat.offset) / 6, 0, 1)
    if rng.random() < 0.5:  # other T waves, alike in neighbouring leads
        qrst = qrst * (1 - t_window + t_window * (1 + _by_lead(rng, 0.8))[:, None])
    if rng.random() < 0.4:  # a raised or lowered ST segment
        bump = np.exp(-0.5 * ((time - beat.offset - 5) / 6.0) ** 2) * np.clip(
            (time - beat.offset + 3) / 3, 0, 1
        )
        qrst = qrst + 0.12 * _by_lead(rng, 1.0)[:, None] * bump
    for chance, middle, size in ((0.3, beat.onset + 1, -0.3), (0.35, beat.offset - 1, 0.25)):  # q; r'
        if rng.random() < chance:
            pulse = np.exp(-0.5 * ((time - middle) / rng.uniform(1.0, 2.0)) ** 2)
            qrst = qrst + rng.uniform(0.2, 1.2) * size * np.maximum(0, _by_lead(rng, 1.0))[:, None] * pulse
    onset, offset = beat.onset, beat.offset
    if rng.random() < 0.5:  # a wider or narrower complex
        factor = rng.uniform(0.8, 1.45)
        qrst = _stretched(qrst, factor)
        onset, offset = round(CENTRE + (onset - CENTRE) * factor), round(CENTRE + (offset - CENTRE) * factor)
    gain = rng.lognormal(0, 0.35)
    return Beat(p * rng.uniform(0.3, 1.6), qrst * gain, onset, offset)


def _turned(part: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The heart turned in the chest by up to some 40 degrees, its dipole part only; chest leads scaled alike."""
    axis = rng.normal(0, 1, 3)
    axis /= np.linalg.norm(axis)
    angle = rng.normal(0, 0.35)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    dipole = _SPREAD @ part
    out: np.ndarray = part + LEAD_FIELD @ (turn @ dipole - dipole)
    out[6:] *= np.exp(0.3 * _by_lead(rng, 1.0)[6:, None] + rng.normal(0, 0.15))
    return out


def _by_lead(rng: np.random.Generator, size: float) -> np.ndarray:
    """A random number for every lead (12,) as a random dipole gives: alike in neighbours, limb leads consistent."""
    return size * LEAD_FIELD @ rng.normal(0, 0.8, 3)


def _stretched(part: np.ndarray, factor: float) -> np.ndarray:
    at = CENTRE + (np.arange(part.shape[1]) - CENTRE) / factor
    return np.stack([np.interp(at, np.arange(part.shape[1]), line, right=0.0) for line in part])


def strip(beat: Beat, rhythm: Rhythm, rng: np.random.Generator) -> np.ndarray:
    """(12, 1000) millivolts: the beat laid down where the rhythm has it; T comes sooner when the heart is faster."""
    out = np.zeros((12, SAMPLES))
    mean = float(rhythm.intervals.mean())
    if rhythm.waves_mv:
        out += _atrial_waves(rhythm, rng)
    faster = np.clip(mean**0.4, 0.7, 1.15)
    usual = _repolarised(beat, faster)
    odd = (
        _stretched(_turned(_turned(-usual, rng), rng), rng.uniform(1.4, 1.9))
        if rhythm.ventricular.any()
        else usual
    )
    start = rng.uniform(-0.5, 0.3)
    times = start + np.r_[0, np.cumsum(rhythm.intervals)]
    for n, time in enumerate(times):
        wide = bool(n and rhythm.ventricular[n - 1])
        _lay(out, odd if wide else usual, time * RATE_HZ - CENTRE)
        if rhythm.atria and not wide:
            _lay(out, beat.p, time * RATE_HZ - CENTRE - rhythm.longer_pr / 10)
    return out


def _repolarised(beat: Beat, faster: float) -> np.ndarray:
    """The complex with what follows the QRS complex drawn together by `faster`."""
    place = np.arange(beat.complex.shape[1], dtype=float)
    at = np.where(place > beat.offset, beat.offset + (place - beat.offset) / faster, place)
    return np.stack([np.interp(at, place, line, right=0.0) for line in beat.complex])


def _lay(out: np.ndarray, part: np.ndarray, at: float) -> None:
    """Adds `part` (12, n) to `out` from sample `at` on, between two samples by weight."""
    whole = int(np.floor(at))
    for first, weight in ((whole, 1 - (at - whole)), (whole + 1, at - whole)):
        low, high = max(0, first), min(out.shape[1], first + part.shape[1])
        if high > low and weight > 0:
            out[:, low:high] += weight * part[:, low - first : high - first]


def _atrial_waves(rhythm: Rhythm, rng: np.random.Generator) -> np.ndarray:
    """Fibrillation waves that wax and wane, strongest in V1 and II; at a flutter's rate saw teeth."""
    time = np.arange(SAMPLES) / RATE_HZ
    wander = np.cumsum(rng.normal(0, 0.02 if rhythm.waves_hz < 5.4 else 0.12, SAMPLES))
    phase = 2 * np.pi * rhythm.waves_hz * time + wander
    wave = np.sin(phase) + 0.4 * np.sin(2 * phase + 0.6)
    size = np.full(12, 0.35)
    for lead, share in (("V1", 1.0), ("II", 0.7), ("III", 0.7), ("aVF", 0.7), ("V2", 0.6)):
        size[LEADS.index(lead)] = share
    return rhythm.waves_mv * size[:, None] * wave * (1 + 0.3 * np.sin(2 * np.pi * 0.3 * time))


def noise(rng: np.random.Generator, most_mv: float = 0.03) -> np.ndarray:
    """(12, 1000) millivolts: white and muscle noise, and a baseline that wanders with the breath."""
    white = rng.normal(0, rng.uniform(0, most_mv), (12, SAMPLES))
    muscle = sosfilt(_MUSCLE, rng.normal(0, rng.uniform(0, most_mv), (12, SAMPLES)), axis=-1)
    time = np.arange(SAMPLES) / RATE_HZ
    slow = sum(
        rng.normal(0, 0.08, (12, 1)) * np.sin(2 * np.pi * f * time + rng.uniform(0, 6))
        for f in (0.1, 0.25, 0.4)
    )
    noisy: np.ndarray = white + muscle + slow
    return noisy


def any_beat(recorded: Sequence[Beat], rng: np.random.Generator) -> Beat:
    """A beat of a real recording, or a made-up healthy or ill one; edited either way."""
    if recorded and rng.random() < 0.6:
        return edited(recorded[int(rng.integers(len(recorded)))], rng)
    shapes: tuple[Callable[[], Shape], ...] = DISEASES
    shape = HEALTHY if rng.random() < 0.3 else shapes[rng.integers(len(shapes))]()
    return edited(draw(varied(shape, rng)), rng)
