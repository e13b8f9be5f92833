"""Rules that tell whether decoded leads can be the standard ECG that a task asks for, and the repairs that need the user's word."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmcore.domain.case import LEADS, Waveform, arms_exchanged, further_limb_leads
from mmcore.domain.notice import Notice

SHORT = 9.8  # seconds; the missing end of ten is mirrored
GAP = 0.01  # share of samples that may be unknown; they are drawn straight
FLAT_MV = 0.03  # between the 0.5th and 99.5th percentile; below every real ECG of our packs with twelve working leads
FLAT_SECONDS = 2.0
LOW_MV, HIGH_MV = 0.15, 10.0  # median height of a lead; wide of what real ECGs show
USUAL_MV = 4.0  # above every ECG of our packs with labels; what is higher there is called normal or low voltage by its report
UNUSUAL_MV = 0.3  # almost every real ECG is higher; many would pass LOW_MV at a tenth of their gain
LIKELY_MV = (0.4, 6.0)
FACTORS = (0.001, 0.1, 10.0, 1000.0)
HUM_MV = 0.04  # root mean square at 50 or 60 Hz; well above the hum of almost every real ECG
EINTHOVEN = 0.3  # of the limb leads' size; real ECGs stay well below
LIMBS_SWAPPED = -0.5  # correlation of I and V6; hardly a real ECG is below, most of those that we swapped are
LEG_SWAPPED = (
    -0.5
)  # correlation of II and of aVF with V6; hardly a real ECG is below, nearly all of those that we swapped are
UPSIDE_DOWN = 0.2  # of its height, how far each of I, II, V5, V6 points down and aVR up; hardly a real ECG, most of those that we turned
CHEST_REVERSED = 0.3  # how much more I is like V1 than like V6; with R falling from V1 to V6; hardly a real ECG, most of those that we reversed
CHEST_ORDER = 0.8  # roughness from V1 to V6 when two neighbours change place; hardly a real ECG is below
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
_LEG_SWAP = tuple(LEADS.index(n) for n in ("III", "II", "I", "aVF", "aVL", "aVR", *CHEST))


@dataclass(frozen=True)
class Doubt:
    """Why an ECG should not be read as it is, and the repaired one where there is a repair."""

    notice: Notice
    repaired: Waveform | None = None


CORRECTABLE = frozenset(
    {"ecg_gain", "ecg_hum", "ecg_limb_leads_swapped", "ecg_leg_lead_swapped", "ecg_upside_down", "ecg_chest_leads_reversed"}
)  # fmt: skip
OVERRULABLE = frozenset({"ecg_chest_lead_order", "ecg_leads_inconsistent", "ecg_high", "ecg_low"})


def find_doubt(ecg: Waveform, overruled: frozenset[str] = frozenset()) -> Doubt | None:
    """The first rule that objects: lead set, length, gaps, flat leads, gain, mains hum, order. None if no rule does."""
    rules: tuple[Callable[[Waveform], Doubt | None], ...] = (
        _missing, _short, _gaps, _flat, _gain, _hum, _inconsistent, _upside_down, _reversed_chest, _swapped_leg, _swapped_limbs,
        _chest_order,
    )  # fmt: skip
    for rule in rules:
        found = rule(ecg)
        if found is not None and found.notice.code not in overruled:
            return found
    return None


def completed(ecg: Waveform) -> Waveform:
    """Twelve leads in the usual order where I, II and V1 to V6 are there: the other limb leads follow from I and II."""
    here = dict(zip(ecg.leads, ecg.samples, strict=True))
    if not {"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"} <= set(here):
        return ecg
    worked_out = further_limb_leads(here["I"], here["II"])
    added = [n for n in worked_out if n not in here]
    samples = np.stack([here[n] if n in here else worked_out[n] for n in LEADS]).astype(np.float32)
    notices = (*ecg.notices, _notice("ecg_leads_derived", leads=", ".join(added))) if added else ecg.notices
    return replace(ecg, samples=samples, leads=LEADS, notices=notices)


def _missing(ecg: Waveform) -> Doubt | None:
    lacking = [n for n in LEADS if n not in ecg.leads]
    if not lacking:
        return None
    return Doubt(_notice("ecg_leads_missing", count=len(ecg.leads), missing=", ".join(lacking)))


def _short(ecg: Waveform) -> Doubt | None:
    seconds = ecg.samples.shape[1] / ecg.rate_hz
    return None if seconds >= SHORT else Doubt(_notice("ecg_too_short", seconds=round(seconds, 1)))


def _gaps(ecg: Waveform) -> Doubt | None:
    share = np.isnan(ecg.samples).mean(1)
    worst = int(share.argmax())
    if share[worst] <= GAP:
        return None
    return Doubt(_notice("ecg_gap", lead=ecg.leads[worst], percent=round(100 * float(share[worst]))))


def _flat(ecg: Waveform) -> Doubt | None:
    low, high = np.percentile(ecg.samples, [0.5, 99.5], axis=1)
    silent = np.array([_still(row) for row in ecg.samples]) >= FLAT_SECONDS * ecg.rate_hz
    flat = [
        n for n, dead in zip(ecg.leads, (high - low < FLAT_MV * _scale(ecg)) | silent, strict=True) if dead
    ]
    return Doubt(_notice("ecg_flat_lead", leads=", ".join(flat))) if flat else None


def _scale(ecg: Waveform) -> float:
    """1, or less where the whole ECG is small: a wrong gain must not look like flat leads."""
    height = _height(ecg)
    return 1.0 if height > LOW_MV else height / 1.0


def _still(row: np.ndarray) -> int:
    """Samples of the longest stretch without any change."""
    edges = np.flatnonzero(np.r_[True, np.diff(row) != 0, True])
    return int(np.diff(edges).max())


def _height(ecg: Waveform) -> float:
    low, high = np.percentile(_steady(ecg), [0.3, 99.7], axis=1)
    return float(np.median(high - low))


def _gain(ecg: Waveform) -> Doubt | None:
    height = _height(ecg)
    if LOW_MV <= height <= HIGH_MV:
        return _unusual(height)
    shown = f"{height:.3g}" if height < 100 else f"{height:,.0f}"
    factor = next((f for f in FACTORS if LIKELY_MV[0] <= height * f <= LIKELY_MV[1]), None)
    if factor is None:
        return Doubt(_notice("ecg_gain_unknown", height=shown))
    told = _notice("ecg_gain", height=shown, corrected=f"{height * factor:.2g}", factor=f"{factor:g}")
    return Doubt(told, replace(ecg, samples=ecg.samples * np.float32(factor)))


def _unusual(height: float) -> Doubt | None:
    """Waves higher or lower (mV) than most that are still possible."""
    code = "ecg_high" if height > USUAL_MV else "ecg_low" if height < UNUSUAL_MV else None
    return Doubt(_notice(code, height=f"{height:.2g}")) if code else None


def _hum(ecg: Waveform) -> Doubt | None:
    from scipy.signal import butter, filtfilt, iirnotch, sosfiltfilt

    samples, rate = ecg.samples.astype(np.float64), ecg.rate_hz
    if rate < 125:  # mains lie at the edge of what was recorded
        band = sosfiltfilt(butter(4, 0.9 * rate / 2, "high", fs=rate, output="sos"), samples, axis=-1)
        if np.median(band.std(1)) < HUM_MV:
            return None
        quiet = sosfiltfilt(butter(4, 0.7 * rate / 2, "low", fs=rate, output="sos"), samples, axis=-1)
        return Doubt(_hum_notice(50, band), replace(ecg, samples=quiet.astype(np.float32)))
    for mains in (50, 60):
        if mains * 2 >= rate:
            continue
        narrow = sosfiltfilt(
            butter(2, [mains - 1.5, mains + 1.5], "band", fs=rate, output="sos"), samples, axis=-1
        )
        if np.median(narrow.std(1)) >= HUM_MV:
            quiet = filtfilt(*iirnotch(mains, 20, rate), samples, axis=-1)
            return Doubt(_hum_notice(mains, narrow), replace(ecg, samples=quiet.astype(np.float32)))
    return None


def _hum_notice(mains: int, band: np.ndarray) -> Notice:
    return _notice("ecg_hum", hertz=mains, height=f"{2 * np.sqrt(2) * np.median(band.std(1)):.2f}")


def _inconsistent(ecg: Waveform) -> Doubt | None:
    """Einthoven: II = I + III, and aVR = -(I + II) / 2; a file that breaks it has leads under wrong names."""
    x = _steady(ecg)
    off = max(_rms(x[0] + x[2] - x[1]), _rms(x[3] + (x[0] + x[1]) / 2))
    share = off / (_rms(x[:6]) + 1e-9)
    return Doubt(_notice("ecg_leads_inconsistent")) if share > EINTHOVEN else None


def _upside_down(ecg: Waveform) -> Doubt | None:
    """The whole recording with its sign turned (an extreme axis is the rare other reason)."""
    low, high = np.percentile(_steady(ecg), [0.5, 99.5], axis=1)
    up = (high + low) / (high - low + 1e-9)
    if up[[0, 1, 10, 11]].max() >= -UPSIDE_DOWN or up[3] <= UPSIDE_DOWN:
        return None
    return Doubt(_notice("ecg_upside_down"), replace(ecg, samples=-ecg.samples))


def _swapped_leg(ecg: Waveform) -> Doubt | None:
    """Right arm and left leg exchanged: II and aVF upside down against V6, aVR and aVF exchanged."""
    x = _steady(ecg)
    if max(_likeness(x[1], x[11]), _likeness(x[5], x[11])) >= LEG_SWAPPED:
        return None
    other = ecg.samples[list(_LEG_SWAP)].copy()
    other[:3] *= -1
    return Doubt(_notice("ecg_leg_lead_swapped"), replace(ecg, samples=other))


def _swapped_limbs(ecg: Waveform) -> Doubt | None:
    """Arms exchanged: lead I upside down against V6, aVR and aVL exchanged (a heart on the right side is the rare other reason)."""
    x = _steady(ecg)
    if _likeness(x[0], x[11]) > LIMBS_SWAPPED:
        return None
    return Doubt(_notice("ecg_limb_leads_swapped"), replace(ecg, samples=arms_exchanged(ecg.samples)))


def _reversed_chest(ecg: Waveform) -> Doubt | None:
    x = _steady(ecg)
    if _likeness(x[0], x[6]) - _likeness(x[0], x[11]) <= CHEST_REVERSED or _rising(x) >= 0:
        return None
    order = [*range(6), *range(11, 5, -1)]
    return Doubt(_notice("ecg_chest_leads_reversed"), replace(ecg, samples=ecg.samples[order]))


def _chest_order(ecg: Waveform) -> Doubt | None:
    chest = _steady(ecg)[6:]
    rough = _roughness(chest)
    for n in range(5):
        order = list(range(6))
        order[n], order[n + 1] = order[n + 1], order[n]
        if _roughness(chest[order]) < CHEST_ORDER * rough:
            return Doubt(_notice("ecg_chest_lead_order", first=f"V{n + 1}", second=f"V{n + 2}"))
    return None


def _rising(x: np.ndarray) -> float:
    """How much more V6 than V1 points up, mV."""
    up = np.percentile(x, 99.5, axis=1) + np.percentile(x, 0.5, axis=1)
    return float(up[11] - up[6])


def _roughness(chest: np.ndarray) -> float:
    return sum(_rms(a - b) for a, b in zip(chest[:-1], chest[1:], strict=True))


def _steady(ecg: Waveform) -> np.ndarray:
    """Samples without what moves slower than about 0.5 Hz: less a running mean over two seconds."""
    from scipy.ndimage import uniform_filter1d

    x = np.nan_to_num(ecg.samples.astype(np.float64))
    steady: np.ndarray = x - uniform_filter1d(x, max(3, round(2 * ecg.rate_hz)), axis=-1, mode="reflect")
    return steady


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-12))


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))


def _notice(code: str, **values: object) -> Notice:
    return Notice(code, values, "waveform")
