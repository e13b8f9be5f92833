"""The frames of a DICOM file, for tasks of which no model looks at a picture."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import Reader
from mmcore.intake.readers.dicom import can_read


def suits(task: CaseTask) -> bool:
    """Tasks whose picture is only shown."""
    return task.image is None


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (N, H, W) uint8 frames, or one picture (H, W) float32."""
    from mmcore.intake.image.dicom_clip import read_clip

    return read_clip(data, salt)


READER = Reader("dicom_clip", "scan", can_read, read, claims=("dcm", "dicom"), suits=suits)
