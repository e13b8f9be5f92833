"""Text and PDF files as text; runs in the child process."""

import re
from io import BytesIO

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.code_streams import is_text, zeros_of_utf16
from mmcore.intake.facts import Facts
from mmcore.intake.limits import MAX_PDF_PAGES, MAX_TEXT_BYTES, MAX_WORDS

_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")  # a Chinese character counts as a word
_GB2312_RUN = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
_HIGH = re.compile(rb"[\x80-\xff]+")


def read_text(data: bytes) -> tuple[Facts, bytes]:
    """{encoding, guessed, words} and UTF-8 bytes. Raises UnreadableFileError or TooLargeError."""
    text, encoding, guessed = decoded(data)
    return checked(text) | {"encoding": encoding, "guessed": guessed}, text.encode()


def read_pdf(data: bytes) -> tuple[Facts, bytes]:
    """{pages, words} and the text layer as UTF-8 bytes; errors of pypdf on damaged files end the process."""
    from pypdf import PdfReader

    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted:
        raise UnreadableFileError("note_pdf_locked")
    if len(reader.pages) > MAX_PDF_PAGES:
        raise TooLargeError("note_pdf_pages", pages=len(reader.pages), limit=MAX_PDF_PAGES)
    text = "\n".join(page.extract_text() for page in reader.pages).strip()
    if not text:
        raise UnreadableFileError("note_pdf_without_text")
    text = text.encode("utf-8", "ignore").decode()  # lone surrogates of broken fonts
    return checked(text) | {"pages": len(reader.pages)}, text.encode()


def decoded(data: bytes) -> tuple[str, str, bool]:
    """(text, encoding, whether it had to be guessed) of UTF-8, UTF-16, GB 18030 or Western bytes."""
    if len(data) > MAX_TEXT_BYTES:
        raise TooLargeError("text_too_large", megabytes=len(data) // 2**20, limit=MAX_TEXT_BYTES // 2**20)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strict(data, "utf-16"), "utf-16", False
    if wide := zeros_of_utf16(data[:4096]):
        return _strict(data, wide), wide, False
    if not is_text(data):
        raise UnreadableFileError("text_is_binary")
    try:
        return data.decode("utf-8-sig"), "utf-8", False
    except UnicodeDecodeError:
        encoding = "gb18030" if _in_pairs(data) else "cp1252"
    return data.decode(encoding, "replace"), encoding, True


def beginning(data: bytes) -> str:
    """The first characters of a text, to tell what it is; bytes that do not fit are left out."""
    head = data[:4096]
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if marked else zeros_of_utf16(head) or "utf-8-sig"
    return head.decode(encoding, "ignore")


def _strict(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableFileError("file_damaged") from None
    if not is_text(text.encode("utf-8", "ignore")):
        raise UnreadableFileError("text_is_binary")
    return text


def _in_pairs(data: bytes) -> bool:
    """Whether bytes above ASCII come in GB 2312 pairs; in Western text most stand alone."""
    high = sum(map(len, _HIGH.findall(data)))
    return sum(map(len, _GB2312_RUN.findall(data))) > 0.9 * high


def checked(text: str) -> Facts:
    """{words} of a note. Raises UnreadableFileError if it is empty, TooLargeError beyond MAX_WORDS."""
    words = len(_WORD.findall(text))
    if not words:
        raise UnreadableFileError("note_empty")
    if words > MAX_WORDS:
        raise TooLargeError("note_too_long", words=words, limit=MAX_WORDS)
    return {"words": words}
