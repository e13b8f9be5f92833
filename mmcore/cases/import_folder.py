"""Puts the patients of a pack, or folders of one case each, into the worklist."""

from pathlib import Path

from mmcore.cases.pack_rows import case_of, read_pack
from mmcore.cases.upload import read_upload
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import case_task

KEPT_AS = 12  # characters of a patient's key shown in the worklist


def import_folder(store: CaseStore, folder: Path, task_name: str, most: int) -> dict:
    """Import at most `most` cases and return how many were added, were there already and could not be taken, by reason.

    DIR with a manifest is a pack, one case a row; else every sub-folder with files is one case. Raises PackError where DIR
    is neither.
    """
    task = case_task(task_name)
    folders = [
        p for p in sorted(Path(folder).iterdir()) if p.is_dir() and any(f.is_file() for f in p.iterdir())
    ]
    present, added, skipped = store.keys(), 0, 0
    if folders and not (Path(folder) / "manifest.csv").is_file():
        cases = [(p.name, p.name, p) for p in folders]
        left_out: dict[str, int] = {}
    else:
        pack = read_pack(task, folder)
        cases = [(row.key, row.patient, row) for row in pack.rows]
        left_out = dict(pack.left_out)
    for key, patient, source in cases:
        if added >= most:
            break
        if key in present:
            skipped += 1
            continue
        if isinstance(source, Path):
            files = [(f.name, f.read_bytes()) for f in sorted(source.iterdir()) if f.is_file()]
            case = read_upload(files, task).case
        else:
            case = case_of(task, source)
        store.add(key, case, patient_key=patient[:KEPT_AS])
        added += 1
    return {"task": task.name, "added": added, "already_there": skipped, "left_out": left_out}
