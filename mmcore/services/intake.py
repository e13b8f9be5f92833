"""Files dropped and values typed by a user as one checked case; nothing is lost when one file is refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mmcore.domain.case import Case, Notice, Scan, Waveform
from mmcore.domain.errors import MmcoreError
from mmcore.domain.task import Modality, Task
from mmcore.intake.code_streams import kind_of
from mmcore.intake.ecg import ecg_facts, is_ecg, read_ecg, signal_files
from mmcore.intake.ecg_doubts import CORRECTABLE as ECG_CORRECTABLE
from mmcore.intake.ecg_doubts import OVERRULABLE as ECG_OVERRULABLE
from mmcore.intake.note import note_notices, read_note_file
from mmcore.intake.plain_text import beginning, checked
from mmcore.intake.radiograph import CORRECTABLE, OVERRULABLE, doubts
from mmcore.intake.scan import read_scan
from mmcore.intake.vitals import Vitals, check_vitals, looks_like_vitals, read_vitals
from mmcore.preprocess.language import language_of

MODALITY = {
    "scan": Modality.IMAGE,
    "ecg": Modality.WAVEFORM,
    "note": Modality.TEXT,
    "vitals": Modality.CLINICAL,
}
TYPED = "typed"  # the name of the item that holds what was typed into the form
PICTURE_KINDS = ("GIF", "BMP", "TIFF", "WebP", "JPEG 2000")
TABLE_ENDINGS = ("csv", "tsv", "json")
FAR_APART_DAYS = 14
LANGUAGE = "note_language"
DOUBTED = OVERRULABLE | ECG_OVERRULABLE | {LANGUAGE}
REFUSED_VALUES = (
    "value_not_yes_or_no",
    "value_not_a_choice",
    "value_not_a_number",
    "value_ambiguous_number",
    "value_unknown_unit",
    "value_out_of_range",
    "value_twice",
    "vitals_unknown_columns",
)
IMAGE_ENDINGS = ("png", "jpg", "jpeg", "dcm", "dicom", "bmp", "tif", "tiff")


class UploadFile(NamedTuple):
    """A file as given; `expected` is scan, ecg, note or vitals where the user said so, "": the content decides."""

    name: str
    data: bytes
    expected: str = ""


@dataclass(frozen=True)
class UploadItem:
    """One file: what it was taken for, (code, value) facts read from it, and why it is not used, if not.

    `correction` waits for the user's word (`corrections`: all of them); `scan`, `ecg`, `note` or `values` hold what
    was read, for checking, used or not.
    """

    name: str
    recognised_as: str
    facts: tuple[tuple[str, object], ...] = ()
    notices: tuple[Notice, ...] = ()
    refused: Notice | None = None
    correction: Notice | None = None
    corrections: tuple[Notice, ...] = ()
    scan: Scan | None = None
    note: str | None = None
    values: Mapping[str, float] | None = None
    ecg: Waveform | None = None

    @property
    def used(self) -> bool:
        """Whether the file's content is part of the case."""
        return self.refused is None and (self.values is not None or self.correction is None)


@dataclass(frozen=True)
class Upload:
    """Every file with its fate, the case made of the usable ones, and warnings that concern several files."""

    items: tuple[UploadItem, ...]
    case: Case
    warnings: tuple[Notice, ...] = ()


def read_upload(
    files: Sequence[tuple[str, bytes] | UploadFile],
    task: Task,
    *,
    accept_corrections: bool | frozenset[str] = False,
    typed: Mapping[str, object] | None = None,
    typed_note: str = "",
) -> Upload:
    """Read the files, the typed values (field -> number or text) and the typed note into a case for the task.

    accept_corrections: True agrees to every correction; a set agrees to those named by field or code, and
    codes in OVERRULABLE or note_language insist on a doubted file. Never raises for bad input.
    """
    given = [UploadFile(*file) for file in files]
    beside = {file.name: file.data for file in given}
    signals = signal_files(beside.values())  # read with their header
    items = [_read(file, task, accept_corrections, beside) for file in given if file.name not in signals]
    if typed_note.strip():
        items.append(_typed_note(typed_note, accept_corrections))
    if typed:
        items.append(_typed(typed, task, accept_corrections))
    return _assembled(items, task, accept_corrections)


