"""How a case's pictures, recordings and notices are written into a row of the database, and read back."""

import io
import zlib
from datetime import date
from typing import Any

import numpy as np

from mmcore.domain.case import Mark, Notice, Scan, Waveform, first_frame


def to_waveform(row: Any) -> Waveform | None:
    """The recording of a row, None where it has none."""
    facts = row["waveform"]
    if facts is None:
        return None
    taken = date.fromisoformat(facts["taken"]) if facts["taken"] else None
    notices = tuple(Notice(**n) for n in facts["notices"])
    rest = {"leads": tuple(facts["leads"]), "taken": taken, "notices": notices}
    return Waveform(**(facts | rest | {"samples": unpack(row["samples"])}))


def waveform_facts(waveform: Waveform) -> dict[str, object]:
    """All of a recording but its samples, as JSON values."""
    return {
        "rate_hz": float(waveform.rate_hz),
        "leads": list(waveform.leads),
        "taken": waveform.taken.isoformat() if waveform.taken else None,
        "patient_hash": waveform.patient_hash,
        "notices": [plain(n) for n in waveform.notices],
    }


def plain(notice: Notice) -> dict[str, object]:
    """A notice as JSON values."""
    return {"code": notice.code, "values": dict(notice.values), "modality": str(notice.modality)}


def pack(pixels: np.ndarray) -> bytes:
    """An array, compressed."""
    buffer = io.BytesIO()
    np.save(buffer, pixels, allow_pickle=False)
    return zlib.compress(buffer.getvalue(), level=1)


def unpack(packed: bytes) -> np.ndarray:
    """The array that was packed."""
    return np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False)


def pictures_of(scan: Scan) -> np.ndarray:
    """What is kept of a scan's pictures: the Hounsfield units of a CT, the frames of a clip, else its pixels."""
    return next(x for x in (scan.hounsfield, scan.frames, scan.pixels) if x is not None)


def to_scan(facts: dict[str, Any], kept: np.ndarray) -> Scan:
    """The scan of what its file said and what was kept: a CT, the frames of a clip (N, H, W), or a picture (H, W)."""
    if "mark" in facts:
        return to_ct(facts, kept)
    tuples = {k: tuple(facts[k]) if facts[k] else None for k in ("spacing_mm", "window")}
    taken = date.fromisoformat(facts["taken"]) if facts["taken"] else None
    told = facts | tuples | {"taken": taken, "notices": tuple(Notice(**n) for n in facts["notices"])}
    if kept.ndim == 2:
        return Scan(pixels=kept, **told)
    return Scan(pixels=first_frame(kept), frames=kept, **told)


def to_ct(facts: dict[str, Any], hounsfield: np.ndarray) -> Scan:
    """A CT is kept as its Hounsfield units; its picture is made from them again."""
    kept = {k: facts[k] for k in ("view", "laterality", "patient_hash", "body_part", "slice_spacing_mm")}
    taken = date.fromisoformat(facts["taken"]) if facts["taken"] else None
    notices = tuple(Notice(**n) for n in facts["notices"])
    spacing, mark = tuple(facts["spacing_mm"]), Mark(*facts["mark"])
    return Scan.of_ct(hounsfield, spacing, mark, facts["modality"], taken=taken, notices=notices, **kept)
