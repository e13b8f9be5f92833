"""How fast a stay is, as multiples of one forward pass, and how much slower the naive explanation of the same stay is."""

from collections.abc import Callable

import numpy as np

from mmcore.domain.model_facts import Json
from mmcore.domain.prediction import RESIDUAL_LIMIT
from mmcore.domain.stream import Stay
from mmcore.evaluation.timing import interleaved_medians, timed
from mmcore.intake.stream.file import read_stay
from mmcore.intake.stream.log import log_of
from mmcore.models.stream_model import StreamModel
from mmcore.monitor.risk import explain, risk_at
from mmcore.paths import DEMONSTRATIONS
from mmcore.preprocess.stream_features import features
from mmcore.stores.stream_store import load_stream
from mmcore.tasks import stream_task

NAIVE_SAMPLES = 2048  # contract.md


def bench_stream(task_name: str) -> dict[str, Json]:
    """Medians of 7 interleaved runs, warm, on the first made-up stay at the last hour the model speaks of.

    forward_ms: the trees on ready features. A case is features, risk and its exact account; naive is shap.KernelExplainer
    with 2,048 samples on one background row.
    """
    task, stored = stream_task(task_name), load_stream(task_name)
    model, stay = stored.model, made_up_stay(task_name)
    minute = task.stream.horizon_hours * 60
    row = features(stay, task, model.features, [minute])
    changed = Stay(
        stay.key,
        stay.minutes,
        stay.parameters,
        np.where(np.arange(len(stay.values)) == 40, 99.0, stay.values),
    )
    work: dict[str, Callable[[], object]] = {
        "forward": lambda: model.logits(row, [minute]),
        "risk": lambda: risk_at(model, task, stay, minute),
        "case": lambda: (risk_at(model, task, stay, minute), explain(model, task, stay, minute)),
        "what_if": lambda: risk_at(model, task, changed, minute),
    }
    median = interleaved_medians(work)
    _, naive_ms = timed(lambda: naive(model, row[0], minute))
    return {
        "task": task_name,
        "model": {"version": stored.version, "sha256": stored.sha256},
        "forward_ms": round(median["forward"], 2),
        "risk_ms": round(median["risk"], 2),
        "case_over_forward": round(median["case"] / median["forward"], 2),
        "case_over_forward_quick": round(median["case"] / median["forward"], 2),
        "naive_over_case": round(naive_ms / median["case"], 1),
        "what_if_over_forward": round(median["what_if"] / median["forward"], 3),
        "largest_residual": abs(explain(model, task, stay, minute).residual),
        "residual_limit": RESIDUAL_LIMIT,
    }


def made_up_stay(task_name: str) -> Stay:
    """The first stay of the demonstration ward."""
    data = (DEMONSTRATIONS / task_name / "bed-1" / "measurements.csv").read_bytes()
    return log_of(read_stay(data), "bed-1", stream_task(task_name), False)[0].stay()


def naive(model: StreamModel, row: np.ndarray, minute: float) -> np.ndarray:
    """What a user would write: the same row (F,) explained by shap, (F,) log-odds; unknown features stay unknown."""
    from shap import KernelExplainer

    background = np.zeros((1, len(row)))

    def of_values(rows: np.ndarray) -> np.ndarray:
        given = np.where(np.isnan(row), np.nan, rows).astype(np.float32)
        return model.logits(given, np.full(len(rows), minute))

    explainer = KernelExplainer(of_values, background)
    given = np.nan_to_num(row)[None]
    shares: np.ndarray = explainer.shap_values(given, nsamples=NAIVE_SAMPLES, silent=True)[0]
    return shares
