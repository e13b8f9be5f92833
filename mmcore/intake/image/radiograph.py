"""Rules that tell whether a decoded picture can be the frontal chest X-ray that a task asks for."""

import numpy as np

from mmcore.domain.notice import Notice
from mmcore.domain.scan import Clip, Film, Scan
from mmcore.intake.image.film_frame import orientation_doubt

MIN_SIDE = 64  # pixels; below, no finding is visible
MAX_ASPECT = 2.5  # longer side by shorter; no chest film is so long
MIN_SPREAD = 0.02  # of the grey scale between the 5th and the 95th percentile
MAX_COLOURFUL = 0.10  # share of the picture; a coloured side marker or stamp covers less
XRAY = ("", "CR", "DX", "RG", "RF", "DR", "XR", "OT", "SC")  # OT and SC: screen captures, any kind
CHEST = ("CHEST", "THORAX", "TORAX", "LUNG", "HEART", "RIB")
FRONTAL = ("PA", "AP", "FRONT", "POSTERO", "ANTERO")
SIDEWAYS = ("LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAT", "LPO", "RPO", "LAO", "RAO", "OBL")
INVERTED_BELOW = -0.15  # see contrast_of_a_chest

MIN_LEVELS = 24  # grey levels that the middle of the picture uses; fewer cannot show a faint opacity
MAX_CLIPPED = 0.6  # share of the picture at one end of the grey scale

CORRECTABLE = "scan_looks_inverted"
HOPELESS = frozenset({"scan_too_small", "scan_blank"})  # nothing could be read even if the user insisted


def doubts(scan: Film | Clip) -> tuple[Notice, ...]:
    """Why the scan should not be read as a frontal chest X-ray, worst first; () if no rule objects.

    HOPELESS is cured by another file only, CORRECTABLE by turning black and white round, scan_stored_* by turning the film
    as its header says, the rest by the user's word: a header may be wrong.
    """
    height, width = scan.pixels.shape
    if min(height, width) < MIN_SIDE:
        return (_notice("scan_too_small", width=width, height=height, limit=MIN_SIDE),)
    low, high = np.percentile(_thinned(scan.pixels), [5, 95])
    blank = high - low < MIN_SPREAD
    checks = (
        (scan.modality not in XRAY, _notice("scan_not_xray", dicom_modality=scan.modality)),
        (scan.colourful > MAX_COLOURFUL, _notice("scan_photograph", percent=round(100 * scan.colourful))),
        (blank, _notice("scan_blank")),
        (_sideways(scan.view), _notice("scan_not_frontal", view=scan.view)),
        (_not_chest(scan.body_part), _notice("scan_not_chest", body_part=scan.body_part)),
        (
            max(height, width) > MAX_ASPECT * min(height, width),
            _notice("scan_shape", width=width, height=height),
        ),
        *(() if blank else _exposure(scan.pixels)),
        (looks_inverted(scan), _notice(CORRECTABLE)),
        (_names_one_side(scan), _notice("scan_one_side", side=scan.laterality)),
    )
    lies = orientation_doubt(scan)
    if lies is not None and scan.modality in XRAY:  # how a slice lies is beside the point
        checks = ((lies.code.startswith("scan_stored_") or not _sideways(scan.view), lies), *checks)
    return tuple(notice for doubtful, notice in checks if doubtful)


def _not_chest(body_part: str | None) -> bool:
    return body_part is not None and not any(part in body_part for part in CHEST)


def _exposure(pixels: np.ndarray) -> tuple[tuple[bool, Notice], ...]:
    """Too dark, too bright or too flat to be read: what is lost at the ends of the grey scale no window brings back."""
    seen = _thinned(pixels)
    height, width = seen.shape
    middle = seen[height // 6 : -height // 6, width // 6 : -width // 6]
    levels = len(np.unique(np.round(middle * 255)))
    dark, bright = float(np.mean(middle <= 1.5 / 255)), float(np.mean(middle >= 253.5 / 255))
    return (
        (dark > MAX_CLIPPED, _notice("scan_too_dark", percent=round(100 * dark))),
        (bright > MAX_CLIPPED, _notice("scan_too_bright", percent=round(100 * bright))),
        (levels < MIN_LEVELS, _notice("scan_few_greys", levels=levels, limit=MIN_LEVELS)),
    )


def looks_inverted(scan: Scan) -> bool:
    """Whether a picture without a DICOM header shows air bright and bone dark.

    DICOM states its own direction (MONOCHROME1) and is believed.
    """
    return not scan.modality and contrast_of_a_chest(scan.pixels) < INVERTED_BELOW


def contrast_of_a_chest(pixels: np.ndarray) -> float:
    """How much brighter spine and abdomen are than lungs and corners, in standard deviations of the picture.

    (H, W) -> mean of three differences. Of 8,063 chest X-rays of the project's two packs it is under -0.15 in
    7; turned round, in all but 114. 0 for a constant or tiny picture.
    """
    small = _thinned(pixels)
    spread = float(small.std())
    if min(small.shape) < 32 or spread < 1e-6:
        return 0.0
    z = (small - small.mean()) / spread

    def mean(top: float, bottom: float, left: float, right: float) -> float:
        height, width = z.shape
        return float(
            z[round(top * height) : round(bottom * height), round(left * width) : round(right * width)].mean()
        )

    lungs = (mean(0.25, 0.62, 0.19, 0.34) + mean(0.25, 0.62, 0.66, 0.81)) / 2
    corners = (mean(0, 0.125, 0, 0.125) + mean(0, 0.125, 0.875, 1)) / 2
    spine = mean(0.25, 0.69, 0.44, 0.56) - lungs
    abdomen = mean(0.81, 1, 0, 1) - mean(0.25, 0.62, 0.19, 0.81)
    return (spine + abdomen - corners) / 3


def _thinned(pixels: np.ndarray) -> np.ndarray:
    return pixels[:: max(1, pixels.shape[0] // 256), :: max(1, pixels.shape[1] // 256)].astype(np.float64)


def _sideways(view: str | None) -> bool:
    if view is None or view.startswith(FRONTAL):
        return False
    return view.startswith(SIDEWAYS) or "LATERAL" in view


def _names_one_side(scan: Scan) -> bool:
    """Whether a film that states neither view nor direction claims one side: a chest from the side may be stored so."""
    return scan.laterality in ("L", "R") and scan.view is None and scan.orientation is None


def _notice(code: str, **values: object) -> Notice:
    return Notice(code, values, "image")
