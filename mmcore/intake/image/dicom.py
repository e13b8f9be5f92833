"""DICOM files as grey pictures with what their header says of them; runs in the child process."""

import hashlib
import re
import struct
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
)

from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.code_streams import check_pixels, claimed_size
from mmcore.intake.facts import Facts
from mmcore.intake.image.film_frame import along_axes, orientation_of, squared
from mmcore.intake.image.picture import colourful_share
from mmcore.intake.timestamps import dicom_timestamp

IDENTITY = ("PatientID", "PatientName", "PatientBirthDate")  # read for the hash, never kept
TOLD = ("Modality", "ViewPosition", "BodyPartExamined", "PatientOrientation", "ImageOrientationPatient")
WHEN = (  # of when the picture was taken; the study may have begun earlier, so it is asked last
    ("AcquisitionDateTime", "AcquisitionTime"),
    ("AcquisitionDate", "AcquisitionTime"),
    ("ContentDate", "ContentTime"),
    ("StudyDate", "StudyTime"),
)
MADE = tuple(tag for pair in WHEN for tag in pair)
PATIENT = ("PatientAge", "PatientSex")  # compared with note and form, so that a mix-up is noticed
SIDE = (
    "ImageLaterality",
    "Laterality",
    "ViewCodeSequence",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "PixelAspectRatio",
)
SHAPE = ("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit")
PIXELS = ("PixelData", "PixelRepresentation", "PhotometricInterpretation", "PlanarConfiguration")
GREY = ("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "VOILUTSequence", "VOILUTFunction")
WINDOW = ("WindowCenter", "WindowWidth", "PixelPaddingValue", "PixelPaddingRangeLimit")
PALETTE = tuple(
    f"{c}PaletteColorLookupTable{k}" for c in ("Red", "Green", "Blue") for k in ("Data", "Descriptor")
)
FAR = 1e12  # beyond every stored value: shows what a window makes of its ends
TAILS = (0.001, 0.999)  # share of pixels below black and white where the file states no window: our choice


def read_dicom(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (H, W) float32 pixels in [0, 1], bright is dense, of the first frame.

    Applied: modality LUT or rescale, VOI LUT or the first window (else the range of the pixels),
    MONOCHROME1, padding to black. Errors of pydicom on damaged files are left to end the process.
    """
    ds = opened(data)
    facts: Facts = {"notices": []}
    frames = int(ds.get("NumberOfFrames") or 1)
    if frames > 1:
        facts["notices"].append(("scan_first_frame", {"frames": frames}))
    grey = in_grey(unpacked(ds, 0)[None], ds, facts)[0]
    facts |= said(ds) | {"patient": identity(ds, salt)}
    grey, facts["spacing_mm"] = squared(
        grey, facts["spacing_mm"], ds.get("PixelAspectRatio"), facts["notices"]
    )
    facts["shape"] = grey.shape
    return facts, grey.astype("<f4").tobytes()


def opened(data: bytes) -> Dataset:
    """The data set of a file that holds a picture of an accepted size, depth and compression. Raises UnreadableFileError."""
    config.settings.reading_validation_mode = config.IGNORE
    tags = [*IDENTITY, *TOLD, *MADE, *PATIENT, *SIDE, *SHAPE, *PIXELS, *GREY, *WINDOW, *PALETTE]
    ds = dcmread(BytesIO(data), force=True, specific_tags=tags)
    if "PixelData" not in ds:
        raise UnreadableFileError("scan_dicom_without_picture")
    check_dataset(ds)
    return ds


def unpacked(ds: Dataset, index: int) -> np.ndarray:
    """Stored values of one frame, (H, W) grey or (H, W, 3) colour."""
    stored = pixel_array(ds, index=index)
    return apply_color_lut(stored, ds) if ds.PhotometricInterpretation == "PALETTE COLOR" else stored


def in_grey(stored: np.ndarray, ds: Dataset, facts: Facts) -> np.ndarray:
    """(N, H, W) float32 in [0, 1] of frames (N, H, W) or (N, H, W, 3), all through one window; facts gain what was found."""
    if stored.ndim == 3:
        return shown(stored, ds, facts)
    grey, colourful = zip(*(_luminance(frame) for frame in stored), strict=True)
    facts["colourful"] = max(colourful)
    return np.stack(grey)


def check_dataset(ds: Dataset) -> None:
    """Refuses sizes, depths and compressions before decoding; fills in a missing transfer syntax."""
    if "TransferSyntaxUID" not in ds.file_meta:
        ds.file_meta.TransferSyntaxUID = _syntax_of(*ds.original_encoding)
    width, height = int(ds.get("Columns") or 0), int(ds.get("Rows") or 0)
    check_pixels(width, height)
    if not width * height:
        raise UnreadableFileError("file_damaged")
    _check_layout(ds)
    if ds.file_meta.TransferSyntaxUID.is_compressed:
        _check_stream(ds, (width, height))


def _check_layout(ds: Dataset) -> None:
    """Refuses other than one or three channels of 8 or 16 bits."""
    if "BitsAllocated" not in ds or "SamplesPerPixel" not in ds:
        raise UnreadableFileError("file_damaged")
    if ds.BitsAllocated not in (8, 16) or ds.SamplesPerPixel not in (1, 3):
        raise UnreadableFileError(
            "scan_dicom_layout", bits=ds.get("BitsAllocated"), samples=ds.get("SamplesPerPixel")
        )


def _syntax_of(implicit: bool | None, little: bool | None) -> UID:
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_stream(ds: Dataset, size: tuple[int, int]) -> None:
    """Refuses a compression without a reader, and a code stream whose own header claims another size."""
    syntax = ds.file_meta.TransferSyntaxUID
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available or (syntax == JPEGExtended12Bit and ds.get("BitsStored") != 8):
        raise UnreadableFileError("scan_dicom_compression", syntax=syntax.name)
    claimed = claimed_size(get_frame(ds.PixelData, 0, number_of_frames=int(ds.get("NumberOfFrames") or 1)))
    if claimed:
        check_pixels(*claimed)
        if claimed != size:
            raise UnreadableFileError("file_damaged")


def shown(stored: np.ndarray, ds: Dataset, facts: Facts) -> np.ndarray:
    """float32 in [0, 1] of stored grey values (N, H, W); facts gain `window` and notices.

    The way from stored to shown value is worked out once for each value that occurs, not for each pixel.
    """
    low, high = int(stored.min()), int(stored.max())
    inputs = np.arange(low, high + 1)
    padding = _padding(inputs, ds)
    outputs = np.asarray(apply_modality_lut(inputs, ds))
    table = _by_lut(outputs, ds, facts)
    if table is None:
        table = _by_window(outputs, ds, facts)
    if table is None:
        sample = stored[:, :: 1 + stored.shape[1] // 2000, :: 1 + stored.shape[2] // 2000]
        counts = np.bincount(sample.ravel().astype(np.int64) - low, minlength=len(inputs))
        table = _by_range(outputs.astype(np.float64), np.where(padding, 0, counts))
    if ds.PhotometricInterpretation == "MONOCHROME1":
        table = 1 - table
    table = np.where(padding, 0, table).astype(np.float32)
    return table[stored.astype(np.int32) - low]


def _padding(inputs: np.ndarray, ds: Dataset) -> np.ndarray:
    first = ds.get("PixelPaddingValue")
    if not isinstance(first, int):
        return np.zeros(len(inputs), dtype=bool)
    last = ds.get("PixelPaddingRangeLimit")
    last = last if isinstance(last, int) else first
    return (inputs >= min(first, last)) & (inputs <= max(first, last))


def _by_lut(outputs: np.ndarray, ds: Dataset, facts: Facts) -> np.ndarray | None:
    if not ds.get("VOILUTSequence"):
        return None
    depth = ds.VOILUTSequence[0].LUTDescriptor[2]
    try:
        looked_up = apply_voi(np.rint(outputs).astype(np.int64), ds)
    except (ValueError, NotImplementedError, struct.error):
        facts["notices"].append(("scan_window_ignored", {}))
        return None
    table: np.ndarray = np.clip(looked_up.astype(np.float64) / (2**depth - 1), 0, 1)
    return table


def _by_window(outputs: np.ndarray, ds: Dataset, facts: Facts) -> np.ndarray | None:
    """Values in [0, 1] through the first window; None where there is none or it is no window (width 0)."""
    if not _has_window(ds):
        return None
    try:
        windowed = apply_windowing(np.concatenate([[-FAR, FAR], outputs.astype(np.float64)]), ds)
    except (ValueError, TypeError, OverflowError):
        facts["notices"].append(("scan_window_ignored", {}))
        return None
    black, white = windowed[:2]
    if not np.isfinite(windowed).all() or black == white:
        facts["notices"].append(("scan_window_ignored", {}))
        return None
    first = [ds[k].value[0] if ds[k].VM > 1 else ds[k].value for k in ("WindowCenter", "WindowWidth")]
    facts["window"] = [float(v) for v in first]
    table: np.ndarray = (windowed[2:] - black) / (white - black)
    return table


def _has_window(ds: Dataset) -> bool:
    return ds.get("WindowCenter") not in (None, "") and ds.get("WindowWidth") not in (None, "")


def _by_range(outputs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    share = np.cumsum(counts) / max(1, counts.sum())
    ends = [outputs[min(int(np.searchsorted(share, tail)), len(outputs) - 1)] for tail in TAILS]
    black, white = min(ends), max(ends)
    table: np.ndarray = np.clip((outputs - black) / max(white - black, 1e-9), 0, 1)
    return table


def _luminance(colour: np.ndarray) -> tuple[np.ndarray, float]:
    """(H, W) float32 in [0, 1] and the share of visible colour of (H, W, 3) unsigned integers."""
    eight = (colour >> 8).astype(np.uint8) if colour.dtype.itemsize == 2 else colour.astype(np.uint8)
    grey = Image.fromarray(np.ascontiguousarray(eight)).convert("L")
    return np.asarray(grey, dtype=np.float32) / 255, colourful_share(eight)


def said(ds: Dataset) -> Facts:
    """modality, view, orientation, laterality, body_part, spacing_mm (row, column), taken (ISO), the patient's age and sex;
    None where silent, () for the spacing."""
    spacing = ds.get("PixelSpacing") or ds.get("ImagerPixelSpacing")
    sex = _text(ds, "PatientSex").upper()
    return {
        "modality": _text(ds, "Modality").upper(),
        "view": _view(ds),
        "orientation": orientation_of(ds.get("PatientOrientation"))
        or along_axes(ds.get("ImageOrientationPatient")),
        "laterality": _text(ds, "ImageLaterality", "Laterality") or None,
        "body_part": _text(ds, "BodyPartExamined").upper() or None,
        "spacing_mm": list(map(float, spacing)) if spacing and len(spacing) == 2 else [],
        "taken": taken(ds),
        "patient_age_years": _age(_text(ds, "PatientAge")),
        "patient_sex": sex if sex in ("F", "M") else None,
    }


def taken(ds: Dataset) -> str | None:
    """ISO of when the picture or signal was made."""
    return dicom_timestamp((ds.get(day), ds.get(clock)) for day, clock in WHEN)


def _text(ds: Dataset, *tags: str) -> str:
    """What the first tag says that says something; "" where all are silent."""
    return str(next(filter(None, (ds.get(tag) for tag in tags)), "")).strip()


def _age(stated: str) -> float | None:
    """Years of a DICOM age string such as 045Y, 018M, 006W or 010D; None if it is none."""
    match = re.fullmatch(r"\s*(\d{1,3})([YMWD])\s*", stated.upper())
    if match is None:
        return None
    return round(int(match[1]) / {"Y": 1, "M": 12, "W": 52.18, "D": 365.25}[match[2]], 2)


def _view(ds: Dataset) -> str | None:
    """The projection: stated, coded, or from the direction of the rows (front or back: a side view)."""
    stated = _text(ds, "ViewPosition").upper()
    codes = ds.get("ViewCodeSequence")
    if not stated and codes:
        stated = _text(codes[0], "CodeMeaning").upper()
    if not stated and _rows_run_deep(ds):
        stated = "LATERAL"
    return stated or None


def _rows_run_deep(ds: Dataset) -> bool:
    """Whether rows run to the front or the back of the patient."""
    rows = ds.get("PatientOrientation")
    return bool(rows) and str(rows[0])[:1] in ("A", "P")


def identity(ds: Dataset, salt: str) -> str | None:
    """A salted hash that tells whether two files name the same patient; None if the file names none."""
    named = [str(ds.get(k) or "").strip() for k in IDENTITY]
    key = named[0] or "|".join(named[1:]).strip("|")
    return hashlib.sha256(f"{salt}|{key}".encode()).hexdigest()[:16] if key else None
