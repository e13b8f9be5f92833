"""Values in a CSV, JSON or FHIR file."""

import re
from collections.abc import Sequence

from mmcore.domain.notice import Notice
from mmcore.domain.task import CaseTask, Task
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader
from mmcore.intake.values.check import check_value, find_field
from mmcore.intake.values.units import plain_name
from mmcore.intake.values.vitals import SILENT

ENDINGS = ("csv", "tsv", "json")
NO_VALUE = ("value_not_yes_or_no", "value_not_a_choice", "value_not_a_number")


def can_read(file: File, task: CaseTask) -> bool:
    """A text that is named so, that the user calls vitals, or that looks like them."""
    named = file.ending in ENDINGS or bool(file.expected)
    return file.kind == "text" and (named or looks_like_vitals(file.head, task))


def looks_like_vitals(head: str, task: Task) -> bool:
    """Whether a text begins as JSON, or as a table that names fields of the task, and so is no note."""
    if re.match(r"\s*[\[{]\s*[\"{\[]", head):
        return True
    cells = _cells(head)
    if not cells:
        return False
    if len(cells) > 1 and _is_heading(cells[0], task):
        return True
    return 2 * sum(_is_line(row, task) for row in cells) >= len(cells)


def _cells(head: str) -> list[list[str]]:
    """The first lines that are not empty, parted at the first of tab, semicolon and comma that the first line has."""
    lines = [line for line in head.splitlines() if line.strip()][:40]
    separator = next((s for s in ("\t", ";", ",") if lines and s in lines[0]), ",")
    return [[cell.strip(' "') for cell in line.split(separator)] for line in lines]


def _is_heading(names: list[str], task: Task) -> bool:
    """Whether a line names a field, and at least half of it is fields or what is passed over."""
    across = sum(find_field(name, task) is not None for name in names)
    silent = sum(plain_name(name) in SILENT for name in names)
    return across > 0 and 2 * (across + silent) >= len(names)


def _is_line(row: list[str], task: Task) -> bool:
    """Whether a line reads field, value and perhaps a unit."""
    found = find_field(row[0], task)
    if not found or not 2 <= len(row) <= 4:
        return False
    result = check_value(found[0], row[1])
    return not (isinstance(result, Notice) and result.code in NO_VALUE)


def read(data: bytes, salt: str, known: Sequence[str]) -> tuple[Facts, bytes]:
    """The rows as facts, and no payload."""
    from mmcore.intake.values.tables import read_table

    return read_table(data, list(known), salt)


READER = Reader("table", "vitals", can_read, read, claims=ENDINGS)
