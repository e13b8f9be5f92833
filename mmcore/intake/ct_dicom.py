"""DICOM files of one CT series as slices of Hounsfield units in one frame; runs in the child process."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import pixel_array

from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.ct import as_hounsfield, check_voxels
from mmcore.intake.dicom import IDENTITY, MADE, PIXELS, SHAPE, TOLD, check_dataset, identity, said

PLACE = (
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "SliceLocation",
    "PixelSpacing",
    "SeriesInstanceUID",
)
VALUES = ("RescaleSlope", "RescaleIntercept", "PixelPaddingValue")
AXIAL = 0.9  # cosine: a gantry tilt of 25 degrees still counts
GAP = 1.5  # times the usual distance: a slice is missing
UNEVEN = 0.1  # of the usual distance
AIR = -1024


@dataclass(frozen=True)
class Slice:
    """One file: its header and its place along the body in mm, larger nearer the head; None where the file does not say."""

    header: Dataset
    place_mm: float | None


def read_series(files: Sequence[bytes], salt: str) -> tuple[dict, np.ndarray]:
    """Facts and (S, H, W) int16 of the longest series among the files; what is doubtful is told in facts["notices"].

    Raises UnreadableFileError for another modality, no rescale, several frames in a file, no spacing, slices that are not axial.
    """
    config.settings.reading_validation_mode = config.IGNORE
    tags = [*IDENTITY, *TOLD, *MADE, *SHAPE, *PIXELS, *PLACE, *VALUES]
    headers = [dcmread(BytesIO(data), force=True, specific_tags=tags) for data in files]
    pictures = [h for h in headers if "PixelData" in h]
    if not pictures:
        raise UnreadableFileError("scan_dicom_without_picture")
    notices: list[list[Any]] = []
    series = _longest_series(pictures, notices)
    for header in series:
        _check(header)
    first = series[0]
    rows, columns = int(first.Rows), int(first.Columns)
    if any((int(h.Rows), int(h.Columns)) != (rows, columns) for h in series):
        raise UnreadableFileError("ct_sizes_differ")
    check_voxels(len(series), rows, columns)
    ordered = _ordered(series, notices)
    volume = np.stack([_hounsfield(s.header) for s in ordered])
    spacing = [float(mm) for mm in first.PixelSpacing]
    volume, spacing = _in_one_frame(volume, first, spacing, notices)
    facts = said(first) | {"patient": identity(first, salt), "spacing_mm": spacing, "notices": notices}
    return facts | {"slice_spacing_mm": _step(ordered)}, volume


def _longest_series(pictures: Sequence[Dataset], notices: list) -> list[Dataset]:
    by_series: dict[str, list[Dataset]] = {}
    for header in pictures:
        by_series.setdefault(str(header.get("SeriesInstanceUID") or ""), []).append(header)
    if len(by_series) > 1:
        notices.append(["ct_several_series", {"count": len(by_series)}])
    return max(by_series.values(), key=len)


def _check(header: Dataset) -> None:
    check_dataset(header)
    modality = str(header.get("Modality") or "").upper()
    if modality != "CT":
        raise UnreadableFileError("scan_not_ct", dicom_modality=modality or "?")
    if int(header.get("NumberOfFrames") or 1) > 1:
        raise UnreadableFileError("ct_multiframe", frames=int(header.NumberOfFrames))
    if "RescaleIntercept" not in header or header.get("SamplesPerPixel") != 1:
        raise UnreadableFileError("ct_without_rescale")
    spacing = header.get("PixelSpacing")
    if not spacing or len(spacing) != 2:
        raise UnreadableFileError("ct_without_spacing")


def _hounsfield(header: Dataset) -> np.ndarray:
    stored = pixel_array(header)
    values = stored.astype(np.float32) * float(header.get("RescaleSlope") or 1) + float(
        header.RescaleIntercept
    )
    padding = header.get("PixelPaddingValue")
    if isinstance(padding, int):
        values[stored == padding] = AIR
    return as_hounsfield(values)


def _ordered(series: list[Dataset], notices: list) -> list[Slice]:
    """From head to feet, one file for each place; gaps and unevenness are told."""
    slices = [Slice(h, _place(h)) for h in series]
    if len(slices) == 1:
        return slices
    if any(s.place_mm is None for s in slices):
        raise UnreadableFileError("ct_without_position")
    unique = {round(s.place_mm or 0.0, 2): s for s in slices}
    if len(unique) < len(slices):
        notices.append(["ct_slices_twice", {"count": len(slices) - len(unique)}])
    ordered = [unique[place] for place in sorted(unique, reverse=True)]
    gaps = -np.diff([s.place_mm for s in ordered])
    usual = float(np.median(gaps))
    missing = int(sum(round(g / usual) - 1 for g in gaps if g > GAP * usual))
    if missing:
        notices.append(["ct_slices_missing", {"count": missing, "step": f"{usual:g}"}])
    elif np.abs(gaps - usual).max() > UNEVEN * usual:
        notices.append(["ct_uneven_spacing", {"low": f"{gaps.min():.3g}", "high": f"{gaps.max():.3g}"}])
    return ordered


def _place(header: Dataset) -> float | None:
    position = header.get("ImagePositionPatient")
    if position and len(position) == 3:
        return float(position[2])
    location = header.get("SliceLocation")
    return float(location) if location is not None else None


def _step(ordered: list[Slice]) -> float | None:
    places = [s.place_mm for s in ordered if s.place_mm is not None]
    return float(np.median(-np.diff(places))) if len(places) > 1 else None


def _in_one_frame(
    volume: np.ndarray, header: Dataset, spacing: list[float], notices: list
) -> tuple[np.ndarray, list[float]]:
    """Rows downwards to the back, columns rightwards to the patient's left, as axial CT is read."""
    orientation = header.get("ImageOrientationPatient")
    if not orientation or len(orientation) != 6:
        notices.append(["ct_orientation_assumed", {}])
        return volume, spacing
    along_columns, along_rows = np.array(orientation[:3], float), np.array(orientation[3:], float)
    if abs(np.cross(along_columns, along_rows)[2]) < AXIAL:
        raise UnreadableFileError("ct_not_axial")
    if abs(along_columns[1]) > abs(along_columns[0]):  # lies on its side
        volume, spacing = volume.transpose(0, 2, 1), spacing[::-1]
        along_columns, along_rows = along_rows, along_columns
    turned = volume[:, :: -1 if along_rows[1] < 0 else 1, :: -1 if along_columns[0] < 0 else 1]
    if along_rows[1] < 0 or along_columns[0] < 0:
        notices.append(["ct_turned", {}])
    return turned, spacing
