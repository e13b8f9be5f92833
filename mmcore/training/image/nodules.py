"""Teaches a nodule encoder from the rows of a pack: what all readers of a nodule said, on squares cut as at the bedside."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcore.domain.pack import PackRow
from mmcore.domain.progress import Progress
from mmcore.domain.scan import CtVolume
from mmcore.models.nodule_encoder import NoduleEncoder
from mmcore.preprocess.ct import SIDE, square_around
from mmcore.training.image.nodule_encoder import MARGIN, TARGETS, Nodules, findings_of, fit_nodule_encoder
from mmcore.training.recipe import TrainingSettings
from mmcore.training.splits import position

FULL_WEIGHT = 4  # readers


def fit_on_nodules(
    rows: Sequence[PackRow], settings: TrainingSettings, folder: Path, progress: Progress
) -> tuple[NoduleEncoder, np.ndarray]:
    """The encoder, and for each row what a member says that has never seen its patient: (N, FINDINGS), NaN without a scan.

    Heads are fitted on these honest features: those of members that saw the patient would be too good.
    """
    place = {id(scan): (row, scan) for row in rows if isinstance(scan := row.scan, CtVolume)}
    of_scan = {scan: i for i, scan in enumerate(place)}
    which = np.array([of_scan.get(id(row.scan), -1) for row in rows])
    squares = np.stack([_square(scan, SIDE + 2 * MARGIN) for _, scan in place.values()])
    held_out = np.array([int(position(f"member:{r.patient}") * settings.members) for r, _ in place.values()])
    shown = [(row, i) for row, i in zip(rows, which, strict=True) if i >= 0]
    findings, weights = _what_readers_said(shown, len(squares))
    encoder = fit_nodule_encoder(
        Nodules(squares, findings, weights, held_out),
        settings.members,
        epochs=settings.image_steps,
        seed=settings.seed,
        folder=folder,
        progress=lambda done, count: progress("nodule encoder", done, count),
    )
    plain = squares[:, MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE]
    said = findings_of(encoder, plain, held_out)
    return encoder, np.where(which[:, None] >= 0, said[which], np.nan).astype(np.float32)


def features_of_nodules(encoder: NoduleEncoder, rows: Sequence[PackRow]) -> np.ndarray:
    """Pooled features (N, FINDINGS) as at the bedside; NaN for rows without a scan. Rows that share a scan share the work."""
    place = {id(scan): scan for row in rows if isinstance(scan := row.scan, CtVolume)}
    out = np.full((len(rows), len(TARGETS)), np.nan, dtype=np.float32)
    if not place:
        return out
    squares = np.stack([_square(scan, SIDE) for scan in place.values()])
    said = dict(zip(place, findings_of(encoder, squares, np.full(len(squares), -1)), strict=True))
    for i, row in enumerate(rows):
        if id(row.scan) in said:
            out[i] = said[id(row.scan)]
    return out


def _square(scan: CtVolume, side: int) -> np.ndarray:
    return square_around(scan.marked_slice, scan.spacing_mm, scan.mark.place, side)


def _what_readers_said(shown: Sequence[tuple[PackRow, int]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Means over the rows of each nodule, standardised over the nodules, (count, FINDINGS), and weights by readers (count,)."""
    sums, known = np.zeros((count, len(TARGETS))), np.zeros((count, len(TARGETS)))
    readers = np.zeros(count)
    for row, i in shown:
        said = _said(row)
        here = ~np.isnan(said)
        sums[i, here] += said[here]
        known[i] += here
        readers[i] += 1
    means = np.where(known > 0, sums / np.maximum(known, 1), np.nan)
    rated = means[:, :-1]
    spread = np.nanstd(rated, 0)
    means[:, :-1] = (rated - np.nanmean(rated, 0)) / np.where(spread > 0, spread, 1)
    return means, np.sqrt(np.minimum(readers, FULL_WEIGHT) / FULL_WEIGHT)


def _said(row: PackRow) -> np.ndarray:
    """One reader's findings in the order of TARGETS, the last whether the other readers were suspicious; NaN is unknown."""
    values = dict(row.values) | dict(row.teach)
    if "diameter_mm" in row.values:
        values["log_diameter"] = float(np.log(row.values["diameter_mm"]))
    suspicious = row.outcome.get("suspicious")
    values["suspicion"] = np.nan if suspicious is None else float(suspicious)
    return np.array([values.get(name, np.nan) for name in TARGETS])
