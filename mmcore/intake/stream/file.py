"""One stay's measurements from a file: the pack's columns as parquet or CSV, or JSON lines; or one line of a stream."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from typing import TypeAlias, TypeGuard

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.domain.stream import Reading
from mmcore.intake.note.plain_text import decoded

MAX_MEGABYTES = 64
MAX_ROWS = 200_000
STAY = ("stay", "record_id", "stay_id", "patient")
NEEDED = ("minute", "parameter", "value")

Row: TypeAlias = Mapping[str, object]  # column -> what stands there


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
    if not _is_row(row):
        raise UnreadableFileError("stream_line_unreadable")
    return reading_of(row)


def reading_of(row: Row) -> Reading:
    """A row with the pack's column names, whatever else it holds."""
    stay = next((row[name] for name in STAY if row.get(name) is not None), "")
    return Reading(
        str(stay), row.get("minute"), str(row.get("parameter")), row.get("value"), str(row.get("unit") or "")
    )


def _of_parquet(data: bytes) -> list[Row]:
    import pandas as pd

    try:
        table = pd.read_parquet(BytesIO(data))
    except (OSError, ValueError, KeyError):  # pyarrow's errors are kinds of these
        raise UnreadableFileError("vitals_damaged") from None
    _must_have(list(table.columns))
    if len(table) > MAX_ROWS:
        raise TooLargeError("vitals_too_many", rows=len(table), limit=MAX_ROWS)
    rows: list[Row] = table.to_dict("records")
    return rows


def _of_text(text: str) -> list[Row]:
    if text[0] == "[":
        found = _of_json(text)
        return _checked(found if isinstance(found, list) else [found])
    if text[0] == "{":
        return _checked(_of_json(line) for line in text.splitlines() if line.strip())
    return _of_csv(text)


def _of_json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableFileError("vitals_damaged") from None
    return found


def _of_csv(text: str) -> list[Row]:
    try:
        rows: list[Row] = list(csv.DictReader(StringIO(text), delimiter=_separator(text), strict=True))
    except csv.Error:
        raise UnreadableFileError("vitals_damaged") from None
    _must_have(list(rows[0]) if rows else text.splitlines()[0].split(_separator(text)))
    return rows


def _checked(found: Iterable[object]) -> list[Row]:
    rows = []
    for row in found:
        if not _is_row(row):
            raise UnreadableFileError("stream_columns", names=", ".join(NEEDED))
        rows.append(row)
    return rows


def _is_row(row: object) -> TypeGuard[Row]:
    return isinstance(row, dict) and all(name in row for name in NEEDED)


def _separator(text: str) -> str:
    return next((s for s in ("\t", ";", ",") if s in text.splitlines()[0]), ",")


def _must_have(columns: Sequence[object]) -> None:
    if any(name not in columns for name in NEEDED):
        raise UnreadableFileError("stream_columns", names=", ".join(NEEDED))
