"""An ECG in a DICOM file."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader

WAVEFORM_CLASS = b"1.2.840.10008.5.1.4.1.1.9."  # DICOM storage classes of waveforms (PS3.4 B.5)


def is_waveform(file: File) -> bool:
    """Whether a DICOM file says that it holds a waveform."""
    return file.kind == "dicom" and WAVEFORM_CLASS in file.data[:8192]


def can_read(file: File, _: CaseTask) -> bool:
    """By its storage class; a DICOM file that the user calls an ECG is read as one."""
    return file.kind == "dicom" and (bool(file.expected) or is_waveform(file))


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (leads, L) float32 millivolts."""
    from mmcore.intake.ecg.formats import read_ecg_dicom

    return read_ecg_dicom(data, salt)


READER = Reader("ecg_dicom", "ecg", can_read, read)
