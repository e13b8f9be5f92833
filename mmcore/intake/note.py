"""Bytes of a note as text, and rules that tell whether the text encoder can follow it."""

import re
from collections.abc import Mapping

from mmcore.domain.case import Notice
from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.code_streams import kind_of
from mmcore.intake.sandbox import read_in_child

LANGUAGE = "note_language"
MIN_FOREIGN = 5  # function words of another language before it is believed
LETTERS = {  # language or script -> its letters
    "Chinese": r"[\u3400-\u9fff]",
    "Japanese": r"[\u3040-\u30ff]",
    "Korean": r"[\uac00-\ud7af]",
    "Cyrillic": r"[\u0400-\u04ff]",
    "Arabic": r"[\u0600-\u06ff]",
    "Greek": r"[\u0370-\u03ff]",
}
FUNCTION_WORDS = {
    "English": "the of and with was is to for on patient were has had his her at by from no an",
    "French": "le la les des une est avec du dans pour au aux sur pas qui et chez par",
    "Spanish": "el los las una con del que es por se para y al su más fue sin",
    "Italian": "il della di con del che è per una alla nel sono dei non gli da",
    "German": "der die das und mit ist ein eine nicht von bei wurde zu dem den im auf",
    "Portuguese": "o os uma com do da dos que é por não em foi no na sem ao",
    "Dutch": "het een en met van is niet bij werd voor op de zijn",
}


def read_note(data: bytes, name: str = "") -> str:
    """The text of a plain-text or PDF file, told by its content.

    Raises UnreadableFileError (binary, empty, no text layer) or TooLargeError.
    """
    return read_note_file(data, name)[0]


def read_note_file(data: bytes, name: str = "") -> tuple[str, Mapping[str, object]]:
    """As read_note, with what was noticed: words, and encoding and guessed or pages."""
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


def note_doubts(text: str) -> tuple[Notice, ...]:
    """A notice if the note is in a language that the English text encoder was not made for; else ()."""
    language = language_of(text)
    return () if language == "English" else (Notice(LANGUAGE, {"written_in": language}, "text"),)


def language_of(text: str) -> str:
    """The script of a third of the letters, else the language with twice as many function words as English.

    English where nothing speaks against it: telegraphic notes have no function words at all.
    """
    letters = sum(map(str.isalpha, text))
    for language, pattern in LETTERS.items():
        if 3 * len(re.findall(pattern, text)) > letters:
            return language
    words = re.findall(r"[^\W\d_]+", text.lower())
    hits = {k: sum(map(set(v.split()).__contains__, words)) for k, v in FUNCTION_WORDS.items()}
    best = max(hits, key=lambda k: hits[k])
    return best if hits[best] >= max(MIN_FOREIGN, 2 * hits["English"]) else "English"
