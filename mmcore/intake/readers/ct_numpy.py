"""A CT in a NumPy array."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind == "numpy"


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (S, H, W) int16 Hounsfield units."""
    from mmcore.intake.ct.volume import packed, read_array

    return packed(*read_array(data))


READER = Reader(
    "ct_numpy", "scan", can_read, read, claims=("npy",), suits=lambda task: task.wants_volume, volume=True
)
