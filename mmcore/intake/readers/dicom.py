"""A radiograph in a DICOM file."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader
from mmcore.intake.readers.ecg_dicom import is_waveform


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes, where they name no waveform."""
    return file.kind == "dicom" and not (is_waveform(file) and not file.expected)


def suits(task: CaseTask) -> bool:
    """Tasks that want a film."""
    return task.image is not None and not task.wants_volume


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (H, W) float32 in [0, 1]."""
    from mmcore.intake.image.dicom import read_dicom

    return read_dicom(data, salt)


READER = Reader("dicom", "scan", can_read, read, claims=("dcm", "dicom"), suits=suits)
