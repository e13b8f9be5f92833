"""Teaches the ECG encoder to measure: made-up and edited strips whose measures are known, no patient's diagnosis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F

from mmcore.domain.progress import Progress
from mmcore.models.ecg_encoder import EcgEncoder
from mmcore.preprocess.ecg_delineation import PRE, Beats, Waves
from mmcore.preprocess.ecg_measures import MEASURES, WAVES, measure
from mmcore.preprocess.waveform import take_wander_out
from mmcore.synthetic.ecg.beats import Beat, of_recording
from mmcore.synthetic.ecg.generator import any_beat, any_rhythm, noise, strip

CELL = 8  # samples of a cell of the encoder's map
MOST = 4.0  # standard deviations; measures beyond are not chased
BATCH, RATE = 32, 5e-3
WHOLE = 4.0
KEPT_EVERY = 25  # steps between checkpoints
WAVE_WEIGHT = 0.3  # of finding the waves, beside measuring them


class Stateful(Protocol):
    """What a checkpoint keeps the state of."""

    def state_dict(self) -> dict[str, object]: ...

    def load_state_dict(self, state_dict: dict[str, object], /) -> object: ...


@dataclass(frozen=True)
class Checkpoint:
    """How far a training is, and the states of its parts by name."""

    cycle: int
    step: int
    states: Mapping[str, dict[str, object]]


@dataclass(frozen=True)
class Draws:
    """Strips (N, 12, 1000) float16 mV, their measures (N, D) as read before noise was added, the wave of each cell (N, 125)."""

    strips: np.ndarray
    measures: np.ndarray
    waves: np.ndarray


def typical_beats(recordings: Sequence[np.ndarray]) -> list[Beat]:
    """The typical beat of each recording (12, 1000) that can be measured and has no flat lead."""
    found = []
    for samples in recordings:
        if np.abs(samples).max(1).min() > 0:
            measured = measure(samples)
            if measured is not None:
                found.append(of_recording(measured[1], measured[2]))
    return found


def make_draws(recorded: Sequence[Beat], count: int, seed: int, progress: Progress) -> Draws:
    """`count` strips in any rhythm, of recorded beats edited and of made-up ones; those that cannot be measured are redrawn."""
    rng = np.random.default_rng(seed)
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(kept) < count:
        clean = strip(any_beat(recorded, rng), any_rhythm(rng), rng)
        measured = measure(take_wander_out(clean))
        if measured is None:
            continue
        values, beats, waves = measured
        noisy = take_wander_out(clean + noise(rng)).astype(np.float16)
        kept.append((noisy, values.astype(np.float32), wave_of_cells(beats, waves, clean.shape[1])))
        progress("draws", len(kept), count)
    return Draws(*(np.array(part) for part in zip(*kept, strict=True)))


def wave_of_cells(beats: Beats, waves: Waves, length: int) -> np.ndarray:
    """(length / 8,) int8: the wave, by its place in WAVES, in the middle of every cell."""
    found = np.full(length, WAVES.index("rest"), np.int8)
    bounds = (
        ("p", waves.p_start, waves.p_end),
        ("qrs", waves.onset, waves.offset + 1),
        ("st", waves.offset + 1, waves.t_start),
        ("t", waves.t_start, waves.t_end),
    )
    for place in beats.placed:
        for name, first, last in bounds:
            found[max(0, place - PRE + first) : max(0, place - PRE + last)] = WAVES.index(name)
    return found[CELL // 2 :: CELL]


def fit_waveform_encoder(
    draws: Draws, cycles: Sequence[int], seed: int, checkpoint: Path, progress: Progress
) -> EcgEncoder:
    """An encoder whose pooled features are the measures in standard deviations; their units travel in it.

    cycles: steps of each cycle of the learning rate; from the second on, measures of the whole ECG (rate, axis, PR) weigh
    WHOLE times as much as those of single leads, which are many. A run that was stopped goes on from `checkpoint`.
    """
    torch.manual_seed(seed)
    encoder = EcgEncoder().train()
    low, high = np.percentile(draws.measures, [0.5, 99.5], axis=0)
    clipped = np.clip(draws.measures, low, high)
    encoder.centre.copy_(torch.tensor(clipped.mean(0)))
    encoder.spread.copy_(torch.tensor(clipped.std(0).clip(1e-6)))
    kept = _kept(checkpoint)
    for cycle, steps in enumerate(cycles):
        if kept is not None and cycle < kept.cycle:
            continue
        _one_cycle(encoder, draws, cycle, steps, seed, checkpoint, kept, progress)
        kept = None
    if kept is not None:
        encoder.load_state_dict(kept.states["encoder"])
    return encoder.eval().requires_grad_(False)


def _one_cycle(
    encoder: EcgEncoder,
    draws: Draws,
    cycle: int,
    steps: int,
    seed: int,
    checkpoint: Path,
    kept: Checkpoint | None,
    progress: Progress,
) -> None:
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE, total_steps=steps, pct_start=0.2)
    parts: dict[str, Stateful] = {"encoder": encoder, "optimiser": optimiser, "schedule": schedule}
    begun = 0
    if kept is not None:
        begun = kept.step
        for name, part in parts.items():
            if name in kept.states:
                part.load_state_dict(kept.states[name])
    order = _batches(len(draws.strips), BATCH, np.random.default_rng([seed, cycle, begun]))
    weights = torch.tensor([WHOLE if m.lead is None and cycle else 1.0 for m in MEASURES])
    for step in range(begun, steps):
        loss = _loss(encoder, draws, next(order), weights / weights.mean())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        progress(f"waveform encoder, cycle {cycle + 1}", step + 1, steps)
        if (step + 1) % KEPT_EVERY == 0:
            _keep(checkpoint, {"cycle": cycle, "step": step + 1}, parts)
    _keep(checkpoint, {"cycle": cycle + 1, "step": 0}, {"encoder": encoder})


def _loss(encoder: EcgEncoder, draws: Draws, rows: np.ndarray, weights: torch.Tensor) -> torch.Tensor:
    strips = torch.from_numpy(draws.strips[rows].astype(np.float32))
    goal = (torch.from_numpy(draws.measures[rows]) - encoder.centre) / encoder.spread
    pooled, waves = encoder.pooled(strips)
    found = F.cross_entropy(waves, torch.from_numpy(draws.waves[rows]).long())
    off = F.smooth_l1_loss(pooled, goal.clamp(-MOST, MOST), reduction="none")
    return (off * weights).mean() + WAVE_WEIGHT * found


def _kept(path: Path) -> Checkpoint | None:
    if not path.is_file():
        return None
    found = torch.load(path, weights_only=True)
    return Checkpoint(found.pop("cycle"), found.pop("step"), found)


def _keep(path: Path, place: dict[str, int], parts: Mapping[str, Stateful]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    states = {name: part.state_dict() for name, part in parts.items()}
    torch.save({**place, **states}, path)


def _batches(count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    while True:
        order = rng.permutation(count)
        for first in range(0, count - size + 1, size):
            yield order[first : first + size]
