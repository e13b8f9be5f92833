"""One slice of a CT in a DICOM file."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind == "dicom"


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (S, H, W) int16 Hounsfield units."""
    from mmcore.intake.ct.dicom import read_series
    from mmcore.intake.ct.volume import packed

    return packed(*read_series([data], salt))


READER = Reader(
    "ct_dicom",
    "scan",
    can_read,
    read,
    claims=("dcm", "dicom"),
    suits=lambda task: task.wants_volume,
    volume=True,
)
