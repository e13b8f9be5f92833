"""Fits the parts of a stream model on snapshots of stays: experts, calibration, thresholds; what is done is kept on disk."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from mmcore.domain.model_facts import AlertTable, HourlyConformal, StreamFacts
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.progress import Progress
from mmcore.domain.stream import Stay, StayPack, StreamRules
from mmcore.domain.task import StreamTask
from mmcore.evaluation.score_stays import NEWS2
from mmcore.intake.stream.pack import read_stays
from mmcore.metrics.alerts import alert_table
from mmcore.metrics.conformal import conformalize
from mmcore.models.stream_model import Expert, StreamModel, mixed, probability
from mmcore.models.stream_trees import LeafTable, joined
from mmcore.monitor.risk import early_warning, is_measured
from mmcore.preprocess.stream_features import columns_of, features
from mmcore.training.splits import CALIBRATION, TRAIN
from mmcore.training.stream.calibrate import fit_scale, operating_point
from mmcore.training.stream.trees import TreeSettings, fit_one

SNAPSHOTS = (
    2,
    4,
    6,
    9,
    12,
    15,
    18,
    21,
    24,
    28,
    32,
    36,
    40,
    44,
)  # hours at which every stay is looked at, as far as they go
CONFIDENCE = 0.9
ALERT_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class ExpertPlan:
    """How an expert learns, from every second snapshot and the last or the last alone, and how much it counts half way to the
    horizon and at it."""

    name: str
    last_alone: bool
    settings: TreeSettings
    weights: tuple[float, float]

    def snapshots(self, hours: Sequence[int]) -> tuple[int, ...]:
        """Those of the hours that it learns from."""
        return tuple(hours[-1:]) if self.last_alone else tuple(sorted({*hours[1::2], hours[-1]}))


PLANS = (
    ExpertPlan("any_hour", False, TreeSettings(rate=0.06, rounds=200), (1.0, 0.4)),
    ExpertPlan("last_hour", True, TreeSettings(smallest_leaf=60, rounds=250), (0.0, 0.6)),
)


@dataclass(frozen=True)
class Snapshots:
    """N labelled stays: x (N, H, F) at the hours (H,), the last of which is the horizon; died (N,) in {0, 1}."""

    pack: StayPack
    stays: tuple[Stay, ...]
    hours: tuple[int, ...]
    x: np.ndarray
    died: np.ndarray

    def at(self, hour: int) -> np.ndarray:
        """(N, F) of every stay at one of the hours."""
        return self.x[:, self.hours.index(hour)]


def snapshot_hours(rules: StreamRules) -> tuple[int, ...]:
    """The hours of SNAPSHOTS within the horizon, those at which figures are reported, and the horizon itself."""
    horizon = int(rules.horizon_hours)
    return tuple(sorted({*(h for h in SNAPSHOTS if h < horizon), *rules.hours, horizon}))


def gather(task: StreamTask, data: Path, out: Path, progress: Progress) -> Snapshots:
    """The labelled stays of a folder with their features at every snapshot hour."""
    pack = read_stays(data, task)
    stays = tuple(s for s in pack.stays if pack.outcome[s.key] is not None and is_measured(s, task).any())
    hours = snapshot_hours(task.stream)
    x = features_kept(task, stays, hours, out / "cache" / "features.npy", progress)
    return Snapshots(pack, stays, hours, x, np.array([pack.outcome[s.key] for s in stays], dtype=float))


def features_kept(
    task: StreamTask, stays: Sequence[Stay], hours: Sequence[float], path: Path, progress: Progress
) -> np.ndarray:
    """(N, H, F) features of stays at hours, made once and then read from the disk."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = columns_of(task)
        made = np.empty((len(stays), len(hours), len(columns)), dtype=np.float32)
        for i, stay in enumerate(stays):
            made[i] = features(stay, task, columns, [h * 60 for h in hours])
            progress(path.stem, i + 1, len(stays))
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, made)
        unfinished.rename(path)
    kept: np.ndarray = np.load(path, mmap_mode="r")
    return kept


def fit_experts(
    found: Snapshots, rows: np.ndarray, died: np.ndarray, seeds: int, folder: Path, progress: Progress
) -> tuple[Expert, ...]:
    """Every planned expert from the stays at `rows`, with outcomes died (N,); a booster that is on disk is not fitted again."""
    experts = []
    horizon = float(found.hours[-1])
    for plan in PLANS:
        tables = []
        at = [found.hours.index(h) for h in plan.snapshots(found.hours)]
        for seed in range(seeds):
            path = folder / f"{plan.name}_{seed}.npz"
            if not path.exists():
                x = np.concatenate([found.x[rows, i] for i in at])
                table = fit_one(x, np.tile(died[rows], len(at)), None, plan.settings, seed)
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_suffix(".part.npz")
                np.savez(unfinished, **asdict(table))
                unfinished.rename(path)
            with np.load(path) as kept:
                tables.append(LeafTable(**dict(kept)))
            progress(f"{folder.name} {plan.name}", seed + 1, seeds)
        experts.append(Expert(plan.name, joined(tables), (horizon / 2, horizon), plan.weights))
    return tuple(experts)


