"""An ECG in the pack's own NumPy file."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """An archive that is named so, or that the user calls an ECG."""
    return file.kind == "ZIP or Office" and (file.ending == "npz" or bool(file.expected))


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (leads, L) float32 millivolts."""
    from mmcore.intake.ecg.formats import read_ecg_npz

    return read_ecg_npz(data, salt)


READER = Reader("ecg_npz", "ecg", can_read, read, claims=("npz",))
