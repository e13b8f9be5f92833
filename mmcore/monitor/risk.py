"""The risk of one stay at any minute, what it is made of, and its early-warning score: what the screen and the commands ask for."""

from collections.abc import Mapping, Sequence

import numpy as np

from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.notice import Notice
from mmcore.domain.stream import Stay, StreamAttribution, StreamRisk
from mmcore.domain.task import StreamTask
from mmcore.explain.stream import attribute
from mmcore.gates.vitals import find_vitals_gate
from mmcore.guidelines.news2 import News2, news2
from mmcore.models.stream_model import StreamModel, probability
from mmcore.preprocess.stream_features import features

RECENT_MINUTES = (
    360.0  # a vital sign older than this is not the patient's present one; judgement: this project's
)


def risks(
    model: StreamModel, task: StreamTask, stay: Stay, minutes: Sequence[float]
) -> list[StreamRisk | None]:
    """The risk at each minute from what was known then; None before anything but the admission facts was measured.

    After the horizon the model has nothing to say: the risk stays that of the horizon, and a notice says so.
    """
    now = np.asarray(minutes, dtype=float)
    horizon = task.stream.horizon_hours * 60
    asked = np.minimum(now, horizon)
    measured = stay.minutes[is_measured(stay, task)]
    known = np.searchsorted(measured, asked, side="right")
    logits = np.full(len(now), np.nan)
    if (known > 0).any():
        x = features(stay, task, model.features, asked[known > 0])
        logits[known > 0] = model.logits(x, asked[known > 0])
    found: list[StreamRisk | None] = []
    for minute, count, logit in zip(now.tolist(), known.tolist(), logits.tolist(), strict=True):
        silent = minute - float(measured[count - 1]) if count else None
        notices = (*_notices(task, minute, silent), *_far_out(task, stay, min(minute, horizon)))
        known_risk = StreamRisk(
            minute, float(probability(logit)), logit, model.prior, logit - model.prior, silent, notices
        )
        found.append(known_risk if count else None)
    return found


def is_measured(stay: Stay, task: StreamTask) -> np.ndarray:
    """(N,) which rows are vital signs or laboratory values, rather than facts of the admission."""
    admission = [i for i, f in enumerate(task.fields) if f.name in task.stream.admission]
    return ~np.isin(stay.parameters, admission)


def _notices(task: StreamTask, minute: float, silent: float | None) -> tuple[Notice, ...]:
    told = []
    if silent is not None and silent >= task.stream.silence_minutes:
        told.append(Notice("stream_silent", {"hours": f"{silent / 60:.0f}"}, "clinical"))
    if minute > task.stream.horizon_hours * 60:
        told.append(Notice("stream_beyond_horizon", {"hours": f"{task.stream.horizon_hours:g}"}, "clinical"))
    return tuple(told)


def _far_out(task: StreamTask, stay: Stay, minute: float) -> tuple[Notice, ...]:
    """A doubt where most present values lie far outside what is usual. A doubt and no gate: very ill patients have such values,
    and a ward must not fall silent for them."""
    found = find_vitals_gate(task, {}, _recent(stay, task, minute))
    return () if found is None else (Notice("stream_all_extreme", found.values, "clinical"),)


def risk_at(model: StreamModel, task: StreamTask, stay: Stay, minute: float) -> StreamRisk:
    """The risk at one minute. Raises NothingToPredictError before anything was measured."""
    found = risks(model, task, stay, [minute])[0]
    if found is None:
        raise NothingToPredictError("stream_nothing_measured")
    return found


def explain(model: StreamModel, task: StreamTask, stay: Stay, minute: float) -> StreamAttribution:
    """The evidence at a minute over parameters and hours; exact."""
    at = min(minute, task.stream.horizon_hours * 60)
    return attribute(model, task, stay.until(at), at)


def moved(before: StreamAttribution | None, now: StreamAttribution) -> dict[str, float]:
    """Parameter -> change of its log-odds since an earlier attribution (None: since nothing was known).

    With the change of the constant, under the name "", the changes add up to the change of the evidence.
    """
    earlier = before.by_parameter if before else dict.fromkeys(now.rows, 0.0)
    changes = {name: value - earlier[name] for name, value in now.by_parameter.items()}
    return changes | {"": now.constant - (before.constant if before else now.constant)}


def early_warning(stay: Stay, task: StreamTask, minute: float) -> News2:
    """NEWS2 at a minute from signs of the last hours (SpO2 scale 1); signs not measured in that time are unknown."""
    return news2(task.signs(_recent(stay, task, minute)) if task.signs else {})


def _recent(stay: Stay, task: StreamTask, minute: float) -> Mapping[str, float]:
    """field -> latest value measured within RECENT_MINUTES."""
    chosen = (stay.minutes <= minute) & (stay.minutes > minute - RECENT_MINUTES)
    names = [task.fields[p].name for p in stay.parameters[chosen]]
    return dict(zip(names, stay.values[chosen].tolist(), strict=True))
