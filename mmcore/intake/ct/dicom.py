"""DICOM files of one CT series as slices of Hounsfield units in one frame; runs in the child process."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.ct.frame import check_plane, directions, in_frame, tilt_notices
from mmcore.intake.ct.volume import as_hounsfield, check_voxels
from mmcore.intake.facts import Facts, Told
from mmcore.intake.image.dicom import IDENTITY, MADE, PIXELS, SHAPE, TOLD, check_dataset, identity, said

PLACE = (
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "SliceLocation",
    "PixelSpacing",
    "SeriesInstanceUID",
)
VALUES = ("RescaleSlope", "RescaleIntercept", "PixelPaddingValue")
SAME = 1e-3  # cosine and mm: slices of one series agree to this
GAP = 1.5  # times the usual distance: a slice is missing
UNEVEN = 0.1  # of the usual distance
AIR = -1024


@dataclass(frozen=True)
class Slice:
    """One file: its header and its place in mm along the way that slices follow each other; None where the file does not say."""

    header: Dataset
    place_mm: float | None


def read_series(files: Sequence[bytes], salt: str) -> tuple[Facts, np.ndarray]:
    """Facts and (S, H, W) int16 of the longest series among the files; what is doubtful is told in facts["notices"].

    Raises UnreadableFileError for another modality, no rescale, several frames in a file, no spacing, slices that differ in size,
    spacing or direction, and those that cannot be brought to the axial frame.
    """
    notices: list[Told] = []
    series = _longest_series(_pictures(files), notices)
    for header in series:
        _check(header)
    first = series[0]
    _check_alike(series)
    check_voxels(len(series), int(first.Rows), int(first.Columns))
    axes = _axes(series, notices)
    ordered = _ordered(series, axes, notices)
    volume, steps = np.stack([_hounsfield(s.header) for s in ordered]), _steps(ordered)
    if axes is not None:
        even = not {code for code, _ in notices} & {"ct_slices_missing", "ct_uneven_spacing"}
        check_plane(axes, len(ordered), steps[0], even)
        notices += tilt_notices(axes)
        volume, steps, turned = in_frame(volume, axes, steps)
        notices += turned
    facts: Facts = {
        "patient": identity(first, salt),
        "spacing_mm": list(steps[1:]),
        "slice_spacing_mm": steps[0],
        "notices": notices,
    }
    return said(first) | facts, volume


def _pictures(files: Sequence[bytes]) -> list[Dataset]:
    """The headers of the files that hold a picture."""
    config.settings.reading_validation_mode = config.IGNORE
    tags = [*IDENTITY, *TOLD, *MADE, *SHAPE, *PIXELS, *PLACE, *VALUES]
    headers = [dcmread(BytesIO(data), force=True, specific_tags=tags) for data in files]
    pictures: list[Dataset] = [h for h in headers if "PixelData" in h]
    if not pictures:
        raise UnreadableFileError("scan_dicom_without_picture")
    return pictures


def _check_alike(series: Sequence[Dataset]) -> None:
    """Refuses slices that differ in size or spacing."""
    if len({(int(h.Rows), int(h.Columns)) for h in series}) > 1:
        raise UnreadableFileError("ct_sizes_differ")
    if np.ptp([[float(mm) for mm in h.PixelSpacing] for h in series], axis=0).max() > SAME:
        raise UnreadableFileError("ct_spacings_differ")


def _axes(series: Sequence[Dataset], notices: list[Told]) -> np.ndarray | None:
    """The directions that all slices share, see ct_frame.directions; None, and told, where the files do not say."""
    stated = [h.get("ImageOrientationPatient") for h in series]
    known = [[float(x) for x in o] for o in stated if o and len(o) == 6]
    if len(known) < len(stated):
        notices.append(("ct_orientation_assumed", {}))
        return None
    if np.ptp(known, axis=0).max() > SAME:
        raise UnreadableFileError("ct_directions_differ")
    return directions(known[0])


def _longest_series(pictures: Sequence[Dataset], notices: list[Told]) -> list[Dataset]:
    by_series: dict[str, list[Dataset]] = {}
    for header in pictures:
        by_series.setdefault(str(header.get("SeriesInstanceUID") or ""), []).append(header)
    if len(by_series) > 1:
        notices.append(("ct_several_series", {"count": len(by_series)}))
    return max(by_series.values(), key=len)


def _check(header: Dataset) -> None:
    check_dataset(header)
    _check_modality(header)
    if int(header.get("NumberOfFrames") or 1) > 1:
        raise UnreadableFileError("ct_multiframe", frames=int(header.NumberOfFrames))
    if "RescaleIntercept" not in header or header.get("SamplesPerPixel") != 1:
        raise UnreadableFileError("ct_without_rescale")
    spacing = header.get("PixelSpacing")
    if not spacing or len(spacing) != 2:
        raise UnreadableFileError("ct_without_spacing")


def _check_modality(header: Dataset) -> None:
    modality = str(header.get("Modality") or "").upper()
    if modality != "CT":
        raise UnreadableFileError("scan_not_ct", dicom_modality=modality or "?")


def _hounsfield(header: Dataset) -> np.ndarray:
    stored = pixel_array(header)
    values = stored.astype(np.float32) * float(header.get("RescaleSlope") or 1) + float(
        header.RescaleIntercept
    )
    padding = header.get("PixelPaddingValue")
    if isinstance(padding, int):
        values[stored == padding] = AIR
    return as_hounsfield(values)


def _ordered(series: Sequence[Dataset], axes: np.ndarray | None, notices: list[Told]) -> list[Slice]:
    """In the order of axes[0], from head to feet where that is unknown, one file for each place; gaps and unevenness are told."""
    slices = [Slice(h, _place(h, axes)) for h in series]
    if len(slices) == 1:
        return slices
    if any(s.place_mm is None for s in slices):
        raise UnreadableFileError("ct_without_position")
    if not all(_position(h) for h in series):
        notices.append(("ct_order_assumed", {}))
    ordered = _one_a_place(slices, notices)
    _tell_gaps(ordered, notices)
    return ordered


def _one_a_place(slices: list[Slice], notices: list[Told]) -> list[Slice]:
    """In order of place, of several at one place the last."""
    unique = {round(s.place_mm or 0.0, 2): s for s in slices}
    if len(unique) < len(slices):
        notices.append(("ct_slices_twice", {"count": len(slices) - len(unique)}))
    return [unique[place] for place in sorted(unique)]


def _tell_gaps(ordered: list[Slice], notices: list[Told]) -> None:
    gaps = np.diff([s.place_mm for s in ordered])
    usual = float(np.median(gaps))
    missing = int(sum(round(g / usual) - 1 for g in gaps if g > GAP * usual))
    if missing:
        notices.append(("ct_slices_missing", {"count": missing, "step": f"{usual:g}"}))
    elif np.abs(gaps - usual).max() > UNEVEN * usual:
        notices.append(("ct_uneven_spacing", {"low": f"{gaps.min():.3g}", "high": f"{gaps.max():.3g}"}))


def _position(header: Dataset) -> list[float] | None:
    stated = header.get("ImagePositionPatient")
    return [float(mm) for mm in stated] if stated and len(stated) == 3 else None


def _place(header: Dataset, axes: np.ndarray | None) -> float | None:
    """Along axes[0], or towards the feet where that is unknown; SliceLocation alone is taken to grow towards the head."""
    position = _position(header)
    if position is not None:
        return float(np.dot(position, (0.0, 0.0, -1.0) if axes is None else axes[0]))
    location = header.get("SliceLocation")
    return -float(location) if location is not None else None


def _steps(ordered: list[Slice]) -> tuple[float | None, float, float]:
    """Distances in mm of slices (None: one slice, or not known), of rows and of columns."""
    places = [s.place_mm for s in ordered if s.place_mm is not None]
    step = float(np.median(np.diff(places))) if len(places) > 1 else None
    rows, columns = (float(mm) for mm in ordered[0].header.PixelSpacing)
    return step, rows, columns
