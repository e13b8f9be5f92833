"""CSV, JSON and FHIR files as rows of name, value, unit and time, not yet judged; runs in the child process."""

import csv
import hashlib
import json
from collections.abc import Iterable
from io import StringIO

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.facts import Facts
from mmcore.intake.limits import MAX_VITALS_ROWS
from mmcore.intake.note.plain_text import decoded
from mmcore.intake.timestamps import read_timestamp
from mmcore.intake.values.fhir import PATIENT, Row, of_fhir, scalar
from mmcore.intake.values.units import number_in_cell, plain_name, split_heading

NAME_HEADINGS = ("field", "name", "parameter", "variable", "item", "code", "measurement", "test", "vital")
VALUE_HEADINGS = ("value", "result", "reading")
UNIT_HEADINGS = ("unit", "units")
TIME_HEADINGS = (  # a day comes before its clock, wherever the columns stand
    "date datetime timestamp date_time taken taken_at measured measured_at recorded recorded_at charttime effective"
    " effectivedatetime time"
).split()
PATIENT_HEADINGS = (PATIENT, "patientid", "patient", "subject_id", "mrn")
BESIDE = (*TIME_HEADINGS, *PATIENT_HEADINGS)  # said of all that was measured, not measured itself


def read_table(data: bytes, known: list[str], salt: str) -> tuple[Facts, bytes]:
    """{rows: [[name, value, unit]], times: [ISO or ""], patient: salted hash or None} of a CSV, JSON or FHIR file.

    `known` are plain names that mark a heading. Raises UnreadableFileError (empty, no table, several patients) or
    TooLargeError.
    """
    text = decoded(data)[0].strip()
    if not text:
        raise UnreadableFileError("vitals_empty")
    given = _of_json(text) if text[0] in "[{" else _of_csv(text, frozenset(known))
    if len(given) > MAX_VITALS_ROWS:
        raise TooLargeError("vitals_too_many", rows=len(given), limit=MAX_VITALS_ROWS)
    shared = _shared_time(given)
    measured = [row for row in given if plain_name(row[0]) not in BESIDE]
    times = [_made(row, shared) for row in measured]
    return {"rows": [row[:3] for row in measured], "times": times, "patient": _patient(given, salt)}, b""


def _shared_time(rows: list[Row]) -> str:
    """When all was measured, where the file says it in rows of their own, the day before the clock."""
    about = {plain_name(row[0]): str(row[1] or "").strip() for row in rows}
    return " ".join(about[name] for name in TIME_HEADINGS if about.get(name))


def _made(row: Row, shared: str) -> str:
    """ISO of when a row was measured, "" where that is not known."""
    timestamp = read_timestamp(row[3] or shared)
    return timestamp.iso if timestamp else ""


def _patient(rows: list[Row], salt: str) -> str | None:
    """The salted hash of the patient whom the rows name, as of a DICOM file. Raises UnreadableFileError if they name several."""
    named = {str(row[1]).strip() for row in rows if plain_name(row[0]) in PATIENT_HEADINGS and row[1]}
    if len(named) > 1:
        raise UnreadableFileError("vitals_several_patients", count=len(named))
    return next((hashlib.sha256(f"{salt}|{key}".encode()).hexdigest()[:16] for key in named), None)


def _of_csv(text: str, known: frozenset[str]) -> list[Row]:
    cells = _cells(text)
    heading = list(map(_plain, cells[0]))
    name, value = _column(heading, NAME_HEADINGS), _column(heading, VALUE_HEADINGS)
    if name is not None and value is not None:
        return _of_lines(cells[1:], heading, name, value)
    if len(cells) == 1 and sum(h in known for h in heading) > 1:  # a heading, and nothing was measured
        cells.append([""] * len(heading))
    if _is_wide(cells, heading, known):
        return _of_one_line(cells)
    return [(_cell(row, 0), _cell(row, 1), _cell(row, 2), "") for row in cells]


