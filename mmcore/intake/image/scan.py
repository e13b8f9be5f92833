"""Bytes of a picture file as a checked Scan."""

import secrets
from functools import cache
from typing import Any

import numpy as np

from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Clip, Film, Scan
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.code_streams import kind_of
from mmcore.intake.facts import Facts
from mmcore.intake.sandbox import read_in_child


@cache
def process_salt() -> str:
    """Drawn once a process, so that the hash of a patient cannot be looked up elsewhere."""
    return secrets.token_hex(16)


def read_scan(data: bytes, name: str = "", *, clip: bool = False) -> Scan:
    """The picture in a DICOM, PNG or JPEG file, told by its content; `name` lets a wrong ending be said.

    clip: the frames of a DICOM file with several are kept to be looked at, rather than its first alone.

    Raises UnreadableFileError or TooLargeError.
    """
    if not data:
        raise UnreadableFileError("file_empty")
    kind = kind_of(data)
    if kind == "dicom":
        facts, payload = read_in_child("dicom_clip" if clip else "dicom", data, salt=process_salt())
    elif kind in ("png", "jpeg"):
        facts, payload = read_in_child("picture", data)
    else:
        raise no_picture(kind, name)
    return _scan(facts, payload)


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


def no_picture(kind: str, name: str) -> UnreadableFileError:
    if kind == "text":
        return UnreadableFileError("scan_is_text", ending=name.rpartition(".")[2].lower() or "?")
    if kind == "binary":
        return UnreadableFileError("scan_unknown_format")
    return UnreadableFileError("scan_other_format", format=kind.upper() if kind == "pdf" else kind)
