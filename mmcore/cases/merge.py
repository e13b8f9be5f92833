"""What became of each file of an upload, and the one case made of those that can be used."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from mmcore.domain.case import Case, Waveform
from mmcore.domain.notice import Notice
from mmcore.domain.scan import CtVolume, Scan
from mmcore.domain.task import CaseTask, Modality
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.ct.scan import near_mark
from mmcore.intake.ecg.doubts import OVERRULABLE
from mmcore.intake.values.vitals import oldest_of

DOUBTED = OVERRULABLE  # codes of a refusal that the user may overrule; gates are overruled by their own code
TYPED = "typed"  # the name of the item that holds what was typed into the form
DIFFERS = "value_differs"  # code of what is said where two files do not agree on a value
FAR_APART_DAYS = 14
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


@dataclass(frozen=True)
class UploadItem:
    """One file: what it was taken for, (code, value) facts read from it, and why it is not used, if not.

    `correction` waits for the user's word (`corrections`: all of them); `gate` says why it will add 0 unless the user
    overrules it, `overruled` those that were; `scan`, `note` or `values` hold what was read, for checking, used or not.
    `taken`: when it was made, where the file says; `patient_hash`: whom it names.
    """

    name: str
    recognised_as: str
    facts: tuple[tuple[str, object], ...] = ()
    notices: tuple[Notice, ...] = ()
    refused: Notice | None = None
    correction: Notice | None = None
    gate: Notice | None = None
    corrections: tuple[Notice, ...] = ()
    scan: Scan | None = None
    note: str | None = None
    values: Mapping[str, float] | None = None
    overruled: tuple[Notice, ...] = ()
    ecg: Waveform | None = None
    taken: Timestamp | None = None
    patient_hash: str | None = None

    @property
    def used(self) -> bool:
        """Whether the file's content is part of the case, be it gated."""
        return self.refused is None and (self.ecg is None or self.correction is None)

    @property
    def open(self) -> bool:
        """Whether it is used and nothing closes it."""
        return self.used and self.gate is None and (self.scan is None or self.correction is None)


@dataclass(frozen=True)
class Upload:
    """Every file with its fate, the case made of the usable ones, and warnings that concern several files."""

    items: tuple[UploadItem, ...]
    case: Case
    warnings: tuple[Notice, ...] = ()


def assembled(items: list[UploadItem], task: CaseTask) -> Upload:
    """The first usable scan, all usable notes one after the other, and the values on which files agree.

    A scan that nothing closes comes before one that is gated, and a gated note is left out beside an open one.
    """
    warnings = _mismatches(items)
    items = _one_ecg(_one_scan(_open_notes(items)))
    used = [item for item in items if item.used]
    values, conflicts = merged(items)
    scan = _scan_of(used, warnings)
    ecg = _ecg_of(used, () if scan else warnings)
    note = "\n\n".join(item.note for item in used if item.note)
    case = Case(
        task=task.name,
        scan=scan,
        note=note or None,
        values=values,
        refused=(*_not_taken(items), *conflicts),
        waveform=ecg,
        times=_times(used, case_has={"image": scan, "waveform": ecg, "text": note, "clinical": values}),
        overruled=_overruled(used),
    )
    return Upload(tuple(items), case, (*warnings, *conflicts))


def _overruled(used: list[UploadItem]) -> frozenset[str]:
    """The modalities of which the user overruled a gate."""
    return frozenset(str(notice.modality) for item in used for notice in item.overruled)


def _scan_of(used: list[UploadItem], warnings: tuple[Notice, ...]) -> Scan | None:
    """The scan of the case with what concerns several files; of a CT the slices near its mark."""
    scan = next((item.scan for item in used if item.scan is not None), None)
    if scan is None:
        return None
    told = replace(scan, notices=(*scan.notices, *warnings))
    return near_mark(told) if isinstance(told, CtVolume) else told


def _ecg_of(used: list[UploadItem], warnings: tuple[Notice, ...]) -> Waveform | None:
    ecg = next((item.ecg for item in used if item.ecg is not None), None)
    return None if ecg is None else replace(ecg, notices=(*ecg.notices, *warnings))


def _one_scan(items: list[UploadItem]) -> list[UploadItem]:
    scans = [item for item in items if item.scan is not None and item.used]
    chosen = min(
        scans, key=lambda item: not item.open, default=None
    )  # the first that is open, else the first
    second = {id(item) for item in scans if item is not chosen}
    return [_second_scan(item) if id(item) in second else item for item in items]


