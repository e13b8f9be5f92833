"""WFDB records, a header and its signal file, as leads of samples; runs in the child process."""

import re
from dataclasses import dataclass

import numpy as np

from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.ecg.formats import PER_MILLIVOLT, lead_of, packed
from mmcore.intake.facts import Facts
from mmcore.intake.timestamps import read_timestamp

WFDB_UNKNOWN = {
    "16": -(2**15),
    "61": -(2**15),
    "212": -2048,
    "80": -128,
}  # form -> a sample that was not recorded


@dataclass(frozen=True)
class _Signal:
    """A signal of a WFDB header: its lead (None: none of the twelve), steps per unit and the step that is zero."""

    lead: str | None
    gain: float
    zero: float
    unit: str


@dataclass(frozen=True)
class _Record:
    """A WFDB header: count signals stored in one form after `skip` bytes."""

    rate_hz: float
    count: int
    form: str
    skip: int
    signals: list[_Signal]
    taken: str | None


def read_wfdb(data: bytes, header: str, salt: str) -> tuple[Facts, bytes]:
    """A WFDB record from its signal file and the text of its header; formats 16, 24, 32, 61, 80 and 212."""
    try:
        said = _wfdb_header(header)
    except (IndexError, ValueError):
        raise UnreadableFileError("ecg_header_damaged") from None
    count = said.count
    numbers = _numbers(data[said.skip :], said.form)
    whole = len(numbers) // count
    if not whole:
        raise UnreadableFileError("file_damaged")
    table = numbers[: whole * count].reshape(whole, count).T.astype(np.float64)
    table[table == WFDB_UNKNOWN.get(said.form, np.nan)] = np.nan
    found: dict[str, np.ndarray] = {}
    for signal, row in zip(said.signals, table, strict=True):
        if signal.lead and signal.lead not in found:
            per_millivolt = PER_MILLIVOLT.get(signal.unit.lower(), 1.0)
            found[signal.lead] = (row - signal.zero) / signal.gain / per_millivolt
    return packed(found, said.rate_hz, {"taken": said.taken})


def _wfdb_header(header: str) -> _Record:
    """What the record line and a line for each signal say (WFDB's header(5)). Raises IndexError or ValueError where it is damaged."""
    lines = [line.strip() for line in header.splitlines() if line.strip() and not line.startswith("#")]
    first, count = lines[0].split(), int(lines[0].split()[1])
    rate = float(first[2].split("/")[0]) if len(first) > 2 else 250.0
    signals = [line.split() for line in lines[1 : 1 + count]]
    form, skip = _form_of(signals)
    return _Record(rate, count, form, skip, [_signal(line) for line in signals], _wfdb_timestamp(first[4:6]))


def _signal(line: list[str]) -> _Signal:
    gain, baseline, unit = _gain(line[2] if len(line) > 2 else "200")
    return _Signal(lead_of(line[8] if len(line) > 8 else ""), gain, _zero(line, baseline), unit)


def _form_of(signals: list[list[str]]) -> tuple[str, int]:
    """(format, bytes to skip) that all signals share. Raises UnreadableFileError for others."""
    forms, skips = set(), set()
    for line in signals:
        match = re.fullmatch(r"(\d+)(x1)?(:\d+)?(\+\d+)?", line[1])
        if match is None:
            raise UnreadableFileError("ecg_wfdb_format", format=line[1])
        forms.add(match[1])
        skips.add(int((match[4] or "+0")[1:]))
    names = {line[0] for line in signals}
    if len(forms) != 1 or len(names) != 1 or not forms <= {"16", "24", "32", "61", "80", "212"}:
        raise UnreadableFileError("ecg_wfdb_format", format=", ".join(sorted(forms)))
    return forms.pop(), skips.pop()


def _gain(text: str) -> tuple[float, float | None, str]:
    """(units per millivolt or other unit, baseline, unit) of "1000(0)/mV"."""
    match = re.fullmatch(r"([-+.\deE]+)(?:\(([-+]?\d+)\))?(?:/(\S+))?", text)
    if match is None:
        raise ValueError(text)
    return float(match[1]) or 200.0, float(match[2]) if match[2] else None, match[3] or "mV"


def _zero(line: list[str], baseline: float | None) -> float:
    return baseline if baseline is not None else float(line[4]) if len(line) > 4 else 0.0


def _numbers(data: bytes, form: str) -> np.ndarray:
    if form in ("16", "61"):
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2" if form == "16" else ">i2")
    if form == "32":
        return np.frombuffer(data[: len(data) // 4 * 4], "<i4")
    raw = np.frombuffer(data, np.uint8).astype(np.int64)
    if form == "80":
        return raw - 128
    raw = raw[: len(raw) // 3 * 3].reshape(-1, 3)
    if form == "24":
        return ((raw[:, 0] | raw[:, 1] << 8 | raw[:, 2] << 16) ^ 0x800000) - 0x800000
    pair = np.stack([raw[:, 0] | (raw[:, 1] & 15) << 8, raw[:, 2] | (raw[:, 1] >> 4) << 8], 1)
    return (pair.ravel() ^ 0x800) - 0x800


def _wfdb_timestamp(told: list[str]) -> str | None:
    """ISO of the base time and base date of a record line, ["10:00:00", "20/03/2019"] (day first, by WFDB's header(5))."""
    match = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", told[1]) if len(told) == 2 else None
    if match is None:
        return None
    timestamp = read_timestamp(f"{match[3]}-{match[2]}-{match[1]} {told[0]}")
    return timestamp.iso if timestamp else None
