"""ECG files as leads of samples with what they say of themselves: CSV, DICOM waveform, NPZ; runs in the child process."""

import csv
import hashlib
import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import numpy as np

from mmcore.domain.case import LEADS
from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.facts import Facts, Told
from mmcore.intake.limits import MAX_ECG_SAMPLES
from mmcore.intake.timestamps import read_timestamp

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PER_MILLIVOLT = {
    "mv": 1.0,
    "millivolt": 1.0,
    "uv": 1000.0,
    "µv": 1000.0,
    "μv": 1000.0,
    "microvolt": 1000.0,
    "v": 0.001,
}
USUAL_RATES = (100, 125, 128, 200, 240, 250, 256, 257, 300, 360, 400, 500, 512, 1000, 2000)
TIME_HEADINGS = {
    "t": 1.0,
    "time": 1.0,
    "time_s": 1.0,
    "seconds": 1.0,
    "sec": 1.0,
    "s": 1.0,
    "time_ms": 0.001,
    "ms": 0.001,
}
SKIPPED_HEADINGS = ("sample", "index", "n", "")


def lead_of(text: str) -> str | None:
    """The standard name of "MLII", "Lead aVR", "avr", "v1"; None where it is no lead of the twelve."""
    plain = re.sub(r"(?i)^(lead|ecg|mdc_ecg_lead)[\s_:-]*", "", text.strip()).upper().removeprefix("ML")
    return {lead.upper(): lead for lead in LEADS}.get(plain)


def packed(samples: dict[str, np.ndarray], rate_hz: float, said: Facts) -> tuple[Facts, bytes]:
    """The answer for leads name -> (n,) millivolts, NaN where nothing was recorded, and what else the file said."""
    if not samples:
        raise UnreadableFileError("ecg_no_lead")
    if not 20 <= rate_hz <= 20_000:
        raise UnreadableFileError("ecg_rate", rate=f"{rate_hz:g}")
    table = np.stack(list(samples.values())).astype("<f4")
    if table.size > MAX_ECG_SAMPLES:
        raise TooLargeError("ecg_too_long", seconds=round(table.shape[1] / rate_hz))
    facts: Facts = {"leads": list(samples), "shape": table.shape, "rate_hz": rate_hz, "notices": []}
    return facts | said, table.tobytes()


