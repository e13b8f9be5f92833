"""What the screen needs of a CT: a slice through a window, and the scan with the mark that the user set."""

from dataclasses import replace

import numpy as np

from mmcore.domain.case import Case, Mark, Notice, Scan
from mmcore.gates.consistency import find_contradictions
from mmcore.intake.ct.scan import marked, near_mark
from mmcore.preprocess.ct import WINDOWS, windowed

PRESETS = WINDOWS


def picture(scan: Scan, number: int, preset: str) -> np.ndarray:
    """(H, W) float32 in [0, 1]: slice `number` from 0 through a preset of WINDOWS."""
    return windowed(scan.hounsfield[number].astype(np.float32), *WINDOWS[preset])


def slices(scan: Scan) -> int:
    """How many slices a CT has; 0 where the scan is none."""
    return 0 if scan.hounsfield is None else len(scan.hounsfield)


def with_mark(case: Case, whole: Scan, place: tuple[float, float, int]) -> Case:
    """The case with its CT marked at row, column and slice of the whole series. Raises OutOfRangeError beyond the picture."""
    row, column, number = place
    return replace(case, scan=near_mark(marked(whole, Mark(number, row, column))))


def side_doubts(case: Case) -> tuple[Notice, ...]:
    """A warning where the mark lies on the other side than the lobe that the values name."""
    return tuple(n for n in find_contradictions(case) if n.code == "sides_differ")
