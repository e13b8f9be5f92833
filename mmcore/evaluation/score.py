"""Reviews every row of a pack once, by the path of the bedside, and keeps what later figures need."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
import torch

from mmcore.cases.pack_rows import case_of, outcomes_of
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.memory import Memory
from mmcore.domain.pack import PackRow
from mmcore.domain.prediction import Prediction
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask
from mmcore.explain.review import review
from mmcore.models.fusion import FusionModel
from mmcore.prediction.encode import centred, encode
from mmcore.prediction.engine import Engine

Bar: TypeAlias = Callable[[Iterable[PackRow]], Iterable[PackRow]]
READERS = 2  # rows decoded ahead, each in a child process


@dataclass(frozen=True)
class Scored:
    """What the model said of N rows. modalities: names used, joined by +; residuals: of every attribution.

    p_values: conformal p-values of each row. inputs: modality -> centred encodings (N, D), NaN where absent, from which any
    set of modalities can be scored without encoding again.
    """

    rows: tuple[PackRow, ...]
    probabilities: np.ndarray  # (N, K)
    logits: np.ndarray  # (N, K)
    outcomes: np.ndarray  # (N, K) in {0, 1, NaN}
    modalities: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    residuals: np.ndarray
    evidence: np.ndarray  # (N, M, K), NaN where absent
    p_values: tuple[Mapping[str, float], ...] = ()
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)


def score(engine: Engine, rows: Sequence[PackRow], progress: Bar = iter) -> tuple[Scored, int]:
    """Every row reviewed with all its attributions; and how many rows had nothing to predict from."""
    task = engine.task
    kept, reviews, inputs = _reviewed(engine, rows, progress)
    predictions = [r.prediction for r in reviews]
    return Scored(
        rows=tuple(kept),
        probabilities=_table([p.probabilities for p in predictions], task),
        logits=_table([p.logits for p in predictions], task),
        outcomes=outcomes_of(task, kept),
        modalities=tuple(_used(p) for p in predictions),
        sets=tuple(p.prediction_set for p in predictions),
        residuals=_residuals(reviews),
        evidence=_evidence(predictions, task),
        p_values=tuple(p.p_values for p in predictions),
        inputs=_stacked(inputs),
    ), len(rows) - len(kept)


def _reviewed(
    engine: Engine, rows: Sequence[PackRow], progress: Bar
) -> tuple[list[PackRow], list[Review], list[dict[str, torch.Tensor]]]:
    """The rows that there is something to predict from, with their reviews and centred encodings."""
    kept, reviews, inputs = [], [], []
    memory: Memory = {}
    with ThreadPoolExecutor(READERS) as pool:
        cases = pool.map(lambda r: case_of(engine.task, r), rows)
        for row in progress(list(rows)):
            case = next(cases)
            try:
                reviews.append(review(engine, case, memory=memory))
            except NothingToPredictError:
                continue
            kept.append(row)
            inputs.append(centred(engine, encode(engine, case, memory)))
            if len(memory) > 64:  # notes and pictures that many rows share stay, the rest goes
                memory.pop(next(iter(memory)))
    return kept, reviews, inputs


def _used(prediction: Prediction) -> str:
    """The modalities that gave evidence, joined by +."""
    return "+".join(m for m, e in prediction.evidence.items() if e is not None)


def _residuals(reviews: Sequence[Review]) -> np.ndarray:
    return np.array([a.residual for r in reviews for a in r.attributions])


def _evidence(predictions: Sequence[Prediction], task: CaseTask) -> np.ndarray:
    """(N, M, K), NaN where absent."""
    absent = dict.fromkeys(task.labels, np.nan)
    tables = [_table([p.evidence.get(m) or absent for p in predictions], task) for m in task.modalities]
    return np.stack(tables, 1)


def subset(scored: Scored, chosen: Sequence[int]) -> Scored:
    """Some of the scored rows; residuals stay those of all."""
    rows = np.asarray(chosen, dtype=int)
    return replace(
        scored,
        rows=tuple(scored.rows[i] for i in rows),
        probabilities=scored.probabilities[rows],
        logits=scored.logits[rows],
        outcomes=scored.outcomes[rows],
        modalities=tuple(scored.modalities[i] for i in rows),
        sets=tuple(scored.sets[i] for i in rows),
        evidence=scored.evidence[rows],
        p_values=tuple(scored.p_values[i] for i in rows),
        inputs={m: x[rows] for m, x in scored.inputs.items()},
    )


def by_subset(
    model: FusionModel, inputs: Mapping[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Names joined by + -> (rows that have them all, their calibrated probabilities (n, K) with the others set aside)."""
    have = {m: ~np.isnan(inputs[m]).all(1) for m in model.modalities if m in inputs}
    found = {}
    for size in range(1, len(have) + 1):
        for shown in combinations(have, size):
            rows = np.flatnonzero(np.logical_and.reduce([have[m] for m in shown]))
            if len(rows):
                given = {m: torch.tensor(inputs[m][rows], dtype=torch.float32) for m in shown}
                found["+".join(shown)] = (rows, _probabilities(model, given))
    return found


def _probabilities(model: FusionModel, inputs: Mapping[str, torch.Tensor]) -> np.ndarray:
    """(n, K) calibrated."""
    with torch.no_grad():
        logits = model.fuse(inputs)[0].double()
    return (logits.softmax(1) if model.config.exclusive else logits.sigmoid()).numpy()


def _stacked(inputs: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, np.ndarray]:
    """modality -> (N, D) in the order the first rows name them, NaN where a row has none."""
    widths = {m: x.shape[1] for row in inputs for m, x in row.items()}
    found = {m: np.full((len(inputs), width), np.nan, dtype=np.float32) for m, width in widths.items()}
    for i, row in enumerate(inputs):
        for m, x in row.items():
            found[m][i] = x[0].numpy()
    return found


def _table(by_label: Sequence[Mapping[str, float]], task: CaseTask) -> np.ndarray:
    """(N, K) in the order of the task's labels."""
    numbers = [[row[k] for k in task.labels] for row in by_label]
    return np.array(numbers, dtype=float).reshape(len(numbers), len(task.labels))