def read_ecg_table(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """A CSV or TSV with a heading of lead names, perhaps a unit in each ("V1 (uV)") and a column of time."""
    text = data.decode("utf-8-sig", errors="replace")
    heading, table = _table_of(text)
    if table.shape[1] != len(heading):
        raise UnreadableFileError("ecg_rows_differ")
    found, unknown = _columns(heading, table)
    rate, notices = _rate(heading, table, dict(re.findall(r"(?im)^#\s*([a-z_]+)\s*[=:]\s*(\S+)", text)))
    if unknown and found:
        notices.append(("ecg_unknown_columns", {"names": ", ".join(unknown[:5])}))
    stated = re.search(r"(?im)^#\s*(?:date|recorded|acquired|datetime|time)\s*[=:]\s*(.+)$", text)
    timestamp = read_timestamp(stated[1]) if stated else None
    return packed(found, rate, {"notices": notices, "taken": timestamp.iso if timestamp else None})


def _table_of(text: str) -> tuple[list[str], np.ndarray]:
    """The heading and the numbers (rows, columns) under it, NaN for what is none."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 3:
        raise UnreadableFileError("ecg_too_few_rows")
    separator = next((s for s in ("\t", ";", ",") if s in lines[0]), ",")
    heading = next(csv.reader([lines[0]], delimiter=separator))
    return heading, _numbers("\n".join(lines[1:]), separator)


def _numbers(body: str, separator: str) -> np.ndarray:
    if separator == ";":
        body = body.replace(",", ".")
    try:
        return np.genfromtxt(StringIO(body), delimiter=separator, dtype=np.float64, ndmin=2)
    except ValueError:
        raise UnreadableFileError("ecg_rows_differ") from None


def _columns(heading: list[str], table: np.ndarray) -> tuple[dict[str, np.ndarray], list[str]]:
    """Leads in millivolts, and the columns that are neither a lead nor the time."""
    found: dict[str, np.ndarray] = {}
    unknown = []
    for text, column in zip(heading, table.T, strict=True):
        name, unit = heading_of(text)
        lead = lead_of(name)
        if lead and lead not in found:
            found[lead] = column / PER_MILLIVOLT.get(unit.lower(), 1.0)
        elif name.lower() not in (*TIME_HEADINGS, *SKIPPED_HEADINGS):
            unknown.append(name)
    return found, unknown


def heading_of(text: str) -> tuple[str, str]:
    """(name, unit) of "V1 (uV)", "V1 [mV]" or "V1_uV"."""
    match = re.fullmatch(r"\s*(.+?)\s*(?:[\[(]\s*([^\])]+)\s*[\])]|_(mv|uv|µv|v))?\s*", text, re.IGNORECASE)
    return (match[1], match[2] or match[3] or "") if match else ("", "")


def _rate(heading: list[str], table: np.ndarray, told: dict[str, str]) -> tuple[float, list[Told]]:
    """Samples a second: from a comment (# rate_hz=500), from the column of time, or that which makes ten seconds of the file."""
    stated = next((told[k] for k in told if k.lower() in ("rate_hz", "fs", "sampling_rate", "rate")), None)
    if stated is not None:
        try:
            return float(stated), []
        except ValueError:
            raise UnreadableFileError("ecg_rate", rate=stated[:20]) from None
    timed = _rate_of_times(heading, table)
    if timed is not None:
        return timed, []
    rate = len(table) / 10
    if rate not in USUAL_RATES:
        raise UnreadableFileError("ecg_no_time", rows=len(table))
    return rate, [("ecg_rate_assumed", {"rate": f"{rate:g}"})]


def _rate_of_times(heading: list[str], table: np.ndarray) -> float | None:
    """Samples a second by the first column of time, None without one. Raises UnreadableFileError for gaps and steps back."""
    for text, column in zip(heading, table.T, strict=True):
        name, unit = heading_of(text)
        factor = TIME_HEADINGS.get(name.lower())
        if factor is not None:
            step = np.diff(column) * (0.001 if unit.lower() == "ms" else factor)
            if not len(step) or not np.isfinite(step).all() or step.min() <= 0:
                raise UnreadableFileError("ecg_time_backwards")
            if step.max() > 1.5 * np.median(step):
                raise UnreadableFileError("ecg_time_gap", seconds=round(float(step.max()), 2))
            return round(1 / float(np.mean(step)), 3)
    return None


def read_ecg_dicom(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """The first multiplex group with leads of the twelve in a DICOM waveform (PS3.3 C.10.9)."""
    from pydicom import config, dcmread

    from mmcore.intake.image.dicom import taken

    config.settings.reading_validation_mode = config.IGNORE
    ds = dcmread(BytesIO(data), force=True)
    if "WaveformSequence" not in ds:
        raise UnreadableFileError("ecg_dicom_without_waveform")
    for place, group in enumerate(ds.WaveformSequence):
        if int(group.NumberOfWaveformChannels) * int(group.NumberOfWaveformSamples) > MAX_ECG_SAMPLES:
            raise TooLargeError(
                "ecg_too_long", seconds=round(group.NumberOfWaveformSamples / group.SamplingFrequency)
            )
        found = _channels(group, ds.waveform_array(place).T)
        if found:
            named = str(ds.get("PatientID") or ds.get("PatientName") or "").strip()
            said: Facts = {"patient": _hash(named, salt), "taken": taken(ds)}
            return packed(found, float(group.SamplingFrequency), said)
    raise UnreadableFileError("ecg_no_lead")


def _channels(group: "Dataset", table: np.ndarray) -> dict[str, np.ndarray]:
    """The leads of a multiplex group in millivolts; table (channels, n) in the units of its channels."""
    found: dict[str, np.ndarray] = {}
    for channel, row in zip(group.ChannelDefinitionSequence, table, strict=True):
        source = channel.ChannelSourceSequence[0]
        lead = lead_of(str(source.get("CodeMeaning", "")).split("(")[0])
        unit = channel.get("ChannelSensitivityUnitsSequence")
        if lead and lead not in found:
            found[lead] = row / PER_MILLIVOLT.get(str(unit[0].CodeValue).lower() if unit else "mv", 1.0)
    return found


def _hash(named: str, salt: str) -> str | None:
    return hashlib.sha256(f"{salt}|{named}".encode()).hexdigest()[:16] if named else None


def read_ecg_npz(data: bytes, salt: str) -> tuple[Facts, bytes]:
    """One ECG of the pack's own form: x (12, n) or (1, 12, n) millivolts at 100 Hz or `rate_hz`, `leads`."""
    with np.load(BytesIO(data), allow_pickle=False) as kept:
        if "x" not in kept or "leads" not in kept:
            raise UnreadableFileError("ecg_npz_layout")
        table, names = np.asarray(kept["x"], np.float64), list(map(lead_of, map(str, kept["leads"])))
        rate = float(kept["rate_hz"]) if "rate_hz" in kept else 100.0
    table = table[0] if table.ndim == 3 and len(table) == 1 else table
    if table.ndim != 2 or len(table) != len(names):
        raise UnreadableFileError("ecg_npz_layout")
    return packed(_named(names, table), rate, {})


def _named(names: list[str | None], table: np.ndarray) -> dict[str, np.ndarray]:
    return {name: row for name, row in zip(names, table, strict=True) if name}
