"""Bytes of a note as text."""

from collections.abc import Mapping

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.intake.file import File, Reader
from mmcore.intake.sandbox import read_in_child


def read_note(file: File, reader: Reader | None) -> tuple[str, Mapping[str, object]]:
    """The text of a file, and what was noticed: words, and encoding and guessed or pages.

    Raises UnreadableFileError (binary, empty, no text layer) or TooLargeError.
    """
    if reader is None:
        raise UnreadableFileError("text_is_binary")
    facts, payload = read_in_child(reader.name, file.data)
    return payload.decode(), facts


def note_notices(facts: Mapping[str, object]) -> tuple[Notice, ...]:
    """What the reader should check about how a note was read."""
    if facts.get("guessed"):
        return (Notice("text_encoding_guessed", {"encoding": facts["encoding"]}, "text"),)
    return ()
