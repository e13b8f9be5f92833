"""Bytes of an ECG file as checked leads in millivolts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from mmcore.domain.case import Waveform
from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.code_streams import kind_of
from mmcore.intake.ecg.doubts import OVERRULABLE, completed, find_doubt
from mmcore.intake.facts import Facts
from mmcore.intake.image.scan import process_salt
from mmcore.intake.sandbox import read_in_child

WAVEFORM_CLASS = b"1.2.840.10008.5.1.4.1.1.9."  # DICOM storage classes of waveforms (PS3.4 B.5)
HEADER = re.compile(r"^\s*\S+(/\d+)?\s+\d+\s+[\d.]+")  # record name, leads, samples a second


def looks_like_header(head: str) -> bool:
    """Whether a text begins as a WFDB header: a record's name, its number of leads and its rate, then a line for each lead."""
    lines = [line for line in head.splitlines() if line.strip() and not line.startswith("#")]
    return len(lines) > 1 and bool(HEADER.match(lines[0])) and bool(re.match(r"^\S+\.\w+\s+\d+", lines[1]))


def looks_like_ecg_table(head: str) -> bool:
    """Whether a text begins as a table with two columns at least that are named after leads."""
    from mmcore.intake.ecg.formats import heading_of, lead_of

    lines = [line for line in head.splitlines() if line.strip() and not line.startswith("#")]
    cells = re.split(r"[,;\t]", lines[0].replace('"', "")) if lines else []
    return sum(lead_of(heading_of(cell)[0]) is not None for cell in cells) >= 2


def is_ecg(name: str, data: bytes) -> bool:
    """Whether a file is meant as an ECG, by its content: a WFDB header, a table of leads, a DICOM waveform, the pack's NPZ."""
    kind = kind_of(data) if data else ""
    if kind == "dicom":
        return WAVEFORM_CLASS in data[:8192]
    if name.lower().endswith((".hea", ".npz", ".dat")):
        return True
    head = data[:4096].decode("utf-8", errors="replace")
    return kind == "text" and (looks_like_header(head) or looks_like_ecg_table(head))


def signal_files(contents: Iterable[bytes]) -> frozenset[str]:
    """Names of the signal files that WFDB headers among the given files speak of."""
    heads = [data[:4096].decode("utf-8", errors="replace") for data in contents]
    return frozenset(signal_file(head) for head in heads if looks_like_header(head))


def signal_file(header: str) -> str:
    """The name of the signal file that a WFDB header speaks of. Raises UnreadableFileError."""
    lines = [line for line in header.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        raise UnreadableFileError("ecg_header_damaged")
    return lines[1].split()[0]


def read_ecg(
    name: str,
    data: bytes,
    beside: Mapping[str, bytes],
    *,
    accept_corrections: bool | frozenset[str] = False,
) -> tuple[Waveform, Notice | None]:
    """(the ECG, what keeps it from being used or None) of a WFDB header, CSV, DICOM waveform or NPZ.

    beside: name -> bytes of the other files given, among which a WFDB header finds its signals. accept_corrections: True agrees
    to every repair, a set to those named by code and to doubts the user overrules. Raises UnreadableFileError, TooLargeError.
    """
    if not data:
        raise UnreadableFileError("file_empty")
    facts, payload = _decoded(name, data, beside)
    taken = facts.get("taken")
    ecg = Waveform(
        samples=np.frombuffer(payload, "<f4").reshape(facts["shape"]).copy(),
        rate_hz=facts["rate_hz"],
        leads=tuple(facts["leads"]),
        taken=Timestamp.of_iso(taken) if taken else None,
        patient_hash=facts.get("patient"),
        notices=tuple(Notice(code, values, "waveform") for code, values in facts["notices"]),
    )
    return checked(completed(ecg), accept_corrections)


def ecg_facts(ecg: Waveform) -> tuple[tuple[str, object], ...]:
    """(code, value) of what the file said, for the screen."""
    facts = {
        "fact_leads": len(ecg.leads),
        "fact_rate": f"{ecg.rate_hz:g} Hz",
        "fact_seconds": f"{ecg.samples.shape[1] / ecg.rate_hz:.1f} s",
        "fact_taken": ecg.taken.iso.replace("T", " ") if ecg.taken else None,
    }
    return tuple((code, value) for code, value in facts.items() if value)


def checked(ecg: Waveform, agreed: bool | frozenset[str]) -> tuple[Waveform, Notice | None]:
    """The ECG with the repairs agreed to, cut to its first ten seconds, and the first doubt that stays open."""
    codes = agreed if isinstance(agreed, frozenset) else frozenset()
    overruled: frozenset[str] = frozenset()
    for _ in range(6):  # one repair may uncover the next fault
        doubt = find_doubt(ecg, overruled)
        if doubt is None:
            return _filled(ecg), None
        if doubt.notice.code in OVERRULABLE & codes:
            overruled |= {doubt.notice.code}
            ecg = replace(ecg, notices=(*ecg.notices, doubt.notice))
            continue
        if doubt.repaired is None or not (agreed is True or doubt.notice.code in codes):
            return _filled(ecg), doubt.notice
        told = Notice(f"{doubt.notice.code}_corrected", doubt.notice.values, "waveform")
        ecg = replace(doubt.repaired, notices=(*ecg.notices, told))
    return _filled(ecg), Notice("ecg_leads_inconsistent", {}, "waveform")


def _filled(ecg: Waveform) -> Waveform:
    """Single unknown samples drawn straight between their neighbours."""
    if not np.isnan(ecg.samples).any():
        return ecg
    place = np.arange(ecg.samples.shape[1])
    rows = []
    for row in ecg.samples:
        known = ~np.isnan(row)
        rows.append(np.interp(place, place[known], row[known]) if known.any() else np.zeros(len(row)))
    return replace(ecg, samples=np.stack(rows).astype(np.float32))


def _decoded(name: str, data: bytes, beside: Mapping[str, bytes]) -> tuple[Facts, bytes]:
    kind = kind_of(data)
    salt = process_salt()
    if kind == "dicom":
        return read_in_child("ecg_dicom", data, salt=salt)
    if data[:4] == b"PK\x03\x04":
        return read_in_child("ecg_npz", data, salt=salt)
    head = data[:4096].decode("utf-8", errors="replace")
    if looks_like_header(head):
        wanted = signal_file(data.decode("utf-8", errors="replace"))
        if wanted not in beside:
            raise UnreadableFileError("ecg_signals_missing", name=wanted)
        return read_in_child(
            "ecg_wfdb", beside[wanted], header=data.decode("utf-8", errors="replace"), salt=salt
        )
    if kind == "text" and looks_like_ecg_table(head):
        return read_in_child("ecg_table", data, salt=salt)
    raise UnreadableFileError("ecg_header_missing" if name.lower().endswith(".dat") else "ecg_unknown_format")
