"""CSV, JSON and FHIR files as rows of name, value, unit and time, not yet judged; runs in the child process."""

import csv
import hashlib
import json
from collections.abc import Iterable
from io import StringIO

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.limits import MAX_VITALS_ROWS
from mmcore.intake.note.plain_text import decoded
from mmcore.intake.timestamps import read_moment
from mmcore.intake.values.units import number_of, plain_name, split_heading

NAME_HEADINGS = ("field", "name", "parameter", "variable", "item", "code", "measurement", "test", "vital")
VALUE_HEADINGS = ("value", "result", "reading")
UNIT_HEADINGS = ("unit", "units")
LOINC = {  # code -> field (loinc.org)
    "30525-0": "age_years",
    "8310-5": "temperature_celsius",
    "2708-6": "oxygen_saturation_percent",
    "59408-5": "oxygen_saturation_percent",
    "6690-2": "leukocytes_10e9_per_l",
    "26464-8": "leukocytes_10e9_per_l",
    "751-8": "neutrophils_10e9_per_l",
    "26499-4": "neutrophils_10e9_per_l",
    "731-0": "lymphocytes_10e9_per_l",
    "26474-7": "lymphocytes_10e9_per_l",
    "1988-5": "crp_mg_per_l",
    "48065-7": "d_dimer_mg_per_l",
    "2532-0": "ldh_u_per_l",
    "14804-9": "ldh_u_per_l",
}
VOID = ("entered-in-error", "cancelled")  # FHIR: such an observation does not hold

TIME_HEADINGS = (  # a day comes before its clock, wherever the columns stand
    "date datetime timestamp date_time taken taken_at measured measured_at recorded recorded_at charttime effective"
    " effectivedatetime time"
).split()
PATIENT_HEADINGS = ("patient_id", "patientid", "patient", "subject_id", "mrn")

Row = tuple[str, object, str, str]  # name, value, unit, when: "" where the row does not say


def read_table(data: bytes, known: list[str], salt: str) -> tuple[dict, bytes]:
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
    about = {plain_name(row[0]): str(row[1] or "").strip() for row in given}
    shared = " ".join(about[name] for name in TIME_HEADINGS if about.get(name))
    rows = [row for row in given if plain_name(row[0]) not in (*TIME_HEADINGS, *PATIENT_HEADINGS)]
    times = [read_moment(row[3] or shared) for row in rows]
    facts = {"rows": [row[:3] for row in rows], "times": [m.iso if m else "" for m in times]}
    return facts | {"patient": _patient(given, salt)}, b""


def _patient(rows: list[Row], salt: str) -> str | None:
    """The salted hash of the patient whom the rows name, as of a DICOM file. Raises UnreadableFileError if they name several."""
    named = {str(row[1]).strip() for row in rows if plain_name(row[0]) in PATIENT_HEADINGS and row[1]}
    if len(named) > 1:
        raise UnreadableFileError("vitals_several_patients", count=len(named))
    return next((hashlib.sha256(f"{salt}|{key}".encode()).hexdigest()[:16] for key in named), None)


def _of_csv(text: str, known: frozenset[str]) -> list[Row]:
    first_line = text.splitlines()[0]
    separator = next((s for s in ("\t", ";", ",") if s in first_line), ",")
    try:
        lines = list(csv.reader(StringIO(text), delimiter=separator, strict=True))
    except csv.Error:
        raise UnreadableFileError("vitals_damaged") from None
    cells = [row for row in lines if any(map(str.strip, row))]
    heading = [plain_name(split_heading(cell)[0]) for cell in cells[0]]
    name, value, unit, patient = (
        next((i for i, h in enumerate(heading) if h in names), None)
        for names in (NAME_HEADINGS, VALUE_HEADINGS, UNIT_HEADINGS, PATIENT_HEADINGS)
    )
    if name is not None and value is not None:
        made = [heading.index(h) for h in TIME_HEADINGS if h in heading]
        rows: list[Row] = [
            (_cell(r, name), _cell(r, value), _cell(r, unit), " ".join(_cell(r, i) for i in made))
            for r in cells[1:]
        ]
        return rows + [(PATIENT_HEADINGS[0], who, "", "") for who in {_cell(r, patient) for r in cells[1:]}]
    if len(cells) == 1 and sum(h in known for h in heading) > 1:  # a heading, and nothing was measured
        cells.append([""] * len(heading))
    if not _is_wide(cells, heading, known):
        return [(_cell(row, 0), _cell(row, 1), _cell(row, 2), "") for row in cells]
    if len(cells) != 2:
        raise UnreadableFileError("vitals_rows", rows=len(cells) - 1)
    if len(cells[1]) > len(cells[0]):
        raise UnreadableFileError("vitals_damaged")
    return [(name, _cell(cells[1], i), "", "") for i, name in enumerate(cells[0])]


