"""What the screen needs of a CT: a slice through a window, and the scan with the mark that the user set."""

from dataclasses import replace

from mmcore.domain.case import Case
from mmcore.domain.scan import CtVolume, Mark, Scan
from mmcore.intake.ct.scan import marked, near_mark
from mmcore.preprocess.ct import WINDOWS

PRESETS = WINDOWS


def turned_to(scan: CtVolume, number: int, preset: str) -> CtVolume:
    """The CT showing slice `number` from 0 through a preset of WINDOWS."""
    return replace(scan, mark=replace(scan.mark, slice=number), window=WINDOWS[preset])


def slices(scan: Scan | None) -> int:
    """How many slices a CT has; 0 where the scan is none."""
    return len(scan.hounsfield) if isinstance(scan, CtVolume) else 0


def with_mark(case: Case, whole: CtVolume, place: tuple[float, float, int]) -> Case:
    """The case with its CT marked at row, column and slice of the whole series. Raises OutOfRangeError beyond the picture."""
    row, column, number = place
    return replace(case, scan=near_mark(marked(whole, Mark(number, row, column))))
