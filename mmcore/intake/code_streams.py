"""What the first bytes of a file or compressed frame claim: its kind, and its size before decoding."""

import re
import struct

from mmcore.domain.errors import TooLargeError
from mmcore.intake.limits import MAX_PIXELS

OTHER_KINDS = {  # known well enough to be refused by name
    b"GIF8": "GIF",
    b"\x93NUMPY": "numpy",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"RIFF": "WebP",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "ZIP or Office",
    b"\xd0\xcf\x11\xe0": "Office",
    b"{\\rtf": "RTF",
    b"\x00\x00\x00\x0cjP": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
}
_BARE_DICOM = re.compile(rb"[\x02\x08]\x00.\x00", re.DOTALL)  # group 0002 or 0008 without the preamble
_FRAME_MARKERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF of JPEG, SOF55 of JPEG-LS


def kind_of(data: bytes) -> str:
    """dicom, png, jpeg, pdf, nifti, numpy, text, or the name of another format; "binary" if nothing is recognised."""
    if data[128:132] == b"DICM" or _BARE_DICOM.match(data):
        return "dicom"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[344:348] in (b"n+1\0", b"ni1\0"):
        return "nifti"
    return _other_kind(data)


def _other_kind(data: bytes) -> str:
    for magic, name in OTHER_KINDS.items():
        if data.startswith(magic):
            return name
    return "text" if is_text(data[:4096]) else "binary"


def is_text(head: bytes) -> bool:
    """Whether bytes may be text: UTF-16 by its mark or its zeros, else hardly any control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or zeros_of_utf16(head):
        return True
    return b"\0" not in head and sum(c < 9 or 13 < c < 32 for c in head) <= len(head) // 100


def zeros_of_utf16(head: bytes) -> str | None:
    """utf-16-le or utf-16-be where every second byte of nearly all is zero and none of the others is."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 4:
        return None
    if odd.count(0) > 0.7 * len(odd) and 0 not in even:
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > 0.7 * len(even) and 0 not in odd else None


def claimed_size(stream: bytes) -> tuple[int, int] | None:
    """(width, height) in the header of a JPEG, JPEG-LS or JPEG 2000 code stream; None without one."""
    if stream[:2] == b"\xff\xd8":
        return _jpeg_size(stream)
    start = stream.find(b"\xff\x4f\xff\x51", 0, 4096)  # SIZ follows SOC; a JP2 box may come before
    if start < 0 or len(stream) < start + 24:
        return None
    right, bottom, left, top = struct.unpack(">4I", stream[start + 8 : start + 24])
    return right - left, bottom - top


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", stream[position + 5 : position + 9])
            return width, height
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        position += 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
    return None


def check_pixels(width: int, height: int) -> None:
    """Raises TooLargeError if one frame has more pixels than MAX_PIXELS."""
    if width * height > MAX_PIXELS:
        raise TooLargeError(
            "scan_too_many_pixels", width=width, height=height, limit_megapixels=MAX_PIXELS // 1_000_000
        )
