"""Trains the recurrent model on hourly grids of stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmcore.domain.progress import Progress
from mmcore.domain.stream import Stay
from mmcore.domain.task import StreamTask
from mmcore.models.stream_recurrent import HourlyGRU
from mmcore.preprocess.stream_features import watched

NEVER = 1.0  # the gap of what was not measured yet, on the scale where a day is about 0.8


@dataclass(frozen=True)
class RecurrentSettings:
    """What was chosen on folds of the training patients."""

    epochs: int = 10
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-4
    seeds: int = 3
    first_weight: float = 0.3  # of the loss at hour 1, against 1 at the last


@dataclass(frozen=True)
class Grid:
    """N stays by hour. mean (N, T, P) of each parameter, NaN where none; count (N, T, P); facts (N, A), NaN where unknown."""

    mean: np.ndarray
    count: np.ndarray
    facts: np.ndarray


def grid_of(stays: Sequence[Stay], task: StreamTask) -> Grid:
    """Hourly grids up to the horizon; hour t holds measurements of minutes 60 t + 1 to 60 (t + 1), the first hour minute 0 too."""
    fields, hours = [f.name for f in task.fields], int(task.stream.horizon_hours)
    shape = (len(stays), hours, len(fields))
    total, count = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    for i, stay in enumerate(stays):
        hour = np.clip(np.ceil(stay.minutes / 60).astype(int) - 1, 0, None)
        within = hour < hours
        at = (i, hour[within], stay.parameters[within])
        np.add.at(total, at, stay.values[within])
        np.add.at(count, at, 1)
    summed = np.isin(fields, task.stream.sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.where(summed, total, total / count), np.nan)
    known, kinds = [fields.index(name) for name in task.stream.admission], watched(task)
    facts = np.stack([_first(mean[:, :, k]) for k in known], 1)
    others = [k for k in range(len(fields)) if k not in known or kinds.get(fields[k]) != "once"]
    return Grid(mean[:, :, others], count[:, :, others], facts)


def _first(column: np.ndarray) -> np.ndarray:
    """(N,) first known value of (N, T)."""
    known = ~np.isnan(column)
    return np.where(known.any(1), column[np.arange(len(column)), known.argmax(1)], np.nan)


def inputs_of(grid: Grid, train: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Last value, mask, gap and count of every parameter (N, T, 4P), and facts (N, A); scaled by the training stays."""
    skewed = np.nanmean(grid.mean[train], (0, 1)) > 2 * np.nanmedian(grid.mean[train], (0, 1))
    level = np.where(skewed, np.log1p(np.maximum(grid.mean, 0)), grid.mean)
    centre, spread = np.nanmean(level[train], (0, 1)), np.nanstd(level[train], (0, 1)) + 1e-3
    scaled = np.clip((level - centre) / spread, -5, 5)
    known, hour = ~np.isnan(scaled), np.arange(level.shape[1])[None, :, None]
    last = np.maximum.accumulate(np.where(known, hour, -1), 1)
    held = np.where(last >= 0, np.take_along_axis(np.nan_to_num(scaled), np.clip(last, 0, None), 1), 0)
    gap = np.where(last >= 0, np.log1p(hour - last) / 4, NEVER)
    hourly = np.concatenate([held, known, gap, np.log1p(grid.count) / 2], -1).astype(np.float32)
    mean, wide = np.nanmean(grid.facts[train], 0), np.nanstd(grid.facts[train], 0) + 1e-3
    facts = np.nan_to_num((grid.facts - mean) / wide).astype(np.float32)
    return torch.from_numpy(hourly), torch.from_numpy(facts)


def fit_recurrent(
    inputs: tuple[torch.Tensor, torch.Tensor],
    died: np.ndarray,
    train: np.ndarray,
    settings: RecurrentSettings,
    seed: int,
    progress: Progress,
) -> np.ndarray:
    """(N, T) log-odds of every stay by the mean of several networks trained on the stays at `train`."""
    made = [_fit_one(inputs, died, train, settings, seed + i, progress) for i in range(settings.seeds)]
    mean: np.ndarray = np.mean(made, 0)
    return mean


def _fit_one(
    inputs: tuple[torch.Tensor, torch.Tensor],
    died: np.ndarray,
    train: np.ndarray,
    settings: RecurrentSettings,
    seed: int,
    progress: Progress,
) -> np.ndarray:
    hourly, facts = inputs
    torch.manual_seed(seed)
    model = HourlyGRU(hourly.shape[2], facts.shape[1])
    optimiser = torch.optim.AdamW(model.parameters(), settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * -(-len(train) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2 * settings.rate, total_steps=steps)
    outcome = torch.from_numpy(died.astype(np.float32))
    weight = torch.linspace(settings.first_weight, 1, hourly.shape[1])
    order = np.random.default_rng(seed)
    for epoch in range(settings.epochs):
        model.train()
        for rows in np.array_split(order.permutation(train), steps // settings.epochs):
            at = torch.from_numpy(rows)
            wanted = outcome[at][:, None].expand(-1, hourly.shape[1])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                model(hourly[at], facts[at]), wanted, reduction="none"
            )
            optimiser.zero_grad()
            (loss * weight).mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        progress("recurrent model", epoch + 1, settings.epochs)
    model.eval()
    with torch.no_grad():
        parts = [model(hourly[i : i + 256], facts[i : i + 256]) for i in range(0, len(hourly), 256)]
    return torch.cat(parts).double().numpy()
