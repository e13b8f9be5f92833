"""Vitals from a file or a form, checked value by value against the fields of a task."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from mmcore.domain.errors import UnknownFieldError, UnreadableFileError
from mmcore.domain.notice import Notice
from mmcore.domain.task import Field, Task
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.facts import Facts
from mmcore.intake.file import File, Reader
from mmcore.intake.image.scan import process_salt
from mmcore.intake.sandbox import read_in_child
from mmcore.intake.values.check import about, check_value, find_field, short
from mmcore.intake.values.units import number_in_cell, plain_name, split_cell

SILENT = frozenset(  # identity, outcome and bookkeeping: neither used nor worth a word
    (
        "id case case_id patient patient_id patientid subject subject_id name patient_name first_name"
        " last_name surname mrn ssn nhs_number dob date_of_birth birth_date address phone email date time"
        " datetime timestamp image original source publisher note finding label diagnosis outcome icu"
        " intubated died death location in_icu_at_image intubated_at_image days_to_icu modality view licence"
        " license url day comment observation"
    ).split()
)
Entry: TypeAlias = tuple[object, str]  # value and unit as written
SHOWN_NAMES = 5  # unknown columns named in one notice


@dataclass(frozen=True)
class Vitals:
    """Values in standard units, notices (refused values, conversions, unknown columns), open corrections.

    A correction's notice holds `field`, the `value` as given and `corrected`; until the user agrees, the
    value is left out. taken: when the oldest value was measured that can go out of date; None where one of them does not say.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    corrections: tuple[Notice, ...] = ()
    taken: Timestamp | None = None
    patient_hash: str | None = None


def read_vitals(
    file: File, reader: Reader | None, task: Task, *, accept_corrections: bool | frozenset[str] = False
) -> Vitals:
    """Vitals of a file of values.

    accept_corrections: True, or the names of the fields whose correction the user agreed to. Raises
    UnreadableFileError, TooLargeError, or UnknownFieldError if no name is a field of the task.
    """
    if reader is None:
        raise UnreadableFileError("vitals_not_text")
    known = [plain_name(n) for item in task.asked_fields for n in (item.name, *item.aliases)]
    facts, _ = read_in_child(reader.name, file.data, known=known, salt=process_salt())
    vitals = check_vitals(facts["rows"], task, accept_corrections=accept_corrections)
    return replace(vitals, taken=_taken(facts, task, vitals.values), patient_hash=facts["patient"])


def _taken(facts: Facts, task: Task, used: Iterable[str]) -> Timestamp | None:
    """When the oldest value was measured that is used and can go out of date."""
    ageing = {name for name in used if not task.field(name).lasting}
    times = [
        Timestamp.of_iso(when) if when else None
        for row, when in zip(facts["rows"], facts["times"], strict=True)
        if _name_in(row[0], task) in ageing
    ]
    return oldest_of(times)


def _name_in(heading: str, task: Task) -> str | None:
    """The name of the field of a heading; None if the task has none."""
    found = find_field(heading, task)
    return found[0].name if found else None


def oldest_of(timestamps: Iterable[Timestamp | None]) -> Timestamp | None:
    """The oldest timestamp; None where one is not known, for it may be older."""
    known = list(timestamps)
    return min((m for m in known if m), key=lambda m: m.latest) if known and None not in known else None


def check_vitals(
    rows: Iterable[tuple[str, object, str]], task: Task, *, accept_corrections: bool | frozenset[str] = False
) -> Vitals:
    """Vitals of rows (name, value, unit), from a file or a form; each value is judged alone."""
    given, unknown = _by_field(rows, task)
    if not given:
        raise _nothing_known(unknown)
    values: dict[str, float] = {}
    notices: list[Notice] = []
    corrections: list[Notice] = []
    for name, entries in given.items():
        result, told = _judge(task.field(name), entries)
        if _agreed(name, accept_corrections):
            result, told = _corrected(result, told)
        if isinstance(result, float):
            values[name] = result
        elif result is not None:
            corrections.append(result)
        notices += told
    if not any((values, notices, corrections)):
        notices.append(Notice("vitals_all_missing", {"count": len(given)}, "clinical"))
    if unknown:
        notices.append(Notice("vitals_unknown_columns", {"names": _some(unknown)}, "clinical"))
    return Vitals(values, tuple(notices), tuple(corrections))


def _corrected(
    result: float | Notice | None, told: list[Notice]
) -> tuple[float | Notice | None, list[Notice]]:
    """The value that a correction proposes, and the word that it was taken; what is no correction stays."""
    if not isinstance(result, Notice):
        return result, told
    taken = Notice("value_corrected", result.values, "clinical")
    return float(str(result.values["corrected"])), [*told, taken]


def _nothing_known(names: list[str]) -> UnknownFieldError:
    if not names:
        return UnknownFieldError("vitals_name_nothing")
    return UnknownFieldError("vitals_no_known_field", names=_some(names))


def _by_field(
    rows: Iterable[tuple[str, object, str]], task: Task
) -> tuple[dict[str, list[Entry]], list[str]]:
    """field -> [(value, unit)], and the names that the task does not know."""
    given: dict[str, list[Entry]] = {}
    unknown = []
    for heading, value, unit in rows:
        found = find_field(heading, task)
        if found:
            given.setdefault(found[0].name, []).append((value, unit or found[1]))
        elif plain_name(heading) not in SILENT:
            unknown.append(heading.strip())
    return given, unknown


def _judge(item: Field, entries: list[Entry]) -> tuple[float | Notice | None, list[Notice]]:
    """The value or the correction to agree to, and what else is to be said; differing entries cancel out."""
    stated = [(entry, result) for entry in entries if (result := check_value(item, *entry)) is not None]
    if not stated:
        return None, []
    entry, result = stated[0]
    if any(other != result for _, other in stated[1:]):
        return None, [about(item, "value_twice")]
    if isinstance(result, Notice):
        return (result, []) if "corrected" in result.values else (None, [result])
    return result, _conversion(item, entry, result)


def _conversion(item: Field, entry: Entry, result: float) -> list[Notice]:
    """That a number was written otherwise than it is used, where it was."""
    value, unit = entry
    _, digits, own = split_cell(str(value)) or ("", "", "")
    if item.kind != "number" or number_in_cell(digits) == result:
        return []
    text = f"{digits} {own or unit}"
    return [about(item, "value_converted", value=text, corrected=round(float(result), 3))]


def _agreed(name: str, accept_corrections: bool | frozenset[str]) -> bool:
    return accept_corrections is True or (accept_corrections is not False and name in accept_corrections)


def _some(names: list[str]) -> str:
    shown = ", ".join(short(name) for name in names[:SHOWN_NAMES])
    return shown + (" \u2026" if len(names) > SHOWN_NAMES else "")
