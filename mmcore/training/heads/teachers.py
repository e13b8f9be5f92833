"""Which rows may teach which clinical fields: a field that one source alone can teach is hidden from all others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from transformers import PreTrainedTokenizerBase

from mmcore.cases.pack_rows import has_label
from mmcore.domain.pack import PackRow
from mmcore.domain.task import CaseTask
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionModel
from mmcore.models.inputs import clinical_input
from mmcore.training.text.report_reader import composed, pooled


@dataclass(frozen=True)
class Reports:
    """Composed reports as the text head learns them: encodings (N, E) less masks, values (N, F) that they state."""

    encodings: np.ndarray
    values: np.ndarray


def is_teacher(task: CaseTask, row: PackRow) -> bool:
    """Whether a row without the task's labels teaches the fields that its source alone can teach."""
    return not has_label(task, row) and any(k in row.teach for k in task.labels)


def may_teach(task: CaseTask, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, F) bool: which field each row may teach."""
    labelled = np.array([has_label(task, r) for r in rows])
    sources = np.array([r.source for r in rows])
    columns = [sources == f.taught_by if f.taught_by else labelled for f in task.fields]
    return np.stack(columns, 1) if columns else np.zeros((len(rows), 0), dtype=bool)


def teaching_values(task: CaseTask, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, F) values, NaN where unknown or where the row may not teach the field."""
    values = np.stack([clinical_input(r.values, task) for r in rows])
    return np.where(may_teach(task, rows), values, np.nan)


def teaching_outcomes(task: CaseTask, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, K) outcomes; of a row without the task's labels those under which it teaches."""
    return _columns(task, [r.teach if is_teacher(task, r) else r.outcome for r in rows])


def granted_outcomes(task: CaseTask, rows: Sequence[PackRow]) -> np.ndarray:
    """(N, K) outcomes, and where a label is not known what training takes for granted of it: for fitting heads, never for figures."""
    known = [{k: y for k, y in r.outcome.items() if y is not None} for r in rows]
    return _columns(task, [{**r.teach, **k} for r, k in zip(rows, known, strict=True)])


def _columns(task: CaseTask, told: Sequence[Mapping[str, float | None]]) -> np.ndarray:
    """(N, K) of what is told of each row by label, NaN for unknown."""
    found = [[np.nan if (y := t.get(k)) is None else float(y) for k in task.labels] for t in told]
    return np.array(found, dtype=float).reshape(len(told), len(task.labels))


def hide_untaught(task: CaseTask, rows: Encoded) -> Encoded:
    """The rows without the values of fields that their source may not teach."""
    values = rows.inputs["clinical"].copy()
    for f, field in enumerate(task.fields):
        if field.taught_by:
            values[rows.sources != field.taught_by, f] = np.nan
    return replace(rows, inputs=dict(rows.inputs) | {"clinical": values})


def made_up_reports(
    task: CaseTask, model: FusionModel, tokenizer: PreTrainedTokenizerBase | None, count: int, seed: int
) -> Reports | None:
    """`count` reports of values drawn apart from each other, encoded; None where the task composes none or no model reads them."""
    if task.write_report is None or task.draw_values is None or not count:
        return None
    if model.text_encoder is None or tokenizer is None:
        return None
    values, notes = composed(task.draw_values, task.write_report, count, seed)
    encodings = pooled(model.text_encoder, tokenizer, model.text_masks, notes)
    return Reports(encodings, np.stack([clinical_input(v, task) for v in values]))