def scores_at(experts: Sequence[Expert], x: np.ndarray, hours: Sequence[int]) -> np.ndarray:
    """(N, H) uncalibrated scores of snapshots x (N, H, F) at the hours (H,)."""
    columns = [mixed(experts, x[:, i], np.full(len(x), float(h))) for i, h in enumerate(hours)]
    return np.stack(columns, 1)


def conclude(
    task: StreamTask,
    found: Snapshots,
    parts: np.ndarray,
    experts: tuple[Expert, ...],
    seed: int,
    out: Path,
    progress: Progress,
) -> StreamModel:
    """Calibrate on the calibration stays, and store what the bedside needs.

    parts (N,): the part of each stay.
    """
    label, held = task.labels[0], np.flatnonzero(parts == CALIBRATION)
    died = found.died[held]
    share = float(found.died[parts == TRAIN].mean())
    model = StreamModel(
        task=task.name,
        label=label,
        experts=experts,
        calibration=fit_scale(scores_at(experts, found.x[held], found.hours), died, found.hours),
        prior=float(np.log(share / (1 - share))),
        fields=tuple(f.name for f in task.fields),
        features=columns_of(task),
    )
    risk = {h: risk_at_snapshot(model, found.at(h)[held], h) for h in task.stream.hours}
    last = task.stream.hours[-1]
    hourly = hourly_risks(model, task, [found.stays[i] for i in held], out, progress)
    facts = StreamFacts(
        label_share={label: share},
        operating_point={label: operating_point(risk[last], died)},
        conformal=HourlyConformal(
            CONFIDENCE,
            {
                str(h): conformalize((label,), p[:, None], died[:, None], exclusive=False)
                for h, p in risk.items()
            },
        ),
        alerts=AlertTable(
            "calibration", len(held), alert_table(hourly, died, ALERT_THRESHOLDS, task.stream.horizon_hours)
        ),
        baseline=baseline_points(task, found, held),
        patients={
            name: sorted(patient_mark(found.stays[i].key) for i in np.flatnonzero(parts == name))
            for name in (TRAIN, CALIBRATION)
        },
        settings={"seed": seed, "snapshots": list(found.hours), "experts": [asdict(p) for p in PLANS]},
    )
    return replace(model, facts=facts)


def risk_at_snapshot(model: StreamModel, x: np.ndarray, hour: int) -> np.ndarray:
    """(N,) probabilities of features x (N, F) at an hour."""
    return probability(model.logits(x, np.full(len(x), 60.0 * hour)))


def hourly_risks(
    model: StreamModel, task: StreamTask, stays: Sequence[Stay], out: Path, progress: Progress
) -> np.ndarray:
    """(N, H) probabilities at every whole hour up to the horizon, from what was known then."""
    hours = np.arange(1, int(task.stream.horizon_hours) + 1) * 1.0
    x = features_kept(task, stays, hours.tolist(), out / "cache" / "hourly.npy", progress)
    risk = np.empty(x.shape[:2])
    for i, hour in enumerate(hours):
        risk[:, i] = probability(model.logits(x[:, i], np.full(len(x), 60 * hour)))
        progress("alerts", i + 1, len(hours))
    return risk


def baseline_points(task: StreamTask, found: Snapshots, held: np.ndarray) -> dict[str, float]:
    """The points from which a score calls a patient: as many calibration patients as died, as for the model.

    held (n,): places of the calibration stays.
    """
    died = found.died[held]
    end = task.stream.hours[-1] * 60
    warning = np.array([early_warning(found.stays[i], task, end).total for i in held], dtype=float)
    score, out = task.columns.score, {}
    stated = np.array([found.pack.scores.get(found.stays[i].key, {}).get(score, np.nan) for i in held])
    for name, points in (*(((score, stated),) if score else ()), (NEWS2, warning)):
        known = ~np.isnan(points)
        out[name] = balanced_points(points[known], died[known]) if known.any() else 0.0
    return out


def balanced_points(points: np.ndarray, died: np.ndarray) -> float:
    """The number of points at which the smaller of sensitivity and precision is largest (points are few, so they tie).

    points, died (N,).
    """
    best = max(np.unique(points), key=lambda p: _smaller(points >= p, died == 1))
    return float(best)


def _smaller(called: np.ndarray, ill: np.ndarray) -> float:
    hits = (called & ill).sum()
    return float(min(hits / max(ill.sum(), 1), hits / max(called.sum(), 1)))
