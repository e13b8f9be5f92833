"""A CT in a NIfTI file, compressed or not."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind in ("nifti", "gzip")


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (S, H, W) int16 Hounsfield units."""
    from mmcore.intake.ct.nifti import read_nifti
    from mmcore.intake.ct.volume import packed

    return packed(*read_nifti(data))


READER = Reader(
    "ct_nifti",
    "scan",
    can_read,
    read,
    claims=("nii", "gz"),
    suits=lambda task: task.wants_volume,
    volume=True,
)
