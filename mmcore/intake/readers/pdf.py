"""A note in a PDF file with a layer of text."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind == "pdf"


def read(data: bytes) -> tuple[Facts, bytes]:
    """Facts and UTF-8 bytes."""
    from mmcore.intake.note.plain_text import read_pdf

    return read_pdf(data)


READER = Reader("pdf", "note", can_read, read)
