"""The series that features are taken from: one quantity over time, each value knowing which measurements it was made of."""

from dataclasses import dataclass, replace

import numpy as np

from mmcore.domain.stream import Joined, Stay
from mmcore.domain.task import StreamTask


@dataclass(frozen=True)
class Series:
    """minutes, values (n,) in order of time; sources (n, 2): rows of the stay each value was made of, -1 for none.

    parameter: the field that is named when there is no value.
    """

    minutes: np.ndarray
    values: np.ndarray
    sources: np.ndarray
    parameter: str


def series_of(stay: Stay, task: StreamTask) -> dict[str, Series]:
    """Every measured, merged and joined series of a stay."""
    rules = task.stream
    made = {f.name: _measured(stay, i, f.name) for i, f in enumerate(task.fields)}
    made |= {name: _merged(made[a], made[b]) for name, (a, b) in rules.merged.items()}
    made |= {name: _joined(made, rule) for name, rule in rules.joined.items()}
    capped = {
        name: replace(made[name], values=np.minimum(made[name].values, most))
        for name, most in rules.largest.items()
    }
    return made | capped


def _measured(stay: Stay, place: int, name: str) -> Series:
    rows = np.flatnonzero(stay.parameters == place)
    sources = np.column_stack([rows, np.full(len(rows), -1)])
    return Series(stay.minutes[rows].astype(float), stay.values[rows].astype(float), sources, name)


def _merged(a: Series, b: Series) -> Series:
    minutes = np.r_[a.minutes, b.minutes]
    order = np.argsort(minutes, kind="stable")
    values, sources = np.r_[a.values, b.values], np.concatenate([a.sources, b.sources])
    return Series(minutes[order], values[order], sources[order], a.parameter)


def _joined(made: dict[str, Series], rule: Joined) -> Series:
    a, b = made[rule.first], made[rule.second]
    at = np.searchsorted(b.minutes, a.minutes, side="right") - 1
    fresh = at >= 0
    if len(b.minutes):
        fresh &= a.minutes - b.minutes[at] <= rule.within
    a_values, b_values = a.values[fresh], b.values[at[fresh]]
    sources = np.column_stack([a.sources[fresh, 0], b.sources[at[fresh], 0]]).astype(int)
    return Series(a.minutes[fresh], rule.of(a_values, b_values), sources, a.parameter)
