"""The left side of Review: recording, scan or, where a task takes neither, the values; and the second question if it has one."""

from collections.abc import Mapping

from mmcore.domain.case import Case
from mmcore.domain.scan import CtVolume
from mmcore.domain.task import Modality, Task
from pages.ui.draw import ct, ecg, echo, viewer, vitals
from pages.ui.draw.evidence import of_modality
from pages.ui.review import companion as second


def any_of(task: Task, case: Case) -> bool:
    """Whether the left side has anything to show: a case of a note or values alone leaves the room to its answer."""
    values_only = not {Modality.IMAGE, Modality.WAVEFORM} & set(task.accepted)
    return case.scan is not None or case.waveform is not None or values_only or task.companion is not None


def draw(task: Task, key: str, case: Case, seen, *, revealed: bool, doubts: Mapping[str, str]) -> None:
    """What was given, with its evidence once the answer is revealed. seen: the review, None while its model is loaded;
    doubts: modality -> why its map is greyed out."""
    pictured, traced = (of_modality(seen, name) if revealed else None for name in ("image", "waveform"))
    if Modality.WAVEFORM in task.modalities:
        ecg.draw(case.waveform, key, traced, doubts.get("waveform", ""))
    if seen and not {Modality.IMAGE, Modality.WAVEFORM} & set(task.accepted):
        vitals.draw(seen, task, revealed=revealed, doubt=doubts.get("clinical", ""))
    if revealed:
        second.draw(task, key, case)
    doubt = doubts.get("image", "")
    if isinstance(case.scan, CtVolume):
        ct.draw(case.scan, key, pictured, doubt)
    elif case.scan is not None and Modality.IMAGE in task.shown:
        echo.draw(case.scan, key)
    elif case.scan is not None or Modality.IMAGE in task.modalities:
        viewer.draw(case.scan, key, pictured, seen.lung_outline if seen else None, doubt=doubt)