def _cell(row: list[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _is_wide(cells: list[list[str]], heading: list[str], known: frozenset[str]) -> bool:
    """Whether the first line is a heading, rather than the first of lines field, value, unit."""
    if len(cells) < 2 or any(number_of(cell) is not None for cell in cells[0]):
        return False
    if number_of(cells[1][0]) is not None:  # a number names no field
        return True
    across = sum(name in known for name in heading)
    down = sum(plain_name(split_heading(row[0])[0]) in known for row in cells)
    return across > 0 and across >= down or len(heading) > 3


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
        return _of_fhir(node)
    if isinstance(node, list):
        return [_record(item) for item in node if isinstance(item, dict)]
    if not isinstance(node, dict):
        return []
    inner = node.get("values", node.get("vitals"))
    if isinstance(inner, dict | list):
        beside = [
            _pair(k, v) for k, v in node.items() if plain_name(k) in (*TIME_HEADINGS, *PATIENT_HEADINGS)
        ]
        return [*_rows(inner), *beside]
    return [_pair(name, value) for name, value in node.items()]


def _pair(name: str, value: object) -> Row:
    if isinstance(value, dict):
        return name, _scalar(value.get("value")), str(value.get("unit") or ""), _when(value)
    return name, _scalar(value), "", ""


def _record(item: dict) -> Row:
    named = {plain_name(k): v for k, v in item.items()}
    name, value, unit = (
        next((named[h] for h in heads if h in named), None)
        for heads in (NAME_HEADINGS, VALUE_HEADINGS, UNIT_HEADINGS)
    )
    return str(name or ""), _scalar(value), str(unit or ""), _when(item)


def _when(item: dict) -> str:
    """What an entry says of its own time, the day before the clock."""
    named = {plain_name(k): v for k, v in item.items() if isinstance(v, str)}
    return " ".join(named[h] for h in TIME_HEADINGS if h in named)


def _scalar(value: object) -> object:
    """A number, text, truth value or None as it is; anything nested as text, which no field accepts."""
    return value if value is None or isinstance(value, int | float | str | bool) else type(value).__name__


def _of_fhir(node: dict) -> list[Row]:
    """Rows of a Bundle, Observation or Patient; of several observations of one kind the latest."""
    entries = node.get("entry") if node["resourceType"] == "Bundle" else [{"resource": node}]
    found = [e.get("resource") for e in entries or [] if isinstance(e, dict)]
    resources = [r for r in found if isinstance(r, dict) and r.get("status") not in VOID]
    latest: dict[str, Row] = {}
    for resource in resources:
        for row in _of_resource(resource):
            if row[0] not in latest or row[3] >= latest[row[0]][3]:
                latest[row[0]] = row
    return [*latest.values(), *((PATIENT_HEADINGS[0], who, "", "") for who in _subjects(resources))]


def _subjects(resources: list[dict]) -> set[str]:
    """Whom the resources are about: by identifier where one patient comes with one, else by reference."""
    patients = [r for r in resources if r.get("resourceType") == "Patient"]
    told = [r.get("subject") for r in resources]
    references = {
        str(s["reference"]).rpartition("/")[2] for s in told if isinstance(s, dict) and s.get("reference")
    }
    if len(patients) > 1 or len(references) > 1:
        return references | {str(p.get("id") or place) for place, p in enumerate(patients)}
    known = patients[0].get("identifier") if patients else None
    if isinstance(known, list) and known and isinstance(known[0], dict) and known[0].get("value"):
        return {str(known[0]["value"])}
    return {r for r in references if not r.startswith("urn:")}


def _of_resource(resource: dict) -> list[Row]:
    if resource.get("resourceType") == "Patient":
        gender = resource.get("gender")
        return [("sex", gender, "", "")] if gender in ("male", "female") else []
    if resource.get("resourceType") != "Observation":
        return []
    period = resource.get("effectivePeriod")
    over = period.get("end") or period.get("start") if isinstance(period, dict) else None
    when = str(resource.get("effectiveDateTime") or resource.get("effectiveInstant") or over or "")
    parts = [resource, *(p for p in resource.get("component") or [] if isinstance(p, dict))]
    return [(*row, when) for part in parts for row in _of_observation(part)]


def _of_observation(part: dict) -> list[tuple[str, object, str]]:
    stated = part.get("code")
    code = stated if isinstance(stated, dict) else {}
    codings = [c for c in code.get("coding") or [] if isinstance(c, dict)]
    name = next((LOINC[c["code"]] for c in codings if c.get("code") in LOINC), None)
    name = name or str(code.get("text") or next((c.get("display") for c in codings), None) or "observation")
    quantity = part.get("valueQuantity")
    if isinstance(quantity, dict):
        return [
            (name, _scalar(quantity.get("value")), str(quantity.get("code") or quantity.get("unit") or ""))
        ]
    value = next((part[k] for k in ("valueBoolean", "valueString", "valueInteger") if k in part), None)
    return [(name, _scalar(value), "")] if value is not None else []
