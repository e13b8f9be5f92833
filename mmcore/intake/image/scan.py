"""Bytes of a picture file as a checked Scan."""

import secrets
from functools import cache
from typing import Any

import numpy as np

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Clip, Film
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader
from mmcore.intake.sandbox import read_in_child


@cache
def process_salt() -> str:
    """Drawn once a process, so that the hash of a patient cannot be looked up elsewhere."""
    return secrets.token_hex(16)


def read_scan(file: File, reader: Reader | None) -> Film | Clip:
    """The picture or the frames in a file. Raises UnreadableFileError, also where nothing reads it, or TooLargeError."""
    if not file.data:
        raise UnreadableFileError("file_empty")
    if reader is None:
        raise no_picture(file)
    return _scan(*read_in_child(reader.name, file.data, salt=process_salt()))


def _scan(facts: Facts, payload: bytes) -> Film | Clip:
    spacing, window = facts.get("spacing_mm"), facts.get("window")
    several = len(facts["shape"]) == 3
    read = np.frombuffer(payload, dtype="u1" if several else "<f4").reshape(facts["shape"]).copy()
    orientation = facts.get("orientation")
    told = scan_facts(facts) | dict(
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        colourful=facts.get("colourful", 0.0),
        patient_age_years=facts.get("patient_age_years"),
        patient_sex=facts.get("patient_sex"),
        orientation=(orientation[0], orientation[1]) if orientation else None,
        window=(window[0], window[1]) if window else None,
    )
    return Clip(read, **told) if several else Film(read, **told)


def scan_facts(facts: Facts) -> dict[str, Any]:
    """What a child process read from a header, as fields of a Scan."""
    taken = facts.get("taken")
    return {
        "modality": facts.get("modality") or "",
        "view": facts.get("view"),
        "laterality": facts.get("laterality"),
        "taken": Timestamp.of_iso(taken) if taken else None,
        "patient_hash": facts.get("patient"),
        "body_part": facts.get("body_part"),
        "notices": tuple(Notice(code, values, "image") for code, values in facts.get("notices", [])),
    }


def no_picture(file: File) -> UnreadableFileError:
    """Why a file that is meant as a scan is none that can be read."""
    if file.kind == "text":
        return UnreadableFileError("scan_is_text", ending=file.ending or "?")
    if file.kind == "binary":
        return UnreadableFileError("scan_unknown_format")
    return UnreadableFileError("scan_other_format", format="PDF" if file.kind == "pdf" else file.kind)
