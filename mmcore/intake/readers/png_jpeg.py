"""PNG and JPEG pictures; other formats of pictures are refused by name."""

from mmcore.domain.task import CaseTask
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader

OTHER_KINDS = ("GIF", "BMP", "TIFF", "WebP", "JPEG 2000")
ENDINGS = ("png", "jpg", "jpeg", "bmp", "tif", "tiff")


def can_read(file: File, _: CaseTask) -> bool:
    """By its first bytes."""
    return file.kind in ("png", "jpeg")


def read(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """Facts and (H, W) float32 in [0, 1]; a picture names no patient, so that there is nothing to salt."""
    from mmcore.intake.image.picture import read_picture

    return read_picture(data)


READER = Reader("png_jpeg", "scan", can_read, read, claims=(*OTHER_KINDS, *ENDINGS))
