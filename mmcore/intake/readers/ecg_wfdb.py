"""A WFDB record: a header, whose signals lie in another file."""

import re
from collections.abc import Iterable

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader

NAME = "ecg_wfdb"
HEADER = re.compile(r"^\s*\S+(/\d+)?\s+\d+\s+[\d.]+")  # record name, leads, samples a second


def can_read(file: File, _: CaseTask) -> bool:
    """A text that begins as a header."""
    return looks_like_header(file.head)


def read(data: bytes, salt: str, header: str) -> tuple[Facts, bytes]:
    """Facts and (leads, L) float32 millivolts of the signals and the text of their header."""
    from mmcore.intake.ecg.wfdb import read_wfdb

    return read_wfdb(data, header, salt)


def looks_like_header(head: str) -> bool:
    """Whether a text begins as a WFDB header: a record's name, its number of leads and its rate, then a line for each lead."""
    lines = [line for line in head.splitlines() if line.strip() and not line.startswith("#")]
    return len(lines) > 1 and bool(HEADER.match(lines[0])) and bool(re.match(r"^\S+\.\w+\s+\d+", lines[1]))


def signal_files(contents: Iterable[bytes]) -> frozenset[str]:
    """Names of the signal files that WFDB headers among the given files speak of."""
    heads = [data[:4096].decode("utf-8", errors="replace") for data in contents]
    return frozenset(signal_file(head) for head in heads if looks_like_header(head))


def signal_file(header: str) -> str:
    """The name of the signal file that a WFDB header speaks of. Raises UnreadableFileError."""
    lines = [line for line in header.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        raise UnreadableFileError("ecg_header_damaged")
    return lines[1].split()[0]


READER = Reader(NAME, "ecg", can_read, read, claims=("hea", "dat"))