def _second_scan(item: UploadItem) -> UploadItem:
    """The scan set aside for another one, with its own reason where it has one."""
    second = Notice("scan_second", {}, Modality.IMAGE)
    return replace(item, refused=item.gate or item.correction or second, correction=None, corrections=())


def _one_ecg(items: list[UploadItem]) -> list[UploadItem]:
    ecgs = [item for item in items if item.ecg is not None and item.used]
    second = Notice("ecg_second", {}, Modality.WAVEFORM)
    return [replace(i, refused=second) if any(i is other for other in ecgs[1:]) else i for i in items]


def _open_notes(items: list[UploadItem]) -> list[UploadItem]:
    if not any(item.note is not None and item.open for item in items):
        return items
    return [replace(item, refused=item.gate) if _is_gated_note(item) else item for item in items]


def _is_gated_note(item: UploadItem) -> bool:
    return item.note is not None and item.used and not item.open


def merged(items: Iterable[UploadItem]) -> tuple[dict[str, float], tuple[Notice, ...]]:
    """Values of files and then of the form; where two files differ neither counts, and what is typed overrules both."""
    values: dict[str, float] = {}
    differ: dict[str, Notice] = {}
    for item in items:
        for name, value in (item.values or {}).items():
            if item.name == TYPED:
                differ.pop(name, None)
            elif values.get(name, value) != value:
                differ[name] = Notice(DIFFERS, {"field": name}, Modality.CLINICAL)
            values[name] = value
    return {k: v for k, v in values.items() if k not in differ}, tuple(differ.values())


def _not_taken(items: Iterable[UploadItem]) -> list[Notice]:
    """The refusal of each file, or what in it was refused or waits for the user's word."""
    return [notice for item in items for notice in _not_taken_of(item)]


def _not_taken_of(item: UploadItem) -> tuple[Notice, ...]:
    if item.refused is not None:
        return (item.refused,)
    waiting = () if item.scan is not None else item.corrections  # a scan's correction is told by its gate
    return (*waiting, *(n for n in item.notices if n.code in REFUSED_VALUES))


HOLDS: Mapping[
    str, Callable[[UploadItem], bool]
] = {  # modality -> whether a file brought it and may say when it was made
    "image": lambda item: item.scan is not None,
    "waveform": lambda item: item.ecg is not None,
    "text": lambda item: item.note is not None,
    "clinical": lambda item: bool(item.values) and item.name != TYPED,
}
ONE_FILE = ("image", "waveform")  # of which the first usable file alone counts


def _times(used: list[UploadItem], case_has: Mapping[str, object]) -> dict[str, Timestamp | None]:
    """modality -> when it was made, for those that the case has and whose time is known: of several files the oldest."""
    found: dict[str, Timestamp | None] = {}
    for name, holds in HOLDS.items():
        taken = [item.taken for item in used if holds(item)]
        oldest = oldest_of(taken[:1] if name in ONE_FILE else taken)
        if case_has[name] and oldest is not None:
            found[name] = oldest
    return found


def joined(files: Upload, form: Upload) -> Case:
    """The case of files and form together: a typed note takes the place of those in files, and so does its time."""
    case, typed = files.case, form.case
    times = {k: v for k, v in case.times.items() if not (typed.note and k == Modality.TEXT)}
    values, conflicts = merged([*files.items, *form.items])
    refused = [n for n in (*case.refused, *typed.refused) if n.code != DIFFERS]
    return replace(
        case,
        note=typed.note or case.note,
        values=values,
        refused=(*refused, *conflicts),
        overruled=case.overruled | typed.overruled,
        times={**times, **typed.times},
    )


def _mismatches(items: list[UploadItem]) -> tuple[Notice, ...]:
    """Warnings if files name different patients, or if pictures were taken far apart."""
    seen = [item for item in items if item.refused is None]
    return (*_patients_differ(seen), *_dates_differ(seen))


def _patients_differ(seen: list[UploadItem]) -> tuple[Notice, ...]:
    if len({item.patient_hash for item in seen if item.patient_hash}) < 2:
        return ()
    held = (m for m in (Modality.IMAGE, Modality.WAVEFORM) if any(map(HOLDS[m], seen)))
    return (Notice("patients_differ", {}, next(held, Modality.CLINICAL)),)


def _dates_differ(seen: list[UploadItem]) -> tuple[Notice, ...]:
    days = sorted(item.taken.day for item in seen if item.taken and (item.scan or item.ecg))
    apart = (days[-1] - days[0]).days if days else 0
    return (Notice("dates_differ", {"days": apart}, Modality.IMAGE),) if apart > FAR_APART_DAYS else ()
