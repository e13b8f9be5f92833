"""CSV, JSON and FHIR files as rows of name, value and unit, not yet judged; runs in the child process."""

import csv
import json
from collections.abc import Iterable
from io import StringIO

from mmcore.domain.errors import TooLargeError, UnreadableFileError
from mmcore.intake.limits import MAX_VITALS_ROWS
from mmcore.intake.plain_text import decoded
from mmcore.intake.units import number_of, plain_name, split_heading

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

Row = tuple[str, object, str]


def read_table(data: bytes, known: list[str]) -> tuple[dict, bytes]:
    """{rows: [[name, value, unit]]} of a CSV, JSON or FHIR file; `known` are plain names that mark a heading.

    Raises UnreadableFileError (empty, no table, several patients) or TooLargeError.
    """
    text = decoded(data)[0].strip()
    if not text:
        raise UnreadableFileError("vitals_empty")
    rows = _of_json(text) if text[0] in "[{" else _of_csv(text, frozenset(known))
    if len(rows) > MAX_VITALS_ROWS:
        raise TooLargeError("vitals_too_many", rows=len(rows), limit=MAX_VITALS_ROWS)
    return {"rows": rows}, b""


def _of_csv(text: str, known: frozenset[str]) -> list[Row]:
    first_line = text.splitlines()[0]
    separator = next((s for s in ("\t", ";", ",") if s in first_line), ",")
    try:
        cells = [
            row
            for row in csv.reader(StringIO(text), delimiter=separator, strict=True)
            if any(map(str.strip, row))
        ]
    except csv.Error:
        raise UnreadableFileError("vitals_damaged") from None
    heading = [plain_name(split_heading(cell)[0]) for cell in cells[0]]
    columns = [
        next((i for i, h in enumerate(heading) if h in names), None)
        for names in (NAME_HEADINGS, VALUE_HEADINGS, UNIT_HEADINGS)
    ]
    if columns[0] is not None and columns[1] is not None:
        name, value, unit = columns
        return [(_cell(row, name), _cell(row, value), _cell(row, unit)) for row in cells[1:]]
    if not _is_wide(cells, heading, known):
        return [(_cell(row, 0), _cell(row, 1), _cell(row, 2)) for row in cells]
    if len(cells) != 2:
        raise UnreadableFileError("vitals_rows", rows=len(cells) - 1)
    if len(cells[1]) > len(cells[0]):
        raise UnreadableFileError("vitals_damaged")
    return [(name, _cell(cells[1], i), "") for i, name in enumerate(cells[0])]


def _cell(row: list[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _is_wide(cells: list[list[str]], heading: list[str], known: frozenset[str]) -> bool:
    """Whether the first line is a heading, rather than the first of lines field, value, unit."""
    if len(cells) < 2 or any(number_of(cell) is not None for cell in cells[0]):
        return False
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
        return _rows(inner)
    return [_pair(name, value) for name, value in node.items()]


def _pair(name: str, value: object) -> Row:
    if isinstance(value, dict):
        return name, _scalar(value.get("value")), str(value.get("unit") or "")
    return name, _scalar(value), ""


def _record(item: dict) -> Row:
    named = {plain_name(k): v for k, v in item.items()}
    name, value, unit = (
        next((named[h] for h in heads if h in named), None)
        for heads in (NAME_HEADINGS, VALUE_HEADINGS, UNIT_HEADINGS)
    )
    return str(name or ""), _scalar(value), str(unit or "")


def _scalar(value: object) -> object:
    """A number, text, truth value or None as it is; anything nested as text, which no field accepts."""
    return value if value is None or isinstance(value, int | float | str | bool) else type(value).__name__


def _of_fhir(node: dict) -> list[Row]:
    """Rows of a Bundle, Observation or Patient; of several observations of one kind the latest."""
    entries = node.get("entry") if node["resourceType"] == "Bundle" else [{"resource": node}]
    resources = [e.get("resource") for e in entries or [] if isinstance(e, dict)]
    latest: dict[str, tuple[str, Row]] = {}
    for resource in resources:
        if not isinstance(resource, dict) or resource.get("status") in VOID:
            continue
        when = str(resource.get("effectiveDateTime") or "")
        for row in _of_resource(resource):
            if row[0] not in latest or when >= latest[row[0]][0]:
                latest[row[0]] = (when, row)
    return [row for _, row in latest.values()]


def _of_resource(resource: dict) -> list[Row]:
    if resource.get("resourceType") == "Patient":
        gender = resource.get("gender")
        return [("sex", gender, "")] if gender in ("male", "female") else []
    if resource.get("resourceType") != "Observation":
        return []
    parts = [resource, *(p for p in resource.get("component") or [] if isinstance(p, dict))]
    return [row for part in parts for row in _of_observation(part)]


def _of_observation(part: dict) -> list[Row]:
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
