"""Scores every stay of a pack that a stream model has not seen, at several hours, by the path of the bedside."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.stream import Stay, StayPack
from mmcore.domain.task import StreamTask
from mmcore.metrics.subgroups import age_band
from mmcore.models.stream_model import probability
from mmcore.monitor.risk import early_warning, explain, is_measured, risks
from mmcore.stores.stream_store import StoredStream

Bar: TypeAlias = Callable[[Iterable[Stay]], Iterable[Stay]]

NEAR_HOURS = 6.0  # an hour is reported if some stay of the folder was still measured so shortly before it
NEWS2 = "NEWS2"


@dataclass(frozen=True)
class ScoredStays:
    """N stays at H hours. probabilities (N, H), the last hour is the one that calls are made at; died (N,);

    baselines: name -> (N,) points, NaN where unknown; residuals (N,) of the attributions at the last hour.
    """

    stays: tuple[Stay, ...]
    hours: tuple[float, ...]
    probabilities: np.ndarray
    died: np.ndarray
    baselines: Mapping[str, np.ndarray]
    residuals: np.ndarray
    groups: Mapping[str, np.ndarray]


def fresh_stays(task: StreamTask, pack: StayPack, known: set[str]) -> tuple[list[Stay], dict[str, int]]:
    """The stays that can be scored, and how many cannot by reason."""
    left_out: Counter[str] = Counter()
    fresh = []
    for stay in pack.stays:
        if patient_mark(stay.key) in known:
            left_out["patient_trained_or_calibrated_the_model"] += 1
        elif pack.outcome[stay.key] is None:
            left_out["no_label"] += 1
        elif not is_measured(stay, task).any():
            left_out["nothing_measured"] += 1
        else:
            fresh.append(stay)
    return fresh, dict(left_out)


def score(
    task: StreamTask,
    stored: StoredStream,
    pack: StayPack,
    stays: Sequence[Stay],
    progress: Bar = iter,
) -> ScoredStays:
    """Every stay at every reported hour that the folder reaches, by the same path as at the bedside.

    At an hour before a stay's first measurement its risk is the prior: nothing is known.
    """
    hours = hours_reached(task, stays)
    base = float(probability(stored.model.prior))
    table, residuals, points = [], [], []
    for stay in progress(stays):
        found = risks(stored.model, task, stay, [h * 60 for h in hours])
        table.append([r.probability if r else base for r in found])
        residuals.append(explain(stored.model, task, stay, hours[-1] * 60).residual if found[-1] else 0.0)
        points.append(_points(task, pack, stay, hours[-1]))
    return ScoredStays(
        stays=tuple(stays),
        hours=hours,
        probabilities=np.array(table, dtype=float).reshape(len(stays), len(hours)),
        died=np.array([pack.outcome[s.key] for s in stays], dtype=float),
        baselines={n: np.array([given[n] for given in points], float) for n in baseline_names(task)},
        residuals=np.array(residuals),
        groups={
            "set": np.array([pack.source.get(s.key, "unknown") for s in stays]),
            "unit": np.array([pack.unit.get(s.key, "unknown") for s in stays]),
            "sex": np.array([_sex(task, s) for s in stays]),
            "age_band": np.array([age_band(_first(task, s, "age_years")) for s in stays]),
        },
    )


def baseline_names(task: StreamTask) -> dict[str, str]:
    """Score that the model is compared with -> what the report calls it; NEWS2 is the last."""
    own = {task.columns.score: f"{task.columns.score} at admission"} if task.columns.score else {}
    return own | {NEWS2: "NEWS2 of the last six hours"}


def _points(task: StreamTask, pack: StayPack, stay: Stay, hour: float) -> dict[str, float]:
    """Score -> its points at an hour, NaN where they are not known."""
    warning, known = early_warning(stay, task, hour * 60), pack.scores.get(stay.key, {})
    stated = {name: known.get(name, np.nan) for name in baseline_names(task)}
    return stated | {NEWS2: warning.total if warning.points else np.nan}


def _first(task: StreamTask, stay: Stay, name: str) -> float | None:
    """The first value of the field of that name or alias; None where it is not known or the task has none."""
    places = [i for i, f in enumerate(task.fields) if name in (f.name, *f.aliases)]
    found = stay.values[np.isin(stay.parameters, places)]
    return float(found[0]) if len(found) else None


def _sex(task: StreamTask, stay: Stay) -> str:
    coded = _first(task, stay, "sex")
    return "unknown" if coded is None else task.field("sex").choices[int(coded)]


def hours_reached(task: StreamTask, stays: Sequence[Stay]) -> tuple[float, ...]:
    """The task's hours that some stay was still measured shortly before; the first one at least."""
    latest = max((float(s.minutes[-1]) for s in stays), default=0.0) / 60
    first, *later = task.stream.hours
    return (float(first), *(float(h) for h in later if latest > h - NEAR_HOURS))
