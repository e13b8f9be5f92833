"""How a case is written into a row of the database, and read back."""

import io
import zlib
from datetime import date
from typing import Any

import numpy as np

from mmcore.domain.case import Case, Waveform
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Clip, CtVolume, Film, Mark, Scan
from mmcore.domain.timestamp import Timestamp

TOLD_BY_FILE = ("modality", "view", "laterality", "body_part")
PAIRS = ("spacing_mm", "window", "orientation")


def to_row(case: Case) -> dict[str, object]:
    """The columns that hold a case."""
    scan = case.scan
    return {
        "task": case.task,
        "pixels": pack(pictures_of(scan)) if scan else None,
        "scan": scan_facts(scan) if scan else None,
        "note": case.note,
        "field_values": dict(case.values),
        "refused": [plain(n) for n in case.refused],
        "overruled": sorted(case.overruled),
        "samples": pack(case.waveform.samples) if case.waveform else None,
        "waveform": waveform_facts(case.waveform) if case.waveform else None,
        "times": {name: timestamp.iso if timestamp else None for name, timestamp in case.times.items()},
        "left_out": sorted(case.left_out),
    }


def to_case(row: Any) -> Case:
    """The case of a row; rows from before times were kept have none."""
    facts = row["scan"]
    return Case(
        row["task"],
        None if facts is None else to_scan(facts, unpack(row["pixels"])),
        row["note"],
        row["field_values"],
        refused=tuple(Notice(**n) for n in row["refused"]),
        overruled=frozenset(row["overruled"]),
        waveform=to_waveform(row),
        times={name: timestamp_of(iso) for name, iso in (row["times"] or {}).items()},
        left_out=frozenset(row["left_out"] or ()),
    )


def day_of(case: Case) -> date | None:
    """The day of the scan or, without one, of the recording, the note, the values; None where none is known."""
    timestamps = (case.time_of(name) for name in ("image", "waveform", "text", "clinical"))
    return next((m.day for m in timestamps if m is not None), None)


def timestamp_of(iso: str | None) -> Timestamp | None:
    """A timestamp as it is kept."""
    return Timestamp.of_iso(iso) if iso else None


def scan_facts(scan: Scan) -> dict[str, object]:
    """All of a scan but its pixels, as JSON values."""
    facts = {k: getattr(scan, k) for k in (*TOLD_BY_FILE, "patient_hash", "patient_age_years", "patient_sex")}
    facts["colourful"] = 0.0 if isinstance(scan, CtVolume) else scan.colourful
    facts |= {k: list(v) if (v := getattr(scan, k)) else None for k in PAIRS}
    if isinstance(scan, CtVolume):
        facts |= {
            "mark": [scan.mark.slice, scan.mark.row, scan.mark.column],
            "slice_spacing_mm": scan.slice_spacing_mm,
        }
    return facts | {
        "taken": scan.taken.iso if scan.taken else None,
        "notices": [plain(n) for n in scan.notices],
    }


def to_waveform(row: Any) -> Waveform | None:
    """The recording of a row, None where it has none."""
    facts = row["waveform"]
    if facts is None:
        return None
    notices = tuple(Notice(**n) for n in facts["notices"])
    rest = {"leads": tuple(facts["leads"]), "taken": timestamp_of(facts["taken"]), "notices": notices}
    return Waveform(**(facts | rest | {"samples": unpack(row["samples"])}))


def waveform_facts(waveform: Waveform) -> dict[str, object]:
    """All of a recording but its samples, as JSON values."""
    return {
        "rate_hz": float(waveform.rate_hz),
        "leads": list(waveform.leads),
        "taken": waveform.taken.iso if waveform.taken else None,
        "patient_hash": waveform.patient_hash,
        "notices": [plain(n) for n in waveform.notices],
    }


def plain(notice: Notice) -> dict[str, object]:
    """A notice as JSON values."""
    return {"code": notice.code, "values": dict(notice.values), "modality": str(notice.modality)}


def pack(pixels: np.ndarray) -> bytes:
    """An array, compressed: a picture (H, W), slices or frames (S, H, W), or an ECG (12, L)."""
    buffer = io.BytesIO()
    np.save(buffer, pixels, allow_pickle=False)
    return zlib.compress(buffer.getvalue(), level=1)


def unpack(packed: bytes) -> np.ndarray:
    """The array that was packed, (H, W), (S, H, W) or (12, L)."""
    array: np.ndarray = np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False)
    return array


def pictures_of(scan: Scan) -> np.ndarray:
    """What is kept of a scan's pictures: the Hounsfield units of a CT, the frames of a clip, a film's pixels.

    (S, H, W), of a film (H, W).
    """
    if isinstance(scan, CtVolume):
        return scan.hounsfield
    return scan.frames if isinstance(scan, Clip) else scan.pixels


def to_scan(facts: dict[str, Any], kept: np.ndarray) -> Scan:
    """The scan of what its file said and what was kept: a CT, the frames of a clip (N, H, W), or a picture (H, W)."""
    if "mark" in facts:
        return to_ct(facts, kept)
    tuples = {k: tuple(facts[k]) if facts.get(k) else None for k in PAIRS}
    told = (
        facts
        | tuples
        | {"taken": timestamp_of(facts["taken"]), "notices": tuple(Notice(**n) for n in facts["notices"])}
    )
    return Film(kept, **told) if kept.ndim == 2 else Clip(kept, **told)


def to_ct(facts: dict[str, Any], hounsfield: np.ndarray) -> CtVolume:
    """A CT is kept as its Hounsfield units; its picture is made from them again. hounsfield (S, H, W)."""
    kept = {k: facts[k] for k in ("view", "laterality", "patient_hash", "body_part", "slice_spacing_mm")}
    taken = timestamp_of(facts["taken"])
    notices = tuple(Notice(**n) for n in facts["notices"])
    return CtVolume(
        hounsfield=hounsfield,
        spacing_mm=tuple(facts["spacing_mm"]),
        mark=Mark(*facts["mark"]),
        modality=facts["modality"],
        taken=taken,
        notices=notices,
        **kept,
    )
