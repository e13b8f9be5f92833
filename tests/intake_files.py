"""Builds the good and bad files that the intake tests read; nothing of a patient is in them."""

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid


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
