"""A CT in an archive: a series of DICOM files, or arrays with their spacing."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind == "ZIP or Office"


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (S, H, W) int16 Hounsfield units."""
    from mmcore.intake.ct.volume import packed, read_archive

    return packed(*read_archive(data, salt))


READER = Reader(
    "ct_zip",
    "scan",
    can_read,
    read,
    claims=("zip", "npz"),
    suits=lambda task: task.wants_volume,
    volume=True,
)
