"""The demonstration cases: read from their folders, put into a store, shown first."""

import json
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from mmcore.domain.case import LEADS, Case, Waveform
from mmcore.domain.scan import CtVolume, Film, Mark, Scan
from mmcore.domain.task import CaseTask
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.values.vitals import check_vitals
from mmcore.paths import settings
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import case_task


def add_demonstrations(store: CaseStore, folder: Path | None = None) -> int:
    """Put the demonstration cases that the store lacks into it; returns how many. A setting leaves them out."""
    folder = folder or settings().demonstrations
    if folder is None:
        return 0
    present, added = store.keys(), 0
    for description in sorted(folder.glob("*/*/case.json"), reverse=True):
        story = json.loads(description.read_text(encoding="utf-8"))
        if story["key"] not in present:
            case = read_demonstration(description.parent, case_task(story["task"]))
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


def read_demonstration(folder: Path, task: CaseTask) -> Case:
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
        times={name: Timestamp.of_iso(made) for name, made in story.get("times", {}).items()},
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
    return Film(np.asarray(Image.open(path).convert("L"), dtype=np.float32) / 255)


def _demonstration_ct(path: Path) -> Scan | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as kept:
        number, row, column = kept["mark"].tolist()
        spacing, step = tuple(kept["pixel_spacing"].tolist()), float(kept["slice_spacing"])
        mark = Mark(int(number), row, column)
        return CtVolume(hounsfield=kept["hu"], spacing_mm=spacing, mark=mark, slice_spacing_mm=step)


def to_show_first(store: CaseStore) -> str | None:
    """At a very first start, while nobody has opened any case, the first demonstration case; else None: the worklist."""
    rows = store.summaries()
    shown = [row.key for row in rows if row.story.get("demonstration")]
    return min(shown) if shown and not any(row.top_label for row in rows) else None
