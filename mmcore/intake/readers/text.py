"""A note as plain text."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind == "text"


def read(data: bytes) -> tuple[Facts, bytes]:
    """Facts and UTF-8 bytes."""
    from mmcore.intake.note.plain_text import read_text

    return read_text(data)


READER = Reader("text", "note", can_read, read, claims=("txt",), last=True)
