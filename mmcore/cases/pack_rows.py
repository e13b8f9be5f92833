"""Rows of a data pack as cases, by the code that also serves the bedside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmcore.cases.upload import read_upload
from mmcore.domain.case import Case
from mmcore.domain.errors import PackError
from mmcore.domain.pack import Pack, PackRow
from mmcore.domain.scan import Film, Scan
from mmcore.domain.task import CaseTask
from mmcore.intake.file import File
from mmcore.intake.image.picture import read_picture


def read_pack(task: CaseTask, directory: Path) -> Pack:
    """The rows of DIR that the task can take. Raises PackError where the task reads no packs or DIR is none."""
    if task.read_pack is None:
        raise PackError("task_without_pack", task=task.name)
    return task.read_pack(Path(directory))


def case_of(task: CaseTask, row: PackRow) -> Case:
    """The row as the bedside takes it: what cannot be read takes its modality away, the rest stays."""
    files = [] if row.image is None else [File(row.image.name, row.image.read_bytes(), "scan")]
    case = read_upload(files, task, typed=row.values, typed_note=row.note or "").case
    if row.scan is None and row.waveform is None:
        return case
    return replace(case, scan=row.scan or case.scan, waveform=row.waveform)


def scan_of(row: PackRow) -> Scan | None:
    """The row's scan for training: given by the pack itself or read from its trusted file."""
    return quick_scan(row.image) if row.image is not None else row.scan


def quick_scan(path: Path) -> Film:
    """A picture of a trusted pack decoded in this process: for training only, where a child for each would take minutes.

    Raises PackError where it is damaged.
    """
    data = path.read_bytes()
    try:
        facts, payload = read_picture(data)
    except (OSError, SyntaxError):  # as PIL says of a torn file
        raise PackError("pack_picture_damaged", name=path.name, directory=path.parent.name) from None
    return Film(np.frombuffer(payload, dtype="<f4").reshape(facts["shape"]))


def has_label(task: CaseTask, row: PackRow) -> bool:
    """Whether any label of the task is known for the row."""
    return any(row.outcome.get(k) is not None for k in task.labels)


def outcomes_of(task: CaseTask, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, K) of 1, 0 and NaN for unknown."""
    return np.array(
        [[np.nan if (y := r.outcome.get(k)) is None else float(y) for k in task.labels] for r in rows],
        dtype=float,
    ).reshape(len(rows), len(task.labels))


def drawn_of_each_source(rows: Sequence[PackRow], most: int, seed: int) -> list[PackRow]:
    """At most so many rows of each source, drawn by chance."""
    taken: Counter[str] = Counter()
    kept = []
    for i in np.random.default_rng(seed).permutation(len(rows)):
        taken[rows[i].source] += 1
        kept += [rows[i]] if taken[rows[i].source] <= most else []
    return kept
