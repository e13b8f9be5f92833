"""Puts the patients of a pack, or folders of one case each, into the worklist."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mmcore.cases.pack_rows import case_of, read_pack
from mmcore.cases.upload import read_upload
from mmcore.domain.case import Case
from mmcore.domain.task import CaseTask
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import case_task

KEPT_AS = 12  # characters of a patient's key shown in the worklist


@dataclass(frozen=True)
class _Waiting:
    """A case to be imported: its key, its patient's, and how it is read."""

    key: str
    patient: str
    read: Callable[[], Case]


def import_folder(store: CaseStore, folder: Path, task_name: str, most: int) -> dict[str, object]:
    """Import at most `most` cases and return how many were added, were there already and could not be taken, by reason.

    DIR with a manifest is a pack, one case a row; else every sub-folder with files is one case. Raises PackError where DIR
    is neither.
    """
    task = case_task(task_name)
    waiting, left_out = _found(Path(folder), task)
    present, added, skipped = store.keys(), 0, 0
    for case in waiting:
        if added >= most:
            break
        if case.key in present:
            skipped += 1
            continue
        store.add(case.key, case.read(), patient_key=case.patient[:KEPT_AS])
        added += 1
    return {"task": task.name, "added": added, "already_there": skipped, "left_out": left_out}


def _found(folder: Path, task: CaseTask) -> tuple[list[_Waiting], dict[str, int]]:
    """The cases of a folder, and how many of a pack's rows could not be taken, by reason."""
    folders = [p for p in sorted(folder.iterdir()) if p.is_dir() and _files(p)]
    if folders and not (folder / "manifest.csv").is_file():
        return [_Waiting(p.name, p.name, partial(_read, p, task)) for p in folders], {}
    pack = read_pack(task, folder)
    rows = [_Waiting(row.key, row.patient, partial(case_of, task, row)) for row in pack.rows]
    return rows, dict(pack.left_out)


def _files(folder: Path) -> list[Path]:
    return [f for f in sorted(folder.iterdir()) if f.is_file()]


def _read(folder: Path, task: CaseTask) -> Case:
    return read_upload([(f.name, f.read_bytes()) for f in _files(folder)], task).case
