"""Which modalities of a case may speak: what is not the asked kind of input adds nothing, with the reason in words."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from mmcore.domain.case import Case
from mmcore.domain.memory import Memory
from mmcore.domain.model_facts import Familiar, ModelFacts
from mmcore.domain.notice import Notice
from mmcore.domain.task import CaseTask, Field, Modality
from mmcore.gates.consistency import find_contradictions
from mmcore.gates.note import judge_note
from mmcore.gates.scan import Verdict, verdict_on
from mmcore.gates.vitals import find_vitals_gate
from mmcore.metrics.ood import times_as_strange
from mmcore.models.inputs import TRUSTED, ImageInput, TextInput
from mmcore.preprocess.note_kind import ORDER

MIXED_UP = ("patients_differ",)  # noticed when the files came, to be said again beside the answer
BEYOND = 1.15  # times the distance that 99 of 100 calibration pictures keep; judgement: this project's


def judge_case(
    task: CaseTask, facts: ModelFacts, case: Case, memory: Memory
) -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
    """(a notice for each modality that is closed before any encoder sees it, warnings that close nothing).

    memory: where the verdict on the scan is kept, perhaps since its upload.
    """
    verdicts = _verdicts(task, case, memory)
    closed = [v.closed for v in verdicts if v.closed]
    vitals = find_vitals_gate(task, facts.ranges, case.values)
    told = [n for v in verdicts for n in v.warnings]
    return (*closed, *([vitals] if vitals else [])), (*told, *_mixed_up(case), *find_contradictions(case))


def _verdicts(task: CaseTask, case: Case, memory: Memory) -> list[Verdict]:
    """On the scan and the note, where there are."""
    verdicts = [verdict_on(task.image, case.scan, memory)] if case.scan is not None else []
    read = Modality.TEXT in task.modalities  # a note that is only shown need not suit any model
    return [*verdicts, judge_note(case.note)] if case.note and read else verdicts


def _mixed_up(case: Case) -> list[Notice]:
    recorded = [x for x in (case.scan, case.waveform) if x is not None]
    return [n for x in recorded for n in x.notices if n.code in MIXED_UP]


def find_image_gate(
    familiar: Familiar | None, image_in: ImageInput | None, maps: Tensor | None
) -> tuple[Notice, ...]:
    """Why the model's own eyes cannot use a scan: no lungs on it, or unlike every picture of the training; () if it can.

    maps (D, h, w).
    """
    if image_in is None or maps is None:
        return ()
    if image_in.box.quality < TRUSTED:
        return (Notice("scan_without_lungs", {"quality": round(image_in.box.quality, 2)}, "image"),)
    if familiar is None:
        return ()
    share = float(times_as_strange(familiar, maps.mean((1, 2))[None].numpy())[0])
    if share > BEYOND:
        return (Notice("scan_unfamiliar", {"times": round(share, 1)}, "image"),)
    return ()


def find_warnings(
    task: CaseTask, facts: ModelFacts, taught: dict[str, bool], case: Case, text_in: TextInput | None
) -> tuple[Notice, ...]:
    """What the reader must know although nothing is closed: notes cut short, values outside the training range."""
    told = _of_note(text_in)
    own = [f.name for f in task.fields if f.name in case.values]
    known = [name for name in own if taught.get(name)]
    if own and not known:
        told.append(Notice("clinical_nothing_taught", {}, "clinical"))
    unusual = (_outside(task.field(name), case.values[name], facts.ranges.get(name)) for name in known)
    return (*told, *filter(None, unusual))


def _of_note(text_in: TextInput | None) -> list[Notice]:
    """That a note was cut short, or held sentences that give orders to a machine."""
    if text_in is None:
        return []
    told = []
    if text_in.cut:
        told.append(Notice("note_cut", {"tokens": text_in.cut}, "text"))
    orders = sum(s.category == ORDER for s in text_in.masked.spans)
    if orders:
        told.append(Notice("note_instruction", {"count": orders}, "text"))
    return told


def _outside(item: Field, value: float, limits: Sequence[float] | None) -> Notice | None:
    """That a number lies outside the range (low, high) of the training patients."""
    if not limits or item.kind != "number" or limits[0] <= value <= limits[1]:
        return None
    shown = zip(("value", "low", "high"), (value, *limits), strict=True)
    values = {"field": item.name, "unit": item.unit} | {k: _shortly(v) for k, v in shown}
    return Notice("value_outside_training", values, "clinical")


def _shortly(value: float) -> str:
    """Three figures, and no powers of ten."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def only_taught(values: np.ndarray, taught: list[bool]) -> np.ndarray:
    """Values (..., F) with those of fields that the data cannot teach made unknown: they are shown and add 0."""
    return np.where(np.asarray(taught), values, np.nan).astype(np.float32)
