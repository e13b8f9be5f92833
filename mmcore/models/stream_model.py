"""The risk model of a stream: a table of leaves, a calibration that depends on the hour, and what it was made with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmcore.domain.model_facts import StreamFacts
from mmcore.models.stream_trees import LeafTable


@dataclass(frozen=True)
class HourlyScale:
    """Calibration in log-odds: scale(t) * score + offset(t), straight lines between the knots and level beyond them.

    hours, scales, offsets (K,). It only stretches and shifts, so what adds up before it adds up after it.
    """

    hours: tuple[float, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]

    def at(self, hours: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(scale, offset) at hours since admission. hours: one or (N,); both as many."""
        scale, offset = (np.interp(hours, self.hours, ends) for ends in (self.scales, self.offsets))
        return np.asarray(scale), np.asarray(offset)


@dataclass(frozen=True)
class Expert:
    """Boosted trees and how much they count at an hour: a straight line between the knots, level beyond them."""

    name: str
    trees: LeafTable
    hours: tuple[float, ...]
    weights: tuple[float, ...]

    def weight(self, hours: float | np.ndarray) -> np.ndarray:
        """Share of the score at hours since admission, 0 to 1. hours: one or (N,); as many."""
        return np.asarray(np.interp(hours, self.hours, self.weights))


@dataclass(frozen=True)
class StreamModel:
    """Everything that turns features into a calibrated risk: logit(x, t) = scale(t) * sum of weight(t) * trees(x) + offset(t).

    prior: log-odds of the label among the training stays. fields: the task's field names as they were at training, in the
    order that features were made with. features: (series, statistic) of each column. facts: operating point, alerts by
    threshold, conformal scores, patients, figures of the training, all JSON values.
    """

    task: str
    label: str
    experts: tuple[Expert, ...]
    calibration: HourlyScale
    prior: float
    fields: tuple[str, ...]
    features: tuple[tuple[str, str], ...]
    facts: StreamFacts = StreamFacts()

    def logits(self, x: np.ndarray, minutes: Sequence[float] | np.ndarray) -> np.ndarray:
        """(N,) calibrated log-odds of features x (N, F) at so many minutes after admission (N,)."""
        hours = np.asarray(minutes, dtype=float) / 60
        scale, offset = self.calibration.at(hours)
        found: np.ndarray = scale * mixed(self.experts, x, hours) + offset
        return found

    def account(self, row: np.ndarray, minute: float) -> tuple[np.ndarray, float]:
        """(values (F,), constant) of one row: logit = prior + constant + sum of the values.

        The constant is what the trees expect before any feature is known, after calibration, less the prior.
        """
        hour = minute / 60
        scale, offset = self.calibration.at(hour)
        values, base = np.zeros(len(row)), 0.0
        for expert in self.experts:
            weight = float(expert.weight(hour))
            if weight:
                values += weight * expert.trees.shapley(row)
                base += weight * expert.trees.base
        return scale * values, float(scale * base + offset - self.prior)


def mixed(experts: Sequence[Expert], x: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """(N,) uncalibrated scores of features x (N, F) at hours (N,); experts that do not count are not asked."""
    total = np.zeros(len(x))
    for expert in experts:
        weight = expert.weight(hours)
        asked = weight > 0
        total[asked] += weight[asked] * expert.trees.score(x[asked])
    return total


def probability(logit: float | Sequence[float] | np.ndarray) -> np.ndarray:
    """The probabilities (N,) of log-odds (N,), or the one of a single number."""
    chance: np.ndarray = 1 / (1 + np.exp(-np.asarray(logit, dtype=float)))
    return chance
