"""Bytes of a note as text."""

from collections.abc import Mapping

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.intake.code_streams import kind_of
from mmcore.intake.sandbox import read_in_child


def read_note(data: bytes) -> tuple[str, Mapping[str, object]]:
    """The text of a plain-text or PDF file, told by its content, and what was noticed: words, and encoding and guessed or pages.

    Raises UnreadableFileError (binary, empty, no text layer) or TooLargeError.
    """
    kind = kind_of(data) if data else "text"
    if kind not in ("text", "pdf"):
        raise UnreadableFileError("text_is_binary")
    facts, payload = read_in_child(kind, data)
    return payload.decode(), facts


def note_notices(facts: Mapping[str, object]) -> tuple[Notice, ...]:
    """What the reader should check about how a note was read."""
    if facts.get("guessed"):
        return (Notice("text_encoding_guessed", {"encoding": facts["encoding"]}, "text"),)
    return ()
