"""Files dropped and values typed by a user as one checked case; nothing is lost when one file is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mmcore.cases.merge import DOUBTED, TYPED, Upload, UploadFile, UploadItem, assembled, joined
from mmcore.domain.errors import MmcoreError
from mmcore.domain.memory import Memory
from mmcore.domain.notice import Notice
from mmcore.domain.scan import Scan
from mmcore.domain.task import CaseTask, Modality
from mmcore.domain.timestamp import Timestamp
from mmcore.gates.note import judge_note
from mmcore.gates.scan import Verdict, corrected, verdict_on
from mmcore.intake.code_streams import kind_of
from mmcore.intake.ct.scan import CT_ENDINGS, CT_KINDS, read_ct_scan, zipped
from mmcore.intake.ecg.doubts import CORRECTABLE as ECG_CORRECTABLE
from mmcore.intake.ecg.doubts import OVERRULABLE as ECG_OVERRULABLE
from mmcore.intake.ecg.recording import ecg_facts, is_ecg, read_ecg, signal_files
from mmcore.intake.image.scan import read_scan
from mmcore.intake.note.date import note_timestamp
from mmcore.intake.note.plain_text import beginning, checked
from mmcore.intake.note.read import note_notices, read_note
from mmcore.intake.timestamps import plausible
from mmcore.intake.values.vitals import Vitals, check_vitals, looks_like_vitals, read_vitals

__all__ = ["DOUBTED", "TYPED", "Upload", "UploadFile", "UploadItem", "joined", "read_upload", "recognised"]

MODALITY = {
    "scan": Modality.IMAGE,
    "ecg": Modality.WAVEFORM,
    "note": Modality.TEXT,
    "vitals": Modality.CLINICAL,
}
MOST_CORRECTIONS = 2  # of one film: turned as its header says, and black and white swapped
PICTURE_KINDS = ("GIF", "BMP", "TIFF", "WebP", "JPEG 2000")
TABLE_ENDINGS = ("csv", "tsv", "json")
IMAGE_ENDINGS = ("png", "jpg", "jpeg", "dcm", "dicom", "bmp", "tif", "tiff")


@dataclass(frozen=True)
class _Asked:
    """For which task files are read, what the user agreed to, and where the verdicts on scans are kept."""

    task: CaseTask
    agreed: bool | frozenset[str]
    memory: Memory


def read_upload(
    files: Sequence[tuple[str, bytes] | UploadFile],
    task: CaseTask,
    *,
    accept_corrections: bool | frozenset[str] = False,
    typed: Mapping[str, object] | None = None,
    typed_note: str = "",
    memory: Memory | None = None,
) -> Upload:
    """Read the files, the typed values (field -> number or text) and the typed note into a case for the task.

    accept_corrections: True agrees to every correction; a set agrees to those named by field or code, and the code of
    a gate in it overrules that gate. memory: keeps the verdict on the scan for its review. Never raises for bad input.
    """
    asked = _Asked(task, accept_corrections, {} if memory is None else memory)
    given = gathered([UploadFile(*file) for file in files], task)
    beside = {file.name: file.data for file in given}
    signals = signal_files(beside.values())  # read with their header
    items = [_read(file, asked, beside) for file in given if file.name not in signals]
    if typed_note.strip():
        items.append(_typed_note(typed_note, asked))
    if typed:
        items.append(_typed(typed, asked))
    return assembled([_believable(item) for item in items], task)


def _believable(item: UploadItem) -> UploadItem:
    """The item without a time that cannot be right, which is told."""
    if plausible(item.taken):
        return item
    told = Notice("file_time_implausible", {}, MODALITY[item.recognised_as])
    scan = replace(item.scan, taken=None, notices=(*item.scan.notices, told)) if item.scan else None
    ecg = replace(item.ecg, taken=None) if item.ecg else None
    return replace(item, taken=None, scan=scan, ecg=ecg, notices=(*item.notices, told))


def recognised(name: str, data: bytes, task: CaseTask) -> str:
    """scan, ecg, note, vitals or unknown, by content; the name's ending decides only where the content is silent.

    Text that calls itself a picture counts as a scan, so that it is refused as one and not taken for a note.
    """
    kind, ending = kind_of(data), name.rpartition(".")[2].lower()
    if task.wants_volume and (kind in CT_KINDS or ending in CT_ENDINGS):
        return "scan"
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


def _read(file: UploadFile, asked: _Asked, beside: Mapping[str, bytes]) -> UploadItem:
    kind = file.expected or recognised(file.name, file.data, asked.task)
    if kind == "unknown":
        return UploadItem(file.name, kind, refused=Notice("file_unknown_format"))
    if MODALITY[kind] not in asked.task.accepted:
        return UploadItem(file.name, kind, refused=Notice("modality_not_asked", {}, MODALITY[kind]))
    try:
        if kind == "ecg":
            return _ecg(file, asked, beside)
        return {"scan": _scan, "note": _note, "vitals": _vitals}[kind](file, asked)
    except MmcoreError as error:
        return UploadItem(file.name, kind, refused=Notice(error.code, error.values, MODALITY[kind]))


def gathered(files: Sequence[UploadFile], task: CaseTask) -> list[UploadFile]:
    """The files, those of a CT series that came one slice a file as one."""
    slices = [f for f in files if kind_of(f.data) == "dicom" and f.expected in ("", "scan")]
    if not task.wants_volume or len(slices) < 2:
        return list(files)
    place = next((f.place for f in slices if f.place), None)
    series = UploadFile(f"{slices[0].name} …", zipped([f.data for f in slices]), "scan", place)
    return [series, *(f for f in files if f not in slices)]


def _scan(file: UploadFile, asked: _Asked) -> UploadItem:
    task, agreed = asked.task, asked.agreed
    scan: Scan
    if task.wants_volume:
        scan = read_ct_scan(file.data, file.name, file.place)
    else:
        scan = read_scan(file.data, file.name, clip=task.image is None)
    verdict = verdict_on(task.image, scan, asked.memory)
    for _ in range(MOST_CORRECTIONS):
        if verdict.correction and _agrees(verdict.correction.code, agreed):
            scan = corrected(scan, verdict.correction)
            verdict = verdict_on(task.image, scan, asked.memory)
    gate, insisted = _overruled(verdict, agreed)
    scan = replace(scan, notices=(*scan.notices, *insisted))
    return UploadItem(
        file.name,
        "scan",
        _facts_of(scan),
        (*scan.notices, *verdict.warnings),
        verdict.refused,
        verdict.correction,
        gate,
        _some(verdict.correction),
        scan=scan,
        overruled=insisted,
        taken=scan.taken,
        patient_hash=scan.patient_hash,
    )


def _ecg(file: UploadFile, asked: _Asked, beside: Mapping[str, bytes]) -> UploadItem:
    ecg, doubt = read_ecg(file.name, file.data, beside, accept_corrections=asked.agreed)
    correctable = doubt is not None and doubt.code in ECG_CORRECTABLE
    return UploadItem(
        file.name,
        "ecg",
        ecg_facts(ecg),
        ecg.notices,
        None if correctable else doubt,
        doubt if correctable else None,
        None,
        _some(doubt) if correctable else (),
        ecg=ecg,
        overruled=tuple(n for n in ecg.notices if n.code in ECG_OVERRULABLE),
        taken=ecg.taken,
        patient_hash=ecg.patient_hash,
    )


def _overruled(verdict: Verdict, agreed: bool | frozenset[str]) -> tuple[Notice | None, tuple[Notice, ...]]:
    """(the gate that stands, the gate that the user overruled)."""
    if verdict.gate and _insists(verdict.gate.code, agreed):
        return None, (verdict.gate,)
    return verdict.gate, ()


def _note(file: UploadFile, asked: _Asked) -> UploadItem:
    text, facts = read_note(file.data)
    return _note_item(file.name, text, facts, asked)


def _typed_note(text: str, asked: _Asked) -> UploadItem:
    try:
        return _note_item(TYPED, text, checked(text), asked)
    except MmcoreError as error:
        return UploadItem(TYPED, "note", refused=Notice(error.code, error.values, Modality.TEXT))


def _note_item(name: str, text: str, facts: Mapping[str, object], asked: _Asked) -> UploadItem:
    verdict = judge_note(text) if Modality.TEXT in asked.task.modalities else Verdict()
    gate, insisted = _overruled(verdict, asked.agreed)
    made = note_timestamp(text)
    shown = tuple((f"fact_{k}", facts[k]) for k in ("words", "pages", "encoding") if k in facts)
    notices = (*note_notices(facts), *verdict.warnings, *insisted)
    return UploadItem(
        name,
        "note",
        (*shown, *_made_fact(made)),
        notices,
        gate=gate,
        note=text,
        overruled=insisted,
        taken=made,
    )


def _made_fact(made: Timestamp | None) -> tuple[tuple[str, object], ...]:
    return (("fact_taken", made.iso.replace("T", " ")),) if made else ()


def _vitals(file: UploadFile, asked: _Asked) -> UploadItem:
    return _vitals_item(file.name, read_vitals(file.data, asked.task, accept_corrections=asked.agreed))


def _typed(typed: Mapping[str, object], asked: _Asked) -> UploadItem:
    try:
        rows = [(name, value, "") for name, value in typed.items()]
        return _vitals_item(TYPED, check_vitals(rows, asked.task, accept_corrections=asked.agreed))
    except MmcoreError as error:
        return UploadItem(TYPED, "vitals", refused=Notice(error.code, error.values, Modality.CLINICAL))


def _vitals_item(name: str, vitals: Vitals) -> UploadItem:
    first = next(iter(vitals.corrections), None)
    return UploadItem(
        name,
        "vitals",
        (("fact_values", len(vitals.values)), *_made_fact(vitals.taken)),
        vitals.notices,
        correction=first,
        corrections=vitals.corrections,
        values=vitals.values,
        taken=vitals.taken,
        patient_hash=vitals.patient_hash,
    )


def _facts_of(scan: Scan) -> tuple[tuple[str, object], ...]:
    height, width = scan.pixels.shape
    facts = {
        "fact_pixels": f"{width} × {height}",
        "fact_modality": scan.modality,
        "fact_view": scan.view,
        "fact_laterality": scan.laterality,
        "fact_orientation": " / ".join(scan.orientation) if scan.orientation else None,
        "fact_body_part": scan.body_part,
        "fact_taken": scan.taken.iso.replace("T", " ") if scan.taken else None,
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