def recognised(name: str, data: bytes, task: Task) -> str:
    """scan, ecg, note, vitals or unknown, by content; the name's ending decides only where the content is silent.

    Text that calls itself a picture counts as a scan, so that it is refused as one and not taken for a note.
    """
    kind, ending = kind_of(data), name.rpartition(".")[2].lower()
    if is_ecg(name, data):
        return "ecg"
    if kind in ("dicom", "png", "jpeg", *PICTURE_KINDS) or ending in IMAGE_ENDINGS:
        return "scan"
    if kind == "pdf":
        return "note"
    if kind == "text" and looks_like_vitals(beginning(data), task):
        return "vitals"
    if ending in TABLE_ENDINGS:
        return "vitals"
    return "note" if kind == "text" or ending == "txt" else "unknown"


def _read(
    file: UploadFile, task: Task, agreed: bool | frozenset[str], beside: Mapping[str, bytes]
) -> UploadItem:
    kind = file.expected or recognised(file.name, file.data, task)
    if kind == "unknown":
        return UploadItem(file.name, kind, refused=Notice("file_unknown_format"))
    if MODALITY[kind] not in task.accepted:
        return UploadItem(file.name, kind, refused=Notice("modality_not_asked", {}, MODALITY[kind]))
    try:
        if kind == "ecg":
            return _ecg(file, agreed, beside)
        return {"scan": _scan, "note": _note, "vitals": _vitals}[kind](file, task, agreed)
    except MmcoreError as error:
        return UploadItem(file.name, kind, refused=Notice(error.code, error.values, MODALITY[kind]))


def _scan(file: UploadFile, task: Task, agreed: bool | frozenset[str]) -> UploadItem:
    scan = read_scan(file.data, file.name, accept_corrections=_agrees(CORRECTABLE, agreed))
    found = doubts(scan) if task.image == "frontal_chest_xray" else ()
    insisted = tuple(n for n in found if n.code in OVERRULABLE and _insists(n.code, agreed))
    open_doubts = [n for n in found if n not in insisted]
    refused = next((n for n in open_doubts if n.code != CORRECTABLE), None)
    correction = next((n for n in open_doubts if n.code == CORRECTABLE), None) if refused is None else None
    notices = tuple(n for n in scan.notices if n.code != CORRECTABLE)
    scan = replace(scan, notices=(*notices, *insisted))
    return UploadItem(
        file.name, "scan", _facts_of(scan), scan.notices, refused, correction, _some(correction), scan=scan
    )


def _ecg(file: UploadFile, agreed: bool | frozenset[str], beside: Mapping[str, bytes]) -> UploadItem:
    ecg, doubt = read_ecg(file.name, file.data, beside, accept_corrections=agreed)
    correctable = doubt is not None and doubt.code in ECG_CORRECTABLE
    return UploadItem(
        file.name,
        "ecg",
        ecg_facts(ecg),
        ecg.notices,
        None if correctable else doubt,
        doubt if correctable else None,
        _some(doubt) if correctable else (),
        ecg=ecg,
    )


def _note(file: UploadFile, task: Task, agreed: bool | frozenset[str]) -> UploadItem:
    text, facts = read_note_file(file.data, file.name)
    return _note_item(file.name, text, facts, agreed)


def _typed_note(text: str, agreed: bool | frozenset[str]) -> UploadItem:
    try:
        return _note_item(TYPED, text, checked(text), agreed)
    except MmcoreError as error:
        return UploadItem(TYPED, "note", refused=Notice(error.code, error.values, Modality.TEXT))


def _note_item(
    name: str, text: str, facts: Mapping[str, object], agreed: bool | frozenset[str]
) -> UploadItem:
    doubt = Notice(LANGUAGE, {}, Modality.TEXT) if language_of(text) == "other" else None
    insisted = _some(doubt) if _insists(LANGUAGE, agreed) else ()
    refused = None if insisted else doubt
    shown = tuple((f"fact_{k}", facts[k]) for k in ("words", "pages", "encoding") if k in facts)
    return UploadItem(name, "note", shown, (*note_notices(facts), *insisted), refused, note=text)


def _vitals(file: UploadFile, task: Task, agreed: bool | frozenset[str]) -> UploadItem:
    return _vitals_item(file.name, read_vitals(file.data, file.name, task, accept_corrections=agreed))


def _typed(typed: Mapping[str, object], task: Task, agreed: bool | frozenset[str]) -> UploadItem:
    try:
        rows = [(name, value, "") for name, value in typed.items()]
        return _vitals_item(TYPED, check_vitals(rows, task, accept_corrections=agreed))
    except MmcoreError as error:
        return UploadItem(TYPED, "vitals", refused=Notice(error.code, error.values, Modality.CLINICAL))


