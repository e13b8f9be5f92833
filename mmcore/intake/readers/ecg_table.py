"""An ECG as a table of its leads."""

import re

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """A text that begins as a table with two columns at least that are named after leads."""
    from mmcore.intake.ecg.formats import heading_of, lead_of

    lines = [line for line in file.head.splitlines() if line.strip() and not line.startswith("#")]
    cells = re.split(r"[,;\t]", lines[0].replace('"', "")) if lines else []
    return sum(lead_of(heading_of(cell)[0]) is not None for cell in cells) >= 2


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (leads, L) float32 millivolts."""
    from mmcore.intake.ecg.formats import read_ecg_table

    return read_ecg_table(data, salt)


READER = Reader("ecg_table", "ecg", can_read, read)
