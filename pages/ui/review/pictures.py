"""The left side of Review: recording, scan or, where a task takes neither, the values; and the second question if it has one."""

from collections.abc import Mapping

from mmcore.domain.case import Case
from mmcore.domain.prediction import Attribution
from mmcore.domain.review import Review
from mmcore.domain.scan import CtVolume, Scan
from mmcore.domain.task import CaseTask, Modality
from pages.ui.draw import ct, ecg, echo, viewer, vitals
from pages.ui.draw.evidence import of_modality
from pages.ui.review import companion as second


def any_of(task: CaseTask, case: Case) -> bool:
    """Whether the left side has anything to show: a case of a note or values alone leaves the room to its answer."""
    values_only = not {Modality.IMAGE, Modality.WAVEFORM} & set(task.accepted)
    return case.scan is not None or case.waveform is not None or values_only or task.companion is not None


def draw(
    task: CaseTask, key: str, case: Case, review: Review | None, *, revealed: bool, doubts: Mapping[str, str]
) -> None:
    """What was given, with its evidence once the answer is revealed. review: None while its model is loaded; doubts: modality
    -> why its map is greyed out."""
    shown = review if revealed else None
    if Modality.WAVEFORM in task.modalities:
        ecg.draw(case.waveform, key, _evidence(shown, "waveform"), doubts.get("waveform", ""))
    if review and not {Modality.IMAGE, Modality.WAVEFORM} & set(task.accepted):
        vitals.draw(review, task, revealed=revealed, doubt=doubts.get("clinical", ""))
    if revealed:
        second.draw(task, key, case)
    if case.scan is not None or Modality.IMAGE in task.modalities:
        attribution = _evidence(shown, "image")
        _draw_scan(task, key, case.scan, attribution, review, doubts.get("image", ""))


def _evidence(review: Review | None, modality: str) -> Attribution | None:
    return of_modality(review, modality) if review else None


def _draw_scan(
    task: CaseTask,
    key: str,
    scan: Scan | None,
    attribution: Attribution | None,
    review: Review | None,
    doubt: str,
) -> None:
    if isinstance(scan, CtVolume):
        ct.draw(scan, key, attribution, doubt)
    elif scan is not None and Modality.IMAGE in task.shown:
        echo.draw(scan, key)
    else:
        lungs = review.lung_outline if review else None
        viewer.draw(scan, key, attribution, lungs, doubt=doubt)
