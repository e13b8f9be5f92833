"""Bytes of an ECG file as checked leads in millivolts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mmcore.domain.case import Waveform
from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.ecg.doubts import OVERRULABLE, completed, find_doubt
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader
from mmcore.intake.image.scan import process_salt
from mmcore.intake.readers.ecg_wfdb import NAME as WFDB
from mmcore.intake.readers.ecg_wfdb import signal_file
from mmcore.intake.sandbox import read_in_child


def read_ecg(
    file: File,
    reader: Reader | None,
    beside: Mapping[str, bytes],
    *,
    accept_corrections: bool | frozenset[str] = False,
) -> tuple[Waveform, Notice | None]:
    """(the ECG, what keeps it from being used or None) of a file.

    beside: name -> bytes of the other files given, among which a WFDB header finds its signals. accept_corrections: True agrees
    to every repair, a set to those named by code and to doubts the user overrules. Raises UnreadableFileError, TooLargeError.
    """
    facts, payload = _decoded(file, reader, beside)
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


def _decoded(file: File, reader: Reader | None, beside: Mapping[str, bytes]) -> tuple[Facts, bytes]:
    if not file.data:
        raise UnreadableFileError("file_empty")
    if reader is None:
        raise UnreadableFileError("ecg_header_missing" if file.ending == "dat" else "ecg_unknown_format")
    if reader.name != WFDB:
        return read_in_child(reader.name, file.data, salt=process_salt())
    header = file.data.decode("utf-8", errors="replace")
    wanted = signal_file(header)
    if wanted not in beside:
        raise UnreadableFileError("ecg_signals_missing", name=wanted)
    return read_in_child(reader.name, beside[wanted], header=header, salt=process_salt())
