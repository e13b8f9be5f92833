"""CT files as a checked Scan with the place the user marked; decoded in the child process."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmcore.domain.errors import OutOfRangeError, UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.scan import CtVolume, Mark
from mmcore.intake.file import File, Place, Reader
from mmcore.intake.image.scan import no_picture, process_salt, scan_facts
from mmcore.intake.sandbox import read_in_child

DOUBTED = frozenset({"ct_slices_missing", "ct_uneven_spacing"})  # used when the user insists
KEPT_SLICES = 12  # on each side of the mark, in a stored case


def read_ct_scan(file: File, reader: Reader | None) -> CtVolume:
    """The CT in a file, marked at its place, else in the middle, which a notice says.

    Raises UnreadableFileError, TooLargeError, or OutOfRangeError for a mark beyond the picture.
    """
    if not file.data:
        raise UnreadableFileError("file_empty")
    if reader is None:
        raise no_picture(file)
    if not reader.volume:
        raise UnreadableFileError("ct_from_picture", format=file.kind.upper())
    facts, payload = read_in_child(reader.name, file.data, salt=process_salt())
    hounsfield = np.frombuffer(payload, dtype="<i2").reshape(facts["shape"])
    mark, assumed = _mark(hounsfield.shape, file.place)
    told = scan_facts(facts)
    notices = (*told.pop("notices"), *assumed)
    spacing = facts["spacing_mm"]
    return CtVolume(
        hounsfield=hounsfield,
        spacing_mm=(spacing[0], spacing[1]),
        mark=mark,
        notices=notices,
        slice_spacing_mm=facts.get("slice_spacing_mm"),
        **told,
    )


def marked(scan: CtVolume, mark: Mark) -> CtVolume:
    """The CT with another mark, which takes the place of an assumed one. Raises OutOfRangeError beyond the picture."""
    _check(scan.hounsfield.shape, mark)
    return replace(scan, mark=mark, notices=tuple(n for n in scan.notices if n.code != "ct_mark_assumed"))


def near_mark(scan: CtVolume) -> CtVolume:
    """The scan with the slices near its mark alone, as a case keeps it."""
    first = max(0, scan.mark.slice - KEPT_SLICES)
    kept = scan.hounsfield[first : scan.mark.slice + KEPT_SLICES + 1]
    return replace(scan, hounsfield=kept, mark=replace(scan.mark, slice=scan.mark.slice - first))


def zipped(files: Sequence[bytes]) -> bytes:
    """Several files of a series as one, to be decoded together."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"{number}.dcm", data)
    return buffer.getvalue()


def _mark(shape: tuple[int, ...], place: Place | None) -> tuple[Mark, tuple[Notice, ...]]:
    middle = Mark((shape[0] - 1) // 2, (shape[1] - 1) / 2, (shape[2] - 1) / 2)
    if place is None:
        return middle, (Notice("ct_mark_assumed", {}, "image"),)
    row, column, number = place
    mark = Mark(middle.slice if number is None else number, row, column)
    _check(shape, mark)
    assumed = number is None and shape[0] > 1
    return mark, (Notice("ct_slice_assumed", {"slice": mark.slice}, "image"),) if assumed else ()


def _check(shape: tuple[int, ...], mark: Mark) -> None:
    slices, height, width = shape
    if not (0 <= mark.slice < slices and 0 <= mark.row <= height - 1 and 0 <= mark.column <= width - 1):
        raise OutOfRangeError(
            "ct_mark_outside",
            row=f"{mark.row:g}",
            column=f"{mark.column:g}",
            slice=mark.slice,
            rows=height - 1,
            columns=width - 1,
            slices=slices - 1,
        )
