"""One stay's measurements from a file: the pack's columns as parquet or CSV, or JSON lines; or one line of a stream."""

import csv
import json
from collections.abc import Sequence
from io import BytesIO, StringIO

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.domain.stream import Reading
from mmcore.intake.note.plain_text import decoded

MAX_MEGABYTES = 64
MAX_ROWS = 200_000
STAY = ("stay", "record_id", "stay_id", "patient")
NEEDED = ("minute", "parameter", "value")


def read_stay(data: bytes) -> tuple[Reading, ...]:
    """The measurements of one stay, unjudged, in the order of the file.

    Raises UnreadableFileError (empty, damaged, a column is missing, several stays) or TooLargeError.
    """
    if len(data) > MAX_MEGABYTES * 2**20:
        raise TooLargeError("file_too_large", megabytes=round(len(data) / 2**20), limit=MAX_MEGABYTES)
    if not data.strip():
        raise UnreadableFileError("vitals_empty")
    rows = _of_parquet(data) if data[:4] == b"PAR1" else _of_text(decoded(data)[0].strip())
    if len(rows) > MAX_ROWS:
        raise TooLargeError("vitals_too_many", rows=len(rows), limit=MAX_ROWS)
    readings = tuple(reading_of(row) for row in rows)
    stays = {r.stay for r in readings}
    if len(stays) > 1:
        raise UnreadableFileError("stream_several_stays", count=len(stays))
    return readings


def read_line(line: str) -> Reading:
    """One JSON measurement {"stay", "minute", "parameter", "value"[, "unit"]}. Raises UnreadableFileError."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise UnreadableFileError("stream_line_unreadable") from None
    if not isinstance(row, dict) or any(name not in row for name in NEEDED):
        raise UnreadableFileError("stream_line_unreadable")
    return reading_of(row)


def reading_of(row: dict) -> Reading:
    """A row with the pack's column names, whatever else it holds."""
    stay = next((row[name] for name in STAY if row.get(name) is not None), "")
    return Reading(
        str(stay), row.get("minute"), str(row.get("parameter")), row.get("value"), str(row.get("unit") or "")
    )


def _of_parquet(data: bytes) -> list[dict]:
    import pandas as pd

    try:
        table = pd.read_parquet(BytesIO(data))
    except (OSError, ValueError, KeyError):  # pyarrow's errors are kinds of these
        raise UnreadableFileError("vitals_damaged") from None
    _must_have(list(table.columns))
    if len(table) > MAX_ROWS:
        raise TooLargeError("vitals_too_many", rows=len(table), limit=MAX_ROWS)
    return table.to_dict("records")


def _of_text(text: str) -> list[dict]:
    if text[0] == "[":
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError):
            raise UnreadableFileError("vitals_damaged") from None
        if not all(isinstance(row, dict) and all(n in row for n in NEEDED) for row in rows):
            raise UnreadableFileError("stream_columns", names=", ".join(NEEDED))
        return rows
    if text[0] == "{":
        return [_json_row(line) for line in text.splitlines() if line.strip()]
    try:
        rows = list(csv.DictReader(StringIO(text), delimiter=_separator(text), strict=True))
    except csv.Error:
        raise UnreadableFileError("vitals_damaged") from None
    _must_have(list(rows[0]) if rows else text.splitlines()[0].split(_separator(text)))
    return rows


def _json_row(line: str) -> dict:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise UnreadableFileError("vitals_damaged") from None
    if not isinstance(row, dict) or any(name not in row for name in NEEDED):
        raise UnreadableFileError("stream_columns", names=", ".join(NEEDED))
    return row


def _separator(text: str) -> str:
    return next((s for s in ("\t", ";", ",") if s in text.splitlines()[0]), ",")


def _must_have(columns: Sequence[object]) -> None:
    if any(name not in columns for name in NEEDED):
        raise UnreadableFileError("stream_columns", names=", ".join(NEEDED))