def _vitals_item(name: str, vitals: Vitals) -> UploadItem:
    first = next(iter(vitals.corrections), None)
    facts = (("fact_values", len(vitals.values)),)
    return UploadItem(
        name, "vitals", facts, vitals.notices, None, first, vitals.corrections, values=vitals.values
    )


def _assembled(items: list[UploadItem], task: Task, agreed: bool | frozenset[str]) -> Upload:
    """The first usable scan, all usable notes one after the other, and the values on which files agree."""
    scans = [item.scan for item in items if item.scan is not None and item.used]
    ecgs = [item.ecg for item in items if item.ecg is not None and item.used]
    warnings = _mismatches([x for item in items for x in (item.scan, item.ecg) if x is not None])
    second = Notice("scan_second", {}, Modality.IMAGE)
    items = [replace(i, refused=second) if any(i.scan is s for s in scans[1:]) else i for i in items]
    another = Notice("ecg_second", {}, Modality.WAVEFORM)
    items = [replace(i, refused=another) if any(i.ecg is e for e in ecgs[1:]) else i for i in items]
    values, conflicts = _merged([item for item in items if item.values is not None])
    scan = replace(scans[0], notices=(*scans[0].notices, *warnings)) if scans else None
    notes = [item.note for item in items if item.note is not None and item.used]
    case = Case(
        task=task.name,
        scan=scan,
        note="\n\n".join(notes) or None,
        values=values,
        refused=(*(n for item in items for n in _not_taken(item)), *conflicts),
        waveform=ecgs[0] if ecgs else None,
        overruled=frozenset(n.modality for item in items for n in item.notices if n.code in DOUBTED),
    )
    return Upload(tuple(items), case, (*warnings, *conflicts))


def _merged(items: Iterable[UploadItem]) -> tuple[dict[str, float], tuple[Notice, ...]]:
    """Values of all files; where two files differ neither counts, and what is typed overrules both."""
    values: dict[str, float] = {}
    differ: dict[str, Notice] = {}
    for item in items:
        for name, value in (item.values or {}).items():
            if item.name == TYPED:
                differ.pop(name, None)
            elif values.get(name, value) != value:
                differ[name] = Notice("value_differs", {"field": name}, Modality.CLINICAL)
            values[name] = value
    return {k: v for k, v in values.items() if k not in differ}, tuple(differ.values())


def _not_taken(item: UploadItem) -> tuple[Notice, ...]:
    """The refusal of a file, or what in it was refused or waits for the user's word."""
    if item.refused is not None:
        return (item.refused,)
    return (*item.corrections, *(n for n in item.notices if n.code in REFUSED_VALUES))


def _mismatches(scans: list[Scan | Waveform]) -> tuple[Notice, ...]:
    """Warnings if scans name different patients or were taken far apart."""
    warnings = []
    if len({scan.patient_hash for scan in scans if scan.patient_hash}) > 1:
        warnings.append(Notice("patients_differ", {}, Modality.IMAGE))
    days = sorted(scan.taken for scan in scans if scan.taken)
    if days and (days[-1] - days[0]).days > FAR_APART_DAYS:
        warnings.append(Notice("dates_differ", {"days": (days[-1] - days[0]).days}, Modality.IMAGE))
    return tuple(warnings)


def _facts_of(scan: Scan) -> tuple[tuple[str, object], ...]:
    height, width = scan.pixels.shape
    facts = {
        "fact_pixels": f"{width} × {height}",
        "fact_modality": scan.modality,
        "fact_view": scan.view,
        "fact_laterality": scan.laterality,
        "fact_body_part": scan.body_part,
        "fact_taken": scan.taken.isoformat() if scan.taken else None,
        "fact_spacing": "{:g} × {:g} mm".format(*scan.spacing_mm) if scan.spacing_mm else None,
        "fact_window": "{:g} / {:g}".format(*scan.window) if scan.window else None,
    }
    return tuple((code, value) for code, value in facts.items() if value)


def _agrees(code: str, agreed: bool | frozenset[str]) -> bool:
    return agreed is True or _insists(code, agreed)


def _insists(code: str, agreed: bool | frozenset[str]) -> bool:
    """Whether the user named this code; a general yes to corrections does not cover a doubted file."""
    return not isinstance(agreed, bool) and code in agreed


def _some(notice: Notice | None) -> tuple[Notice, ...]:
    return () if notice is None else (notice,)
