"""Builds the good and bad files that the intake tests read; nothing of a patient is in them."""

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from mmcore.domain.case import Waveform
from mmcore.domain.notice import Notice
from mmcore.domain.scan import CtVolume, Scan
from mmcore.domain.task import CaseTask
from mmcore.intake.ct import scan as ct_scan
from mmcore.intake.ecg import recording
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Place, Reader
from mmcore.intake.image import scan as image_scan
from mmcore.intake.note import read as note_read
from mmcore.intake.readers import recognised
from mmcore.intake.values import vitals as values_read
from mmcore.tasks import get_task


def chest(side: int = 128) -> np.ndarray:
    """(side, side) uint8: dark corners and lungs, bright spine and abdomen, with some noise."""
    y, x = np.mgrid[0:side, 0:side] / side
    body = np.where(np.abs(x - 0.5) < 0.45 - 0.25 * (y < 0.15), 0.55, 0.05)
    for centre in (0.27, 0.73):
        body[((x - centre) / 0.14) ** 2 + ((y - 0.45) / 0.28) ** 2 < 1] = 0.2
    body[np.abs(x - 0.5) < 0.06] += 0.3
    body[y > 0.8] += 0.25
    noise = np.random.default_rng(0).normal(0, 0.02, body.shape)
    return (np.clip(body + noise, 0, 1) * 255).astype(np.uint8)


def picture(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    """A PNG or JPEG file of (H, W) or (H, W, 3) integers."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def dataset(stored: np.ndarray, **elements: object) -> Dataset:
    """A chest radiograph of uint8, uint16 or int16 (H, W) or (F, H, W) pixels; `elements` by DICOM keyword."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.Modality, ds.PatientID, ds.PatientName = "DX", "4711", "Doe^Jane"
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = 8 * stored.dtype.itemsize
    ds.BitsStored, ds.HighBit = ds.BitsAllocated, ds.BitsAllocated - 1
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    if stored.ndim == 3:
        ds.NumberOfFrames = len(stored)
    ds.PixelData = stored.tobytes()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def dicom(stored: np.ndarray, **elements: object) -> bytes:
    """The bytes of `dataset`."""
    return saved(dataset(stored, **elements))


def saved(ds: Dataset) -> bytes:
    """The file of a dataset."""
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its data do not have."""
    import struct
    import zlib

    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = picture(chest())
    return body[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + body[33:]


def opened(
    name: str, data: bytes, expected: str, task: str, place: Place | None = None
) -> tuple[File, Reader | None]:
    """A file that is said to be a scan, an ECG, a note or vitals, with what reads it for a task."""
    file = File(name, data, expected, place)
    return file, recognised(file, get_task(task)).reader


def read_scan(data: bytes, name: str = "x", *, clip: bool = False) -> Scan:
    """The picture in a file; clip: all its frames, as a task keeps them of which no model looks at a picture."""
    return image_scan.read_scan(*opened(name, data, "scan", "heart_ecg" if clip else "chest_infection"))


def read_ct_scan(data: bytes, place: Place | None = None) -> CtVolume:
    """The CT in a file, marked at a place."""
    return ct_scan.read_ct_scan(*opened("x", data, "scan", "lung_nodule", place))


def read_ct(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """What the child process answers of a CT, read in this process."""
    _, reader = opened("x", data, "scan", "lung_nodule")
    return reader.read(data, salt)


def read_note(data: bytes) -> tuple[str, dict]:
    """The text of a note and what was noticed."""
    return note_read.read_note(*opened("x", data, "note", "chest_infection"))


def read_vitals(data: bytes, task: CaseTask, **options: object) -> values_read.Vitals:
    """The values in a file."""
    return values_read.read_vitals(*opened("x", data, "vitals", task.name), task, **options)


def read_ecg(
    name: str, data: bytes, beside: dict[str, bytes], **options: object
) -> tuple[Waveform, Notice | None]:
    """The ECG in a file and what keeps it from being used."""
    return recording.read_ecg(*opened(name, data, "ecg", "heart_ecg"), beside, **options)