def _cells(text: str) -> list[list[str]]:
    """The lines that are not empty, parted at the first of tab, semicolon and comma that the first line has."""
    first_line = text.splitlines()[0]
    separator = next((s for s in ("\t", ";", ",") if s in first_line), ",")
    try:
        lines = list(csv.reader(StringIO(text), delimiter=separator, strict=True))
    except csv.Error:
        raise UnreadableFileError("vitals_damaged") from None
    return [row for row in lines if any(map(str.strip, row))]


def _plain(cell: str) -> str:
    return plain_name(split_heading(cell)[0])


def _column(heading: list[str], names: tuple[str, ...]) -> int | None:
    return next((place for place, h in enumerate(heading) if h in names), None)


def _of_lines(lines: list[list[str]], heading: list[str], name: int, value: int) -> list[Row]:
    """A measurement a line, under headings of name and value, which stand in those columns."""
    unit, patient = _column(heading, UNIT_HEADINGS), _column(heading, PATIENT_HEADINGS)
    made = [heading.index(h) for h in TIME_HEADINGS if h in heading]
    rows: list[Row] = [
        (_cell(r, name), _cell(r, value), _cell(r, unit), " ".join(_cell(r, i) for i in made)) for r in lines
    ]
    return rows + [(PATIENT, who, "", "") for who in {_cell(r, patient) for r in lines}]


def _of_one_line(cells: list[list[str]]) -> list[Row]:
    """A measurement a column, all in the one line under the heading."""
    if len(cells) != 2:
        raise UnreadableFileError("vitals_rows", rows=len(cells) - 1)
    if len(cells[1]) > len(cells[0]):
        raise UnreadableFileError("vitals_damaged")
    return [(name, _cell(cells[1], i), "", "") for i, name in enumerate(cells[0])]


def _cell(row: list[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _is_wide(cells: list[list[str]], heading: list[str], known: frozenset[str]) -> bool:
    """Whether the first line is a heading, rather than the first of lines field, value, unit."""
    if len(cells) < 2 or any(number_in_cell(cell) is not None for cell in cells[0]):
        return False
    if number_in_cell(cells[1][0]) is not None:  # a number names no field
        return True
    return _known_across(cells, heading, known) or len(heading) > 3


def _known_across(cells: list[list[str]], heading: list[str], known: frozenset[str]) -> bool:
    """Whether the first line names fields, and no fewer than the first column."""
    across = sum(name in known for name in heading)
    down = sum(_plain(row[0]) in known for row in cells)
    return across > 0 and across >= down


def _of_json(text: str) -> list[Row]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise UnreadableFileError("vitals_damaged") from None
    return list(_rows(found))


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ: of a key given twice JSON would keep the last without a word."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _rows(node: object) -> Iterable[Row]:
    if isinstance(node, dict) and "resourceType" in node:
        return of_fhir(node)
    if isinstance(node, list):
        return [_record(item) for item in node if isinstance(item, dict)]
    return _of_object(node) if isinstance(node, dict) else []


def _of_object(node: dict[str, object]) -> list[Row]:
    """Rows of {name: value}, or of {values: ..., and beside it the time and the patient}."""
    inner = node.get("values", node.get("vitals"))
    if isinstance(inner, dict | list):
        beside = [_pair(k, v) for k, v in node.items() if plain_name(k) in BESIDE]
        return [*_rows(inner), *beside]
    return [_pair(name, value) for name, value in node.items()]


def _pair(name: str, value: object) -> Row:
    if isinstance(value, dict):
        return name, scalar(value.get("value")), str(value.get("unit") or ""), _when(value)
    return name, scalar(value), "", ""


def _record(item: dict[str, object]) -> Row:
    named = {plain_name(k): v for k, v in item.items()}
    name, value, unit = (
        next((named[h] for h in heads if h in named), None)
        for heads in (NAME_HEADINGS, VALUE_HEADINGS, UNIT_HEADINGS)
    )
    return str(name or ""), scalar(value), str(unit or ""), _when(item)


def _when(item: dict[str, object]) -> str:
    """What an entry says of its own time, the day before the clock."""
    named = {plain_name(k): v for k, v in item.items() if isinstance(v, str)}
    return " ".join(named[h] for h in TIME_HEADINGS if h in named)
