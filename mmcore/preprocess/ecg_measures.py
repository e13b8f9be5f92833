"""What a cardiologist measures on an ECG, by the textbook's definitions: the lessons that the encoder learns without labels."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from mmcore.domain.case import LEADS
from mmcore.preprocess.ecg_delineation import PRE, Beats, Waves, delineate, find_beats, lay_together
from mmcore.preprocess.waveform import RATE_HZ

WAVES = ("p", "qrs", "st", "t", "rest")  # rest: between the waves


@dataclass(frozen=True)
class Measure:
    """One pooled feature: its name, the wave it lies on, and its lead where it belongs to one."""

    name: str
    wave: str
    lead: str | None = None


_BY_LEAD = {
    "qrs": ("r", "s", "q", "q_width", "r_prime", "late", "notches"),
    "st": ("st_j", "st_40", "st_60"),
    "t": ("t_negative", "t_positive", "t_peak", "strain"),
}
_OF_ALL = {
    "qrs": (
        "rate", "slow", "fast", "under_60", "rr_spread", "rr_jumps", "log_rr_spread", "log_rr_jumps", "rr_usual_spread",
        "rr_usual_jump", "early_beat", "pause", "odd_beats", "least_alike", "qrs_width", "qrs_wide", "axis_cos", "axis_sin",
        "axis_left_20", "axis_left_30", "sokolow", "cornell", "gubner", "all_voltages", "peguero", "widest_q",
        "deepest_chest_q",
    ),
    "st": ("st_lowest", "st_highest"),
    "t": ("t_axis_cos", "t_axis_sin", "qrs_t_likeness", "t_negative_lateral", "t_to_qrs", "q_to_t_peak"),
    "p": ("pr", "pr_long", "p_repeats", "p_height", "p_half_width", "p_width", "p_v1_negative", "p_v1_area"),
    "rest": ("f_v1", "f_ii", "f_to_p"),
}  # fmt: skip
MEASURES = (
    *(
        Measure(f"{n}_{lead}", wave, lead)
        for wave, names in _BY_LEAD.items()
        for n in names
        for lead in LEADS
    ),
    *(Measure(f"j_peak_{lead}", "st", lead) for lead in ("V1", "V2", "V3")),
    *(Measure(name, wave) for wave, names in _OF_ALL.items() for name in names),
)

_FLUTTER_BAND = butter(2, [4, 10], "band", fs=RATE_HZ, output="sos")
_I, _II, _AVR, _AVL, _AVF, _V1, _V2, _V3, _V4, _V5, _V6 = (LEADS.index(n) for n in LEADS if n != "III")
_III = LEADS.index("III")
MILLISECONDS = 1000 / RATE_HZ


def measure(samples: np.ndarray) -> tuple[np.ndarray, Beats, Waves] | None:
    """Measures (D,) in the order of MEASURES of (12, 1000) without wander, with beats and waves; None where beats are few."""
    centres = find_beats(samples)
    if len(centres) < 4:
        return None
    beats = lay_together(samples, centres)
    if beats is None:
        return None
    rr = np.diff(centres) / RATE_HZ
    waves = delineate(beats.typical, float(np.median(rr)))
    level = beats.typical[:, max(0, waves.onset - 3) : waves.onset].mean(1)
    beat = beats.typical - level[:, None]
    found = rhythm(rr, beats) | complexes(beat, waves) | repolarisation(beat, waves, float(np.median(rr)))
    found |= atrium(samples, beats, waves)
    return np.array([found[m.name] for m in MEASURES]), beats, waves


def rhythm(rr: np.ndarray, beats: Beats) -> dict[str, float]:
    """Rate and regularity of the intervals rr (n,), seconds; likeness of the beats."""
    mean, middle, step = rr.mean(), np.median(rr), np.diff(rr)
    rate = 60 / mean
    spread, jumps = np.std(rr) / mean, np.sqrt((step**2).mean()) / mean
    return {
        "rate": rate,
        "slow": max(0.0, 60 - rate) / 10,
        "fast": max(0.0, rate - 95) / 20,
        "under_60": float(rate < 61),
        "rr_spread": spread,
        "rr_jumps": jumps,
        "log_rr_spread": np.log(spread + 0.005),
        "log_rr_jumps": np.log(jumps + 0.005),
        "rr_usual_spread": np.median(np.abs(rr - middle)) / middle,
        "rr_usual_jump": np.median(np.abs(step)) / middle,
        "early_beat": max(0.0, 1 - rr.min() / middle),
        "pause": max(0.0, rr.max() / middle - 1),
        "odd_beats": float((~beats.usual).mean()),
        "least_alike": float(beats.likeness.min()),
    }


def complexes(beat: np.ndarray, waves: Waves) -> dict[str, float]:
    """Amplitudes (mV), widths (10 ms) and axis of the QRS complex of a beat (12, 96) measured from its onset."""
    seg = beat[:, waves.onset : waves.offset + 1]
    r, s = seg.max(1).clip(0), (-seg.min(1)).clip(0)
    by_lead = {
        "r": r,
        "s": s,
        "q": np.array([_q_wave(line) for line in seg]),
        "q_width": np.array([float((line[: line.argmax()] < -0.04).sum()) for line in seg]),
        "r_prime": np.array([_second_r(line) for line in seg]),
        "late": beat[:, waves.offset - 3 : waves.offset + 1].mean(1),
        "notches": np.abs(np.diff(seg, 2, axis=1)).sum(1) / (r + s + 0.1),
    }
    width = (waves.exact_offset - waves.exact_onset) * MILLISECONDS
    net = seg.sum(1)
    axis = np.arctan2(2 / np.sqrt(3) * net[_AVF], net[_I])
    left = -np.degrees(axis) if axis < 0 else 0.0
    limb = [_I, _II, _AVL, _III, _AVF]
    return _spread_by_lead(by_lead) | {
        "qrs_width": width,
        "qrs_wide": max(0.0, width - 110) / 20,
        "axis_cos": np.cos(axis),
        "axis_sin": np.sin(axis),
        "axis_left_20": max(0.0, left - 20) / 30,
        "axis_left_30": max(0.0, left - 30) / 20,
        "sokolow": s[_V1] + max(r[_V5], r[_V6]),
        "cornell": r[_AVL] + s[_V3],
        "gubner": r[_I] + s[_III],
        "all_voltages": (r + s).sum(),
        "peguero": s.max() + s[_V4],
        "widest_q": by_lead["q_width"][limb].max(),
        "deepest_chest_q": by_lead["q"][_V1:].max(),
    }


def _q_wave(line: np.ndarray) -> float:
    """Depth of the part before the main deflection, or before R where the main one points down."""
    main = np.argmax(np.abs(line))
    end = main if line[main] > 0 else np.argmax(line)
    return max(0.0, -float(line[: max(1, end)].min(initial=0)))


def _second_r(line: np.ndarray) -> float:
    """Height of what follows S."""
    s = line.argmin()
    return max(0.0, float(line[s:].max())) if line[s] < -0.05 and s > 0 else 0.0


def repolarisation(beat: np.ndarray, waves: Waves, rr_seconds: float) -> dict[str, float]:
    """ST levels (mV) at and after the J point, T waves, their axis and the time to their peak.

    beat (12, n), millivolts.
    """
    j, last = waves.offset, beat.shape[1] - 1
    seg = beat[:, waves.onset : j + 1]
    r, s = seg.max(1).clip(0), (-seg.min(1)).clip(0)
    t = beat[:, waves.t_start : waves.t_end]
    peak = t[np.arange(12), np.abs(t).argmax(1)]
    st = {n: beat[:, min(j + n // 10, last)] for n in (0, 40, 60)}
    negative = (-t.min(1)).clip(0)
    by_lead = {
        "st_j": st[0],
        "st_40": st[40],
        "st_60": st[60],
        "t_negative": negative,
        "t_positive": t.max(1).clip(0),
        "t_peak": peak,
        "strain": np.maximum(0, -peak) * (r > s),
    }
    mean, net = t.mean(1), seg.sum(1)
    axis = np.arctan2(2 / np.sqrt(3) * mean[_AVF], mean[_I])
    upright = [n for n in range(12) if n != _AVR]
    to_peak = (waves.t_start + np.abs(t).sum(0).argmax() - waves.exact_onset) * MILLISECONDS
    high = {f"j_peak_{LEADS[n]}": max(st[0][n], _second_r(seg[n]), st[40][n]) for n in (_V1, _V2, _V3)}
    return (
        _spread_by_lead(by_lead)
        | high
        | {
            "st_lowest": float((-st[60]).clip(0)[[_I, _II, _AVL, _AVF, _V3, _V4, _V5, _V6]].max()),
            "st_highest": float(st[60][upright].max()),
            "t_axis_cos": np.cos(axis),
            "t_axis_sin": np.sin(axis),
            "qrs_t_likeness": float(net @ mean / (np.linalg.norm(net) * np.linalg.norm(mean) + 1e-9)),
            "t_negative_lateral": float(negative[[_I, _II, _V4, _V5, _V6]].mean()),
            "t_to_qrs": float(np.mean(np.abs(peak) / (r + s + 0.2))),
            "q_to_t_peak": to_peak / np.sqrt(rr_seconds),
        }
    )


def atrium(samples: np.ndarray, beats: Beats, waves: Waves) -> dict[str, float]:
    """The P wave of the typical beat, how alike P is from beat to beat, and what fibrillates between the beats.

    samples (12, L), millivolts.
    """
    first, last = waves.p_start, waves.p_end
    p = beats.typical[:, first:last]
    p = p - np.median(p, axis=1, keepdims=True)
    peak, height = int(p[_II].argmax()), float(p[_II].max())
    size = np.sqrt((p[[_I, _II, _AVF, _V1]] ** 2).sum(0))
    pr = (waves.exact_onset - (first + peak)) * MILLISECONDS
    each = beats.every[beats.usual][:, [_I, _II, _AVF, _V1, _V2], first:last]
    each = each - each.mean(-1, keepdims=True)
    shared = each.mean(0)
    rest = ((each - shared) ** 2).mean()
    f_v1, f_ii = _fibrillation(samples, beats)
    return {
        "pr": pr,
        "pr_long": max(0.0, pr - 130) / 30,
        "p_repeats": np.log((shared**2).mean() / (rest + 1e-5) + 1e-3),
        "p_height": height,
        "p_half_width": float((p[_II] > 0.5 * height).sum()) * MILLISECONDS,
        "p_width": float((size > 0.35 * size.max()).sum()) * MILLISECONDS,
        "p_v1_negative": max(0.0, -float(p[_V1][peak:].min())),
        "p_v1_area": float(p[_V1][peak:].sum()),
        "f_v1": f_v1,
        "f_ii": f_ii,
        "f_to_p": np.log(f_v1 + 0.005) - np.log(max(height, 0.02)),
    }


def _fibrillation(samples: np.ndarray, beats: Beats) -> tuple[float, float]:
    """Root mean square (mV) of V1 and II from 4 to 10 Hz between the beats, the typical beat taken off."""
    rest = samples.copy()
    for place in beats.placed:
        rest[:, place - PRE : place - PRE + beats.typical.shape[1]] -= beats.typical
    waved = sosfiltfilt(_FLUTTER_BAND, rest[[_V1, _II]], axis=-1)
    quiet = np.ones(samples.shape[1], dtype=bool)
    for place in beats.centres:
        quiet[max(0, place - 8) : place + 14] = False
    if quiet.sum() < 50:
        return 0.0, 0.0
    v1, ii = np.sqrt((waved[:, quiet] ** 2).mean(1))
    return float(v1), float(ii)


def _spread_by_lead(by_lead: dict[str, np.ndarray]) -> dict[str, float]:
    return {
        f"{name}_{lead}": float(values[n]) for name, values in by_lead.items() for n, lead in enumerate(LEADS)
    }
