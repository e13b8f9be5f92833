"""The worklist and the life of a case: demonstration cases, new cases, edits for a what-if, decisions."""

import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from mmcore.domain.case import LEADS, Case, Mark, Scan, Waveform
from mmcore.domain.prediction import Prediction
from mmcore.domain.task import Modality, Task
from mmcore.domain.timestamp import Moment
from mmcore.gates.recency import ages_of
from mmcore.intake.note.values import FoundValue, read_values
from mmcore.intake.values.vitals import check_vitals
from mmcore.paths import settings
from mmcore.preprocess.inpainting import Rectangle, flattened, painted_out
from mmcore.preprocess.text import MASK, negations, sentences
from mmcore.services.second_question import second_case
from mmcore.stores.case_store import CaseStore, CaseSummary, Decision
from mmcore.tasks import get_task

OVERRIDE_REASONS = (
    "scan_shows_otherwise",
    "history_not_in_note",
    "later_result",
    "wrong_input",
    "model_not_for_this_patient",
    "other",
)
BESIDE = ("not_called", "second")  # flags that explain an answer and warn of nothing

__all__ = ["OVERRIDE_REASONS", "CaseStore", "CaseSummary", "Decision", "Rectangle"]


def open_store(url: str | None = None) -> CaseStore:
    """The case store at `url`, else at the address of the settings."""
    return CaseStore(url or settings().database)


def add_demonstrations(store: CaseStore, folder: Path | None = None) -> int:
    """Put the demonstration cases that the store lacks into it; returns how many. A setting leaves them out."""
    folder = folder or settings().demonstrations
    if folder is None:
        return 0
    present, added = store.keys(), 0
    for description in sorted(folder.glob("*/*/case.json"), reverse=True):
        story = json.loads(description.read_text(encoding="utf-8"))
        if story["key"] not in present:
            case = read_demonstration(description.parent, get_task(story["task"]))
            taken = date.fromisoformat(story["taken"]) if story.get("taken") else None
            store.add(
                story["key"],
                case,
                patient_key=story["key"],
                story=story | {"demonstration": True},
                taken=taken,
            )
            added += 1
    return added


def read_demonstration(folder: Path, task: Task) -> Case:
    """The case in a folder of this project's own making: trusted, so read without the guarded child process of uploads."""
    scan, note, vitals = (folder / name for name in ("scan.png", "note.txt", "vitals.json"))
    given = json.loads(vitals.read_text(encoding="utf-8")) if vitals.is_file() else {}
    story = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    rows = [(name, value, "") for name, value in given.items()]
    return Case(
        task=task.name,
        scan=_demonstration_ct(folder / "scan.npz") or _demonstration_picture(scan),
        note=note.read_text(encoding="utf-8") if note.is_file() else None,
        values=check_vitals(rows, task).values if rows else {},
        waveform=_read_ecg(folder / "ecg.csv"),
        times={name: Moment.of_iso(made) for name, made in story.get("times", {}).items()},
    )


def _read_ecg(path: Path) -> Waveform | None:
    """A demonstration ECG: a table with a column of time in seconds and one for each lead in microvolts."""
    if not path.is_file():
        return None
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
    return Waveform(np.ascontiguousarray(table[:, 1:].T) / 1000, 100.0, LEADS)


def _demonstration_picture(path: Path) -> Scan | None:
    if not path.is_file():
        return None
    return Scan(np.asarray(Image.open(path).convert("L"), dtype=np.float32) / 255)


def _demonstration_ct(path: Path) -> Scan | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as kept:
        number, row, column = kept["mark"].tolist()
        spacing, step = tuple(kept["pixel_spacing"].tolist()), float(kept["slice_spacing"])
        return Scan.of_ct(kept["hu"], spacing, Mark(int(number), row, column), slice_spacing_mm=step)


def new_case(store: CaseStore, case: Case, patient_key: str = "") -> str:
    """Store a case and return its key: random, so that it says nothing of the patient."""
    key = secrets.token_urlsafe(9)
    named = [x.patient_hash for x in (case.scan, case.waveform) if x is not None and x.patient_hash]
    known_as = named[0][:8] if named else ""
    store.add(key, case, patient_key=patient_key.strip() or known_as)
    return key


def worklist(
    store: CaseStore,
    *,
    search: str = "",
    states: Collection[str] = (),
    tasks: Collection[str] = (),
    flagged: bool = False,
    title: Callable[[CaseSummary], str] = lambda row: str(row.story.get("title", "")),
) -> tuple[CaseSummary, ...]:
    """The cases that match: `search` in key, patient key or title; empty filters let everything pass; newest first."""
    wanted = search.casefold().strip()
    return tuple(
        row
        for row in store.summaries()
        if (not states or row.state in states)
        and (not tasks or row.task in tasks)
        and (not flagged or any(f.partition(":")[0] not in BESIDE for f in row.flags))
        and wanted in " ".join([row.key, row.patient_key, title(row)]).casefold()
    )


