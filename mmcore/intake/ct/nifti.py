"""NIfTI files as slices of Hounsfield units in one frame; inflated through a capped reader, in the child process."""

import gzip
import io
from typing import Any

import numpy as np

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.ct.frame import check_along, tilt_notices
from mmcore.intake.ct.volume import as_hounsfield, check_voxels
from mmcore.intake.facts import Facts, Told
from mmcore.intake.limits import MAX_CT_VOXELS

HEADER = 352  # bytes of a NIfTI-1 file before its voxels
MOST_BYTES = 4 * MAX_CT_VOXELS + HEADER


def read_nifti(data: bytes) -> tuple[Facts, np.ndarray]:
    """Facts and (S, H, W) int16 Hounsfield units, from head to feet, rows to the back, columns to the patient's left.

    Raises UnreadableFileError for what is no volume or lies obliquely, TooLargeError before inflating too much.
    """
    import nibabel

    if data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            _check(stream.read(HEADER))
            stream.seek(0)
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise TooLargeError("file_takes_too_much_memory")
    else:
        _check(data[:HEADER])
    image = nibabel.Nifti1Image.from_bytes(data)
    notices = _placed(image)
    voxels: Any = image.dataobj
    stored, slope, offset = voxels.get_unscaled().reshape(image.shape[:3]), voxels.slope, voxels.inter
    volume = np.empty(stored.shape, dtype=np.int16)
    for k in range(stored.shape[2]):  # one by one: whole volumes of floats would not fit
        volume[..., k] = as_hounsfield(stored[..., k].astype(np.float32) * slope + offset)
    turns = nibabel.orientations.io_orientation(image.affine)  # to x to the right, y to the front, z up
    volume = nibabel.orientations.apply_orientation(volume, turns)[::-1, ::-1, ::-1].transpose(2, 1, 0)
    zooms = np.empty(3)
    zooms[turns[:, 0].astype(int)] = image.header.get_zooms()[:3]
    across, deep, step = (float(mm) for mm in zooms)
    return {
        "modality": "",
        "spacing_mm": [deep, across],
        "slice_spacing_mm": step,
        "notices": notices,
    }, volume


def _placed(image: Any) -> list[Told]:
    """What must be told of how the volume lies; refuses it where it lies obliquely, or its header contradicts itself."""
    import nibabel

    (of_quaternion, first), (of_matrix, second) = image.get_qform(coded=True), image.get_sform(coded=True)
    if not first and not second:
        return [("ct_orientation_assumed", {})]
    if first and second and nibabel.aff2axcodes(of_quaternion) != nibabel.aff2axcodes(of_matrix):
        raise UnreadableFileError("ct_directions_contradict")
    sides = image.affine[:3, :3].T
    axes = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    check_along(axes)
    return tilt_notices(axes)


def _check(head: bytes) -> None:
    """Refuses from the header alone what is no three-dimensional volume, or too large."""
    import nibabel

    if len(head) < HEADER or head[344:348] not in (b"n+1\0", b"ni1\0"):
        raise UnreadableFileError("scan_unknown_format")
    shape = nibabel.Nifti1Header(head[:348]).get_data_shape()
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise UnreadableFileError("ct_array_layout", shape=" x ".join(str(n) for n in shape))
    check_voxels(int(shape[2]), int(shape[1]), int(shape[0]))
