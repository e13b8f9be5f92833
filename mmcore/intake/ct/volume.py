"""CT files as slices of Hounsfield units: DICOM slices and series, NIfTI, NumPy; runs in the child process."""

import io
import zipfile
from collections.abc import Iterator

import numpy as np

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.code_streams import check_pixels, kind_of
from mmcore.intake.facts import Facts, Told
from mmcore.intake.limits import MAX_CT_FILES, MAX_CT_VOXELS

SPACING_MM = (0.2, 2.5)  # of pixels; below and above, no clinical chest CT
ASSUMED_MM = 0.7  # where a NumPy file says nothing: the median of the training scans


def packed(facts: Facts, hounsfield: np.ndarray) -> tuple[Facts, bytes]:
    """What the child process answers of a CT: facts and bytes of (S, H, W) int16 Hounsfield units.

    First slice nearest the head, patient's right on the left of the picture. Raises UnreadableFileError beyond SPACING_MM.
    """
    low, high = SPACING_MM
    if not all(low <= mm <= high for mm in facts["spacing_mm"]):
        raise UnreadableFileError(
            "ct_spacing_implausible", value=f"{max(facts['spacing_mm']):g}", low=f"{low:g}", high=f"{high:g}"
        )
    return facts | {"shape": hounsfield.shape}, np.ascontiguousarray(hounsfield, dtype="<i2").tobytes()


def read_array(data: bytes) -> tuple[Facts, np.ndarray]:
    """Facts and (S, H, W) int16 of a .npy file."""
    return _from_arrays({"hu": np.load(io.BytesIO(data), allow_pickle=False)})


def check_voxels(slices: int, height: int, width: int) -> None:
    """Raises TooLargeError if a volume has more voxels than MAX_CT_VOXELS."""
    check_pixels(width, height)
    if slices * width * height > MAX_CT_VOXELS:
        raise TooLargeError(
            "ct_too_many_voxels",
            slices=slices,
            width=width,
            height=height,
            limit_million=MAX_CT_VOXELS // 1_000_000,
        )


def read_archive(data: bytes, salt: str) -> tuple[Facts, np.ndarray]:
    """Facts and (S, H, W) int16 of a ZIP whose members are arrays (.npz with `hu` and `pixel_spacing`) or DICOM files."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = _members(archive)
        if members and all(m.filename.endswith(".npy") for m in members):
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                return _from_arrays({name: stored[name] for name in stored.files})
        from mmcore.intake.ct.dicom import read_series

        return read_series(list(_dicom_members(archive, members)), salt)


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in an archive. Raises TooLargeError if they are too many, or too large once unpacked."""
    members = [m for m in archive.infolist() if not m.is_dir()]
    if len(members) > MAX_CT_FILES or sum(m.file_size for m in members) > 4 * MAX_CT_VOXELS:
        raise TooLargeError("ct_archive_too_large", files=len(members), limit=MAX_CT_FILES)
    return members


def _dicom_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Iterator[bytes]:
    for member in members:
        with archive.open(member) as stream:
            content = stream.read(member.file_size + 1)  # a member that holds more than it claims is cut
        if kind_of(content) == "dicom":
            yield content


def _from_arrays(arrays: dict[str, np.ndarray]) -> tuple[Facts, np.ndarray]:
    """Arrays of an .npy or .npz file: `hu` (H, W) or (S, H, W), `pixel_spacing` in mm where known."""
    array = arrays.get("hu", next(iter(arrays.values())))
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.dtype.kind not in "iuf" or not array.size:
        raise UnreadableFileError("ct_array_layout", shape=" x ".join(map(str, array.shape)))
    check_voxels(*array.shape)
    stated = arrays.get("pixel_spacing")
    notices: list[Told] = []
    if stated is None:
        notices.append(("ct_spacing_assumed", {"value": f"{ASSUMED_MM:g}"}))
    spacing = np.resize(np.asarray(ASSUMED_MM if stated is None else stated, dtype=float).ravel(), 2)
    facts: Facts = {"modality": "", "notices": notices, "spacing_mm": spacing.tolist()}
    return facts, as_hounsfield(array)


def as_hounsfield(values: np.ndarray) -> np.ndarray:
    """Rounded and kept within 16 bits; what is not a number becomes air. values (S, H, W)."""
    if values.dtype.kind == "f":
        values = np.rint(np.nan_to_num(values, nan=-1024.0, posinf=32767.0, neginf=-32768.0))
    kept: np.ndarray = np.clip(values, -32768, 32767).astype(np.int16)
    return kept