def to_show_first(store: CaseStore) -> str | None:
    """At a very first start, while nobody has opened any case, the first demonstration case; else None: the worklist."""
    rows = store.summaries()
    shown = [row.key for row in rows if row.story.get("demonstration")]
    return min(shown) if shown and not any(row.top_label for row in rows) else None


def flags_of(
    case: Case, prediction: Prediction, operating_point: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """What the worklist warns of: missing:<modality>, gated:, left_out:, overruled:, old:<modality>, uncertain (several labels
    not excluded); and what it says beside the answer: not_called (the likeliest of independent labels is below its operating
    point), second:<task> (the case's values answer that task's question too)."""
    given = {
        Modality.IMAGE: case.scan,
        Modality.WAVEFORM: case.waveform,
        Modality.TEXT: case.note,
        Modality.CLINICAL: case.values or None,
    }
    task = get_task(case.task)
    missing = [f"missing:{m}" for m in task.modalities if given.get(m) is None]
    silent = [m for m in task.modalities if given.get(m) is not None and prediction.evidence.get(m) is None]
    gated = [f"{'left_out' if m in case.left_out else 'gated'}:{m}" for m in silent]
    overruled = [
        f"overruled:{m}" for m in task.modalities if m in case.overruled and given.get(m) is not None
    ]
    speaking = {str(m) for m, e in prediction.evidence.items() if e is not None}
    old = [f"old:{age.modality}" for age in ages_of(task, case) if age.old and age.modality in speaking]
    doubtful = ["uncertain"] if prediction.uncertain else []
    top = max(prediction.labels, key=lambda k: prediction.probabilities[k])
    below = prediction.probabilities[top] < (operating_point or {}).get(top, 0.0)
    beside = ["not_called"] if below and not prediction.exclusive else []
    second = second_case(task, case)
    beside += [f"second:{second.task}"] if second else []
    return (*missing, *gated, *overruled, *old, *doubtful, *beside)


def remember(
    store: CaseStore,
    key: str,
    case: Case,
    prediction: Prediction,
    operating_point: Mapping[str, float] | None = None,
) -> None:
    """Keep the likeliest label, its probability and the flags for the worklist, and the evidence for finding similar cases."""
    top = max(prediction.labels, key=lambda label: prediction.probabilities[label])
    flags = flags_of(case, prediction, operating_point)
    store.remember(key, top, float(prediction.probabilities[top]), flags)
    evidence = {str(m): None if e is None else dict(e) for m, e in prediction.evidence.items()}
    store.remember_evidence(key, prediction.model_sha256, evidence)


def edited(
    case: Case,
    *,
    values: Mapping[str, float | None] | None = None,
    hidden: Collection[tuple[int, int]] = (),
    without: Collection[str] = (),
    painted: Collection[Rectangle] = (),
    flat: tuple[Collection[str], tuple[float, float] | None] | None = None,
) -> Case:
    """The case with values changed (None: not measured), character ranges of the note masked, modalities set aside, parts of
    the scan painted out, and leads of the recording (none named: all) flat for some seconds (None: throughout)."""
    merged = {k: v for k, v in (dict(case.values) | dict(values or {})).items() if v is not None}
    note = case.note
    for start, end in sorted(hidden, reverse=True):
        note = note[:start] + MASK + note[end:]
    return replace(
        case,
        scan=None if Modality.IMAGE in without else _painted(case.scan, painted),
        waveform=None if Modality.WAVEFORM in without else _flattened(case.waveform, flat),
        note=None if Modality.TEXT in without else note,
        values={} if Modality.CLINICAL in without else merged,
    )


def _painted(scan: Scan | None, rectangles: Collection[Rectangle]) -> Scan | None:
    if scan is None or not rectangles:
        return scan
    return replace(scan, pixels=painted_out(scan.pixels, rectangles))


def _flattened(
    waveform: Waveform | None, flat: tuple[Collection[str], tuple[float, float] | None] | None
) -> Waveform | None:
    if waveform is None or flat is None:
        return waveform
    return replace(waveform, samples=flattened(waveform.samples, waveform.rate_hz, waveform.leads, *flat))


def note_sentences(note: str) -> tuple[tuple[int, int], ...]:
    """Character ranges of the note's sentences."""
    return sentences(note)


def values_in_note(note: str) -> tuple[FoundValue, ...]:
    """Clinical values that the note states, each with its words; proposals, to be accepted by the user."""
    return read_values(note, tuple((n.start, n.end) for n in negations(note)))
