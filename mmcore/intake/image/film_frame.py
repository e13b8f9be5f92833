"""How a film lies in its file: which way its rows and columns run, and pixels that are not square; runs in the child process too."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Scan
from mmcore.intake.code_streams import check_pixels
from mmcore.intake.facts import Told

STANDARD = (
    "L",
    "F",
)  # rows run to the patient's left, columns to the feet: a frontal film as it is hung and was trained on
STORED = {  # first letters of DICOM PatientOrientation (PS3.3 C.7.6.1.1.1) -> how the film was stored
    ("R", "F"): "mirrored",
    ("L", "H"): "flipped",
    ("R", "H"): "upside_down",
    ("F", "R"): "rotated_left",
    ("H", "L"): "rotated_right",
    ("F", "L"): "transposed",
    ("H", "R"): "antitransposed",
}
FROM_THE_SIDE = ("A", "P")
AXES = ("RL", "AP", "FH")  # of DICOM patient coordinates: towards which side they fall and rise
STRAIGHT = (
    0.9  # cosine; 26 degrees off its axis, a picture has no plain left and right. Judgement: this project's
)
SQUARE = 1.01  # longer side of a pixel by the shorter; below, nobody sees it
IMPLAUSIBLE = 3.0  # no detector has such pixels; judgement: this project's


def orientation_of(stated: object) -> tuple[str, str] | None:
    """("L", "F") of PatientOrientation, by the first letter of each; None where the file is silent."""
    try:
        first, second = (str(part).strip().upper()[:1] for part in stated or ())  # type: ignore[attr-defined]
    except ValueError:
        return None
    return (first, second) if first and second else None


def along_axes(stated: object) -> tuple[str, str] | None:
    """The same of ImageOrientationPatient (PS3.3 C.7.6.2.1.1), six cosines; None where it is silent or oblique."""
    try:
        cosines = np.array([float(part) for part in stated or ()]).reshape(2, 3)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None
    places = np.abs(cosines).argmax(axis=1)
    steps = cosines[(0, 1), places]
    if not (np.abs(steps) > STRAIGHT).all() or places[0] == places[1]:
        return None
    first, second = (
        AXES[place][int(step > 0)] for place, step in zip(places.tolist(), steps.tolist(), strict=True)
    )
    return first, second


def orientation_doubt(scan: Scan) -> Notice | None:
    """A correction where the header says that the film lies otherwise than it was trained on, a doubt where it says nonsense."""
    if scan.orientation in (None, STANDARD):
        return None
    if scan.orientation in STORED:
        return Notice(f"scan_stored_{STORED[scan.orientation]}", {}, "image")
    shown = " / ".join(scan.orientation or ())
    if set(scan.orientation or ()) & set(FROM_THE_SIDE):
        return Notice("scan_orientation_from_side", {"orientation": shown, "view": scan.view or "?"}, "image")
    return Notice("scan_orientation_nonsense", {"orientation": shown}, "image")


def squared(
    grey: np.ndarray, spacing: Sequence[float], aspect: object, notices: list[Told]
) -> tuple[np.ndarray, Sequence[float]]:
    """The picture (H, W) and its spacing (row, column) in mm, () if not stated, with square pixels, the coarser side resampled to the finer.

    aspect: DICOM PixelAspectRatio (vertical, horizontal), where no spacing is stated. Raises UnreadableFileError for pixels
    IMPLAUSIBLE times as long as wide.
    """
    sides = spacing or _pair(aspect)
    if sides is None or min(sides) <= 0:
        return grey, spacing
    ratio = max(sides) / min(sides)
    if ratio < SQUARE:
        return grey, spacing
    if ratio > IMPLAUSIBLE:
        raise UnreadableFileError("scan_pixels_implausible", ratio=f"{ratio:.3g}", limit=f"{IMPLAUSIBLE:g}")
    fine = min(sides)
    height, width = (round(n * mm / fine) for n, mm in zip(grey.shape, sides, strict=True))
    check_pixels(width, height)
    picture = Image.fromarray(grey.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    notices.append(("scan_made_square", {"ratio": f"{ratio:.3g}"}))
    return np.asarray(picture, dtype=np.float32), [fine, fine] if spacing else ()


def _pair(stated: object) -> list[float] | None:
    try:
        first, second = (float(part) for part in stated or ())  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None
    return [first, second]
